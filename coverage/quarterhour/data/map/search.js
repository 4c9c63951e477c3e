// Search by name, code, pinyin and initials: communities, towns, counties, facilities, proposed sites.
"use strict";

// How a name is found. `often`, `seldom`: by character its readings. Each character takes any beginning of a reading,
// so syllables, initials and mixtures of them are found.
const quarterhourMatch = (() => {
  const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  // From character `at` on: how well the rest of the letters is used up. 0 whole syllables of the usual reading, but for
  // the last that may be unfinished; 1 initials and mixtures; one half more for a rare reading; null: not.
  function spelled(readings, chars, at, letters, whole) {
    if (!letters) return { cost: 0, end: at };
    if (at === chars.length) return null;
    const own = /[a-z0-9]/.test(chars[at]) ? [[chars[at], 0]] : readings.get(chars[at]) || [];
    let best = null;
    for (const [reading, rare] of own) {
      for (let taken = Math.min(reading.length, letters.length); taken > 0; taken--) {
        if (!reading.startsWith(letters.slice(0, taken))) continue;
        const rest = spelled(readings, chars, at + 1, letters.slice(taken), whole);
        if (!rest) continue;
        const short = taken < reading.length && (letters.length > taken || (taken === 1 && at > whole)) ? 1 : 0;
        const cost = Math.max(rest.cost, short) + (rest.cost % 1 ? 0 : rare / 2);
        if (!best || cost < best.cost) best = { cost, end: rest.end };
        if (!cost) return best;
      }
    }
    return best;
  }

  // Rank of an entry for what was typed, the less the better: [0 whole, 1 begins, 2 inside; how it is spelled]; null: not.
  function rank(entry, asked, readings) {
    if (entry.name === asked || entry.key === asked) return [0, 0];
    if (entry.name.startsWith(asked) || entry.key.startsWith(asked)) return [1, 0];
    let best = entry.name.includes(asked) ? [2, 0] : null;
    if (!/^[a-z0-9' ]+$/.test(asked) || !/[a-z]/.test(asked)) return best;
    const letters = asked.replace(/[' ]/g, "");
    for (let at = 0; at < entry.chars.length; at++) {
      const found = entry.han && spelled(readings, entry.chars, at, letters, at);
      if (!found) continue;
      const made = [at ? 2 : found.end === entry.chars.length ? 0 : 1, found.cost + 1];
      if (!best || made[0] < best[0] || (made[0] === best[0] && made[1] < best[1])) best = made;
    }
    return best;
  }
  return { folded, rank };
})();

async function quarterhourReadings(search) {
  const readings = new Map();
  for (const [packed, rare] of [[search.often, 0], [search.seldom, 1]]) {
    for (const line of (await quarterhourText(packed)).split("\n")) {
      const [, reading, chars] = /^([a-z]*)(.*)$/u.exec(line);
      for (const char of chars) readings.set(char, [...(readings.get(char) || []), [reading, rare]]);
    }
  }
  return readings;
}

quarterhourParts.push((quarterhour) => {
  const { map, picture, people, words: w, row, of, popup } = quarterhour, said = picture.search.words;
  const shown = 10, plain = quarterhourPlain;
  document.getElementById("qh-search-area").innerHTML =
    `<input type="search" id="qh-search" autocomplete="off" spellcheck="false" placeholder="${said.find}" aria-label="${said.find}" role="combobox" aria-autocomplete="list" aria-expanded="false" aria-controls="qh-found">` +
    `<ol id="qh-found" role="listbox" aria-label="${said.found}"></ol>`;
  const input = document.getElementById("qh-search"), list = document.getElementById("qh-found");
  const marked = L.featureGroup().addTo(map);

  // --- what can be found -----------------------------------------------------------------------------
  function entry(kind, name, beside, code, go) {
    const text = plain(name), folded = quarterhourMatch.folded(text), chars = Array.from(folded);
    const key = quarterhourMatch.folded(code);
    return { kind, text, beside: plain(beside || ""), code, key, name: folded, chars, han: /\p{Script=Han}/u.test(folded), go };
  }
  function outlined(area) {
    return () => {
      if (!area.shape) return;
      const outline = L.geoJSON(area.shape, { interactive: false, style: { color: "#16213e", weight: 2.5, dashArray: "6 4", fill: false } });
      marked.addLayer(outline);
      map.fitBounds(outline.getBounds(), { ...quarterhour.free(), maxZoom: 14, animate: false });
    };
  }
  const pointed = (x, y, html) => () => {
    if (x === null || y === null) return;
    map.setView([y, x], Math.max(map.getZoom(), 14), { animate: false });
    L.popup({ ...popup, autoPan: true }).setLatLng([y, x]).setContent(html).openOn(map);
  };
  async function everything() {
    const codes = JSON.parse(await quarterhourText(picture.search.codes));
    return [
      ...(picture.counties || []).map((county) => entry(0, county.name, said.county, "", outlined(county))),
      ...picture.towns.map((town, t) => entry(1, town.name, said.town, codes.towns[t], outlined(town))),
      ...people.name.map((name, i) => entry(2, name, of(people.town, i), codes.communities[i], () => quarterhour.select(i))),
      ...picture.plans.flatMap((plan, p) => plan.site.map((name, s) =>
        entry(3, name, plan.name, "", pointed(plan.x[s], plan.y[s], `<h3>${name}</h3><table>${row(w.plan, plan.name)}${row(w.plan_order, String(s + 1))}</table>`)))),
      ...picture.kinds.flatMap((kind) => kind.name.map((name, i) =>
        entry(4, name, kind.label, "", pointed(kind.x[i], kind.y[i], `<h3>${name}</h3><table>${row(w.kind, kind.label)}${row(w.town, of(kind.town, i))}</table>`)))),
    ];
  }
  const known = Promise.all([everything(), quarterhourReadings(picture.search)]);

  // --- finding ---------------------------------------------------------------------------------------
  let found = [], active = -1, turn = 0;
  function ranked(entries, readings, asked) {
    const hits = [];
    entries.forEach((one, place) => {
      const rank = quarterhourMatch.rank(one, asked, readings);
      if (rank) hits.push({ one, key: [...rank, one.kind, one.chars.length, place] });
    });
    hits.sort((a, b) => { for (let k = 0; k < a.key.length; k++) if (a.key[k] !== b.key[k]) return a.key[k] - b.key[k]; return 0; });
    return hits.slice(0, shown).map((hit) => hit.one);
  }
  function say(items) {
    list.replaceChildren(...items);
    input.setAttribute("aria-expanded", String(items.length > 0));
    activate(-1);
  }
  function activate(k) {
    active = k;
    [...list.querySelectorAll("[role=option]")].forEach((item, i) => item.setAttribute("aria-selected", String(i === k)));
    if (k < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", `qh-found-${k}`);
    list.children[k].scrollIntoView({ block: "nearest" });
  }
  function item(one, k, asked) {
    const line = document.createElement("li"), beside = document.createElement("small");
    line.id = `qh-found-${k}`;
    line.setAttribute("role", "option");
    beside.textContent = one.key.startsWith(asked) ? `${one.beside} ${one.code}` : one.beside;
    line.append(one.text, " ", beside);
    line.onclick = () => choose(one);
    return line;
  }
  async function find() {
    const asked = quarterhourMatch.folded(input.value.trim()), mine = ++turn;
    const [entries, readings] = await known;
    if (mine !== turn) return;
    found = asked ? ranked(entries, readings, asked) : [];
    say(found.map((one, k) => item(one, k, asked)));
    if (asked && !found.length) {
      const none = document.createElement("li");
      none.className = "qh-none";
      none.textContent = plain(said.nothing);
      list.replaceChildren(none);
    }
  }
  function choose(one) {
    turn++;
    found = [];
    say([]);
    marked.clearLayers();
    input.value = one.text;
    one.go();
  }
  const keys = {
    ArrowDown: () => activate(found.length ? (active + 1) % found.length : -1),
    ArrowUp: () => activate(found.length ? (active <= 0 ? found.length : active) - 1 : -1),
    Escape: () => { turn++; found = []; say([]); input.value = ""; marked.clearLayers(); },
  };
  input.addEventListener("input", find);
  input.addEventListener("keydown", async (key) => {
    if (keys[key.key]) { key.preventDefault(); return keys[key.key](); }
    if (key.key !== "Enter" || key.isComposing) return;
    const at = active;
    if (!found.length) await find();
    if (found.length) choose(found[Math.max(at, 0)]);
  });
});
