// Asks Valhalla what standard input says, a line of JSON at a time, and answers each with a line.
//   {"do": "matrix", "with": [requests], "save": "file"}   the answers, a list in a file; null for one that failed
//   {}                                                     nothing
// Every answer tells the processor seconds of this process so far, all threads. It ends with its input.
import fs from 'fs';
import readline from 'readline';
import { createRequire } from 'module';

const [, , folder, config] = process.argv;
const { Actor } = createRequire(`${folder}/`)('@valhallajs/valhallajs');
const actor = new Actor(fs.readFileSync(config, 'utf8'));

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { do: what, with: requests = [], save } = JSON.parse(line);
  const answers = [];
  let failed = null;
  for (const request of requests) {
    try {
      answers.push(await actor[what](JSON.stringify(request)));
    } catch (why) {
      answers.push('null');
      failed = `${why.message ?? why}`;
    }
  }
  const { user, system } = process.cpuUsage();
  if (save) fs.writeFileSync(save, `[${answers.join(',')}]`);
  console.log(JSON.stringify({ cpu_s: (user + system) / 1e6, failed }));
}
