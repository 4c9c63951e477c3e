// Counts other choices of sites in the browser, by the engine's own rule. Nothing here touches the page: a question
// comes as maps/what_if.py packs it, a choice is {traveller, standard, turnout, pace, open, closed}, all else follows.
// A community is covered when the shortest trip to an open site takes at most floor(pace x (standard - turnout)).
"use strict";

const quarterhourWhatIf = (() => {
  const CS = 6000; // centiseconds a minute

  const unpackedJson = async (text) => JSON.parse(await quarterhourText(text));

  // --- times: sites one after another, each with the communities that reach it, rising ----------------
  async function unpackedTimes(packed, sites, community, communities) {
    const bytes = await quarterhourInflated(packed.data), pairs = packed.pairs;
    let at = 0;
    const column = (planes, count) => {
      const out = new Uint32Array(count);
      for (let plane = 0; plane < planes; plane++) for (let i = 0; i < count; i++) out[i] |= bytes[at++] << (8 * plane);
      return out;
    };
    const lengths = [sites, pairs, packed.mirrored, pairs - packed.mirrored];
    const [counts, moves, apart, plain] = packed.planes.map((planes, i) => column(planes, lengths[i]));
    const start = new Uint32Array(sites + 1), who = new Uint32Array(pairs), steps = new Uint32Array(pairs);
    const own = new Int32Array(communities).fill(-1);
    for (let s = sites - 1; s >= 0; s--) if (community[s] >= 0) own[community[s]] = s;
    const pairOf = (site, wanted) => {
      let low = start[site], high = start[site + 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (who[middle] < wanted) low = middle + 1; else high = middle;
      }
      return low < start[site + 1] && who[low] === wanted ? low : -1;
    };
    let pair = 0, mirror = 0, alone = 0;
    for (let s = 0; s < sites; s++) {
      for (let k = 0, c = 0; k < counts[s]; k++, pair++) {
        who[pair] = c += moves[pair];
        const back = community[s] >= 0 && own[c] >= 0 && own[c] < s ? pairOf(own[c], community[s]) : -1;
        if (back < 0) steps[pair] = plain[alone++];
        else {
          const coded = apart[mirror++];
          steps[pair] = steps[back] + (coded & 1 ? -(coded + 1) / 2 : coded / 2);
        }
      }
      start[s + 1] = pair;
    }
    return { start, who, steps };
  }

  // A question ready to be counted; the travellers' times are unpacked when they are first asked for.
  async function opened(packed) {
    const columns = await unpackedJson(packed.columns);
    let away = 0;  // sites that are no community have places and names of their own, one after another
    columns.awayAt = columns.community.map((c) => (c < 0 ? away++ : -1));
    const people = Float64Array.from(columns.people);
    const total = people.reduce((sum, n) => sum + n, 0);
    const travellers = packed.travellers.map((who) => ({ ...who, ready: null }));
    return { ...packed, columnsText: packed.columns, columns, people, total, travellers };
  }
  async function travel(question, t) {
    const who = question.travellers[t], sites = question.columns.community;
    if (!who.ready) who.ready = await unpackedTimes(who.times, sites.length, sites, question.people.length);
    return who.ready;
  }

  // --- the rule -----------------------------------------------------------------------------------------
  const centiseconds = (minutes) => Math.round(minutes * CS);
  const limit = (choice) => Math.floor(((centiseconds(choice.standard) - centiseconds(choice.turnout)) * choice.pace) / 100);
  const searched = (question, choice) => limit(choice) <= question.travellers[choice.traveller].far_cs;
  // As whole steps of the packed times; -1: not even the shortest trip.
  function limitSteps(question, choice) {
    const cs = limit(choice), who = question.travellers[choice.traveller];
    if (cs > who.far_cs) throw new RangeError("beyond what was searched");
    return cs < 0 ? -1 : Math.floor(cs / who.step_cs);
  }

  function openSites(question, choice) {
    const open = new Uint8Array(question.columns.community.length).fill(1, 0, question.existing);
    for (const s of choice.closed) open[s] = 0;
    for (const s of choice.open) open[s] = 1;
    return open;
  }

  // How many open sites each community has within the standard.
  function near(question, choice, open) {
    const { start, who, steps } = question.travellers[choice.traveller].ready;
    const most = limitSteps(question, choice), count = new Uint16Array(question.people.length);
    for (let s = 0; s < open.length; s++) {
      if (!open[s]) continue;
      for (let p = start[s]; p < start[s + 1]; p++) if (steps[p] <= most) count[who[p]]++;
    }
    return count;
  }

  function peopleOf(question, has) {
    let sum = 0;
    for (let c = 0; c < has.length; c++) if (has[c]) sum += question.people[c];
    return sum;
  }

  // People covered as it is (what stands today, at the same standard and pace) and with the choice.
  function count(question, choice) {
    const today = openSites(question, { open: [], closed: [] });
    const before = near(question, choice, today), after = near(question, choice, openSites(question, choice));
    const met = { before: peopleOf(question, before), after: peopleOf(question, after) };
    return { ...met, total: question.total, missed: question.total - met.after, near: { before, after } };
  }

  // The same by area; area: a place in the list of areas for each community, -1 for none.
  function byArea(question, counted, area, areas) {
    const rows = Array.from({ length: areas }, () => ({ total: 0, before: 0, after: 0 }));
    for (let c = 0; c < area.length; c++) {
      const row = rows[area[c]], n = question.people[c];
      if (!row) continue;
      row.total += n;
      if (counted.near.before[c]) row.before += n;
      if (counted.near.after[c]) row.after += n;
    }
    return rows;
  }

  // What each site adds, or, where it is open, what would be lost without it, given all else that is open.
  function gains(question, choice, counted) {
    const { start, who, steps } = question.travellers[choice.traveller].ready;
    const open = openSites(question, choice), has = counted.near.after, most = limitSteps(question, choice);
    const gain = new Float64Array(open.length);
    for (let s = 0; s < open.length; s++) {
      const alone = open[s];
      let sum = 0;
      for (let p = start[s]; p < start[s + 1]; p++) if (has[who[p]] === alone && steps[p] <= most) sum += question.people[who[p]];
      gain[s] = sum;
    }
    return gain;
  }

  // The candidate that adds most, of several the first; -1 where none adds anybody.
  function nextBest(question, choice, gain) {
    const open = openSites(question, choice);
    let best = -1;
    for (let s = question.existing; s < open.length; s++) if (!open[s] && gain[s] > 0 && (best < 0 || gain[s] > gain[best])) best = s;
    return best;
  }

  // The nearest open site of each community (-1: none within the search) and its minutes, turnout included.
  function nearest(question, choice) {
    const { start, who, steps } = question.travellers[choice.traveller].ready;
    const open = openSites(question, choice), n = question.people.length;
    const site = new Int32Array(n).fill(-1), least = new Uint32Array(n).fill(0xffffffff);
    for (let s = 0; s < open.length; s++) {
      if (!open[s]) continue;
      for (let p = start[s]; p < start[s + 1]; p++) if (steps[p] < least[who[p]]) { least[who[p]] = steps[p]; site[who[p]] = s; }
    }
    const step = question.travellers[choice.traveller].step_cs;
    const minutes = Float64Array.from(least, (k, c) => (site[c] < 0 ? NaN : (k * step * 100) / choice.pace / CS + choice.turnout));
    return { site, minutes };
  }

  return { unpackedJson, opened, travel, limit, searched, openSites, count, byArea, gains, nextBest, nearest };
})();
