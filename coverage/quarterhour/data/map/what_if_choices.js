// Choices of sites as values: the first one, what each button makes of it, undo, the link, the file. No page here.
"use strict";

const quarterhourChoices = (() => {
  const LINK = /^1~([0-9a-z]{1,7})~([A-Za-z0-9_-]{1,100})~([ab])~([^~]{0,40000})~([^~]{0,40000})$/;
  const WHOLE = /^(0|[1-9a-z][0-9a-z]{0,5})$/;

  // The plan as proposed, at the question's own standard.
  const first = (question) => ({
    traveller: 0, standard: question.standard, turnout: question.travellers[0].turnout, pace: 100,
    open: [...question.columns.plan], closed: [],
  });
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  // The choice with what its traveller offers, and the longest standard up to the one asked for that was searched.
  function settled(question, choice) {
    const who = question.travellers[choice.traveller];
    const turnout = who.turnouts.includes(choice.turnout) ? choice.turnout : who.turnout;
    const pace = who.paces.includes(choice.pace) ? choice.pace : 100;
    const fits = who.standards.filter((standard) => quarterhourWhatIf.searched(question, { ...choice, turnout, pace, standard }));
    if (!fits.length) return { ...choice, turnout: who.turnout, pace: 100, standard: question.standard };
    const below = fits.filter((standard) => standard <= choice.standard);
    return { ...choice, turnout, pace, standard: below.length ? below[below.length - 1] : fits[0] };
  }

  // One site more or less: a candidate is opened or left, an existing one closed or kept.
  function toggled(question, choice, site) {
    const key = site < question.existing ? "closed" : "open";
    const has = choice[key].includes(site);
    return { ...choice, [key]: has ? choice[key].filter((s) => s !== site) : [...choice[key], site] };
  }

  function history(start) {
    const states = [start];
    let at = 0;
    return {
      now: () => states[at],
      put(state) { if (!same(state, states[at])) { states.length = at + 1; states.push(state); at += 1; } },
      undo() { at = Math.max(0, at - 1); },
      redo() { at = Math.min(states.length - 1, at + 1); },
      canUndo: () => at > 0,
      canRedo: () => at < states.length - 1,
    };
  }

  // --- the link: positions of sites, and a check that they are meant of this very page -------------------
  function check(question) {
    if (question.checked) return question.checked;
    let hash = 0x811c9dc5;
    for (const text of [question.id, question.columnsText, ...question.travellers.map((who) => who.times.data)])
      for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    return (question.checked = (hash >>> 0).toString(36));
  }
  const listed = (sites) => sites.map((s) => s.toString(36)).join(".");
  const written = (choice) => [choice.traveller, choice.standard, choice.turnout, choice.pace, listed(choice.open), listed(choice.closed)].join(",");
  const asLink = (question, state) => `1~${check(question)}~${question.id}~${state.active}~${written(state.a)}~${written(state.b)}`;

  // Sites of a list, each at most once and within from..to; null for anything else.
  function sitesIn(text, from, to) {
    if (text === "") return [];
    const sites = [];
    for (const part of text.split(".")) {
      const site = WHOLE.test(part) ? parseInt(part, 36) : -1;
      if (site < from || site >= to) return null;
      sites.push(site);
    }
    return new Set(sites).size === sites.length ? sites : null;
  }
  function read(question, text) {
    const parts = text.split(",");
    if (parts.length !== 6) return null;
    const [traveller, standard, turnout, pace] = parts.slice(0, 4).map(Number), who = question.travellers[traveller];
    const open = sitesIn(parts[4], question.existing, question.columns.community.length);
    const closed = sitesIn(parts[5], 0, question.existing);
    if (!who || !open || !closed || !who.standards.includes(standard) || !who.turnouts.includes(turnout) || !who.paces.includes(pace)) return null;
    const choice = { traveller, standard, turnout, pace, open, closed };
    return quarterhourWhatIf.searched(question, choice) ? choice : null;
  }
  // Which question a link is about, null where it is no link of ours.
  const questionOf = (link) => (LINK.exec(link) || [])[2] || null;
  // The state that a link says; null where it is about another page, or about nothing that this one could come to.
  function fromLink(question, link) {
    const found = LINK.exec(link);
    if (!found || found[2] !== question.id || found[1] !== check(question)) return null;
    const a = read(question, found[4]), b = read(question, found[5]);
    return a && b ? { active: found[3], a, b } : null;
  }

  // --- the file that `quarterhour site --plan` takes -----------------------------------------------------
  function asFile(question, choice, counted, { study, ids }) {
    const { community, id } = question.columns, who = question.travellers[choice.traveller];
    const name = (s) => (id[s] === null ? ids[community[s]] : id[s]);
    return {
      format: "quarterhour-what-if", version: 1, study, circle: question.circle_id, question: question.question_id,
      mode: who.mode, heading: question.heading, people: question.column,
      minutes: choice.standard, turnout_minutes: choice.turnout, pace_percent: choice.pace,
      open: choice.open.map(name), closed: choice.closed.map(name),
      counted: { by: "browser", before: counted.before, after: counted.after, total: counted.total },
    };
  }

  return { first, same, settled, toggled, history, check, asLink, questionOf, fromLink, asFile };
})();
