// The panel in which other choices of sites are tried. Every figure here is counted in the browser, and says so.
"use strict";

quarterhourParts.push((quarterhour) => {
  const { map, picture } = quarterhour, tried = picture.what_if, mount = document.getElementById("qh-whatif");
  if (!tried || !tried.questions.length || !mount) return;
  const words = tried.words, engine = quarterhourWhatIf, choices = quarterhourChoices, onMap = quarterhourTriedOnMap(quarterhour);
  const ready = new Map();  // by place in tried.questions: {question, history, gain, counted}
  // The fragment as parts; ours is w=..., what others put there stays.
  const parts = () => location.hash.slice(1).split("&").filter(Boolean);
  const link = (parts().find((part) => part.startsWith("w=")) || "").slice(2);
  let shared = null, at = -1, shown = null, picking = "", asked = 0, linked = -1, notice = "", tryOut = null;

  // --- words and figures ------------------------------------------------------------------------------
  const number = (n) => n.toLocaleString("en-US");
  const signed = (n) => (n > 0 ? `+${number(n)}` : n < 0 ? `−${number(-n)}` : "0");
  // As base/labels.percent has it: what is short of everything never reads 100.0%, what is more than nothing never 0.0%.
  function percent(part, whole) {
    if (!whole) return "—";
    const share = (100 * part) / whole, tie = Number.isInteger(share * 4) && !Number.isInteger(share * 2);
    const text = tie ? (2 * Math.round(Math.floor(share * 10) / 2) / 10).toFixed(1) : share.toFixed(1);
    return part < whole && text === "100.0" ? "&gt;99.9%" : part > 0 && text === "0.0" ? "&lt;0.1%" : `${text}%`;
  }
  const fill = (key, values) => words[key].replace(/&#123;(\w+)&#125;/g, (_, name) => values[name]);
  const button = (act, text, more = "") => `<button type="button" data-act="${act}" ${more}>${text}</button>`;
  const option = (value, text, own) => `<option value="${value}" ${value === own ? "selected" : ""}>${text}</option>`;
  const tell = (text) => { const line = mount.querySelector(".qh-told"); if (line) line.innerHTML = text; };

  // --- which question ---------------------------------------------------------------------------------
  function placeOf(tab) {
    const asks = (picture.questions || [])[tab];
    const found = asks ? tried.questions.findIndex((q) => (q.circle !== null && q.circle === asks.circle) || (q.plan !== null && q.plan === asks.plan)) : 0;
    return asks ? found : Math.max(0, tried.questions.findIndex((q) => q.travellers.length));
  }
  async function prepared(k) {
    if (!shared) shared = await engine.unpackedJson(tried.shared);
    if (!ready.has(k)) {
      const question = await engine.opened(tried.questions[k]);
      await engine.travel(question, 0);
      const start = choices.first(question), linked = link ? choices.fromLink(question, link) : null;
      ready.set(k, { question, history: choices.history(linked || { active: "a", a: start, b: start }), linked: !!linked });
    }
    return ready.get(k);
  }

  // --- counting ---------------------------------------------------------------------------------------
  const now = () => shown.history.now(), choice = () => now()[now().active];
  async function counted(k, what) {
    await engine.travel(k.question, what.traveller);
    return engine.count(k.question, what);
  }
  async function put(state) { shown.history.put(state); await refresh(); }
  const choose = (changed) => put({ ...now(), [now().active]: choices.settled(shown.question, changed) });
  const asProposed = (state) => { const start = choices.first(shown.question); return choices.same(state, { active: "a", a: start, b: start }); };

  async function refresh() {
    const mine = ++asked, k = shown, state = now(), what = state[state.active];
    const result = await counted(k, what), other = await counted(k, state[state.active === "a" ? "b" : "a"]);
    if (mine !== asked) return;  // another choice came while the times were unpacked
    k.counted = result;
    k.gain = engine.gains(k.question, what, result);
    draw(k, state, result, other);
    drawMap(k, what, result);
    keepLink(k, state);
  }
  function keepLink(k, state) {
    const others = parts().filter((part) => !part.startsWith("w="));
    const text = (asProposed(state) ? others : [...others, `w=${choices.asLink(k.question, state)}`]).join("&");
    try { history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search); } catch (why) { tell(words.no_link); }
  }
  function drawMap(k, what, result) {
    if (!box.open || asProposed(now())) { asFound(); return; }
    const { before, after } = result.near, community = (i) => (!after[i] ? "not_met" : before[i] ? "met" : "planned");
    tryOut = () => onMap.hide(["plan", "served"].map((name) => quarterhour.layers[`${name}_${k.question.plan}`]));
    quarterhour.tried = words.on_trial;
    quarterhour.shareTried = (county) => {
      const at = shared.county.name.indexOf(county), row = at < 0 ? null : engine.byArea(k.question, result, shared.county.code, shared.county.name.length)[at];
      return row && row.total ? `${percent(row.after, row.total)}<small> ${words.tried_share}</small>` : "";
    };
    onMap.draw(k.question, what, { open: words.tried_open, closed: words.tried_closed });
    if (quarterhour.recolour) quarterhour.recolour(community);
    tryOut();
  }
  // The map as the study found it.
  function asFound() {
    if (!tryOut) return;
    tryOut = quarterhour.shareTried = quarterhour.tried = null;
    onMap.clear();
    if (quarterhour.recolour) quarterhour.recolour(null);
  }

  // --- drawing ----------------------------------------------------------------------------------------
  function draw(k, state, result, other) {
    const what = state[state.active], { question } = k, part = (name, html) => { mount.querySelector(`[data-part=${name}]`).innerHTML = html; };
    part("slots", ["a", "b"].map((slot) => button(`slot-${slot}`, words[`slot_${slot}`], `aria-pressed="${slot === state.active}"`)).join("") +
      button("copy", words[state.active === "a" ? "copy_b" : "copy_a"]) +
      button("undo", words.undo, k.history.canUndo() ? "" : "disabled") + button("redo", words.redo, k.history.canRedo() ? "" : "disabled"));
    part("figures", figures(question, what, result));
    part("areas", areas(question, result));
    if (!mount.querySelector("[data-part=settings] :focus")) part("settings", settings(question, what));
    const list = mount.querySelector(".qh-sites"), scrolled = list ? list.scrollTop : 0, held = document.activeElement && document.activeElement.dataset.site;
    part("sites", sites(question, what, k.gain));
    const again = mount.querySelector(".qh-sites");
    if (again) again.scrollTop = scrolled;
    const same = held === undefined ? null : mount.querySelector(`input[data-site="${held}"]`);
    if (same) same.focus();
    part("shuts", shuts(question, what, k.gain));
    part("apart", choices.same(state.a, state.b) ? "" : apart(question, state, result, other));
  }
  function figures(question, what, { before, after, total, missed }) {
    return `<p class="qh-big">${percent(before, total)} → ${percent(after, total)}</p>` +
      `<p>${fill("met", { counted: question.counted, total: number(total), unit: question.unit, before: number(before), after: number(after), more: signed(after - before), minutes: what.standard })}</p>` +
      `<p><b>${fill("missed", { missed: number(missed), unit: question.unit })}</b></p>`;
  }
  function areas(question, result) {
    const { code, name } = shared.county, rows = engine.byArea(question, result, code, name.length);
    const bar = ({ before, after, total }) => {
      const least = (100 * Math.min(before, after)) / total, apart = (100 * Math.abs(after - before)) / total;
      return `<i><b style="width:${least}%"></b><b class="${after < before ? "qh-less" : ""}" style="left:${least}%;width:${apart}%"></b></i>`;
    };
    return `<table class="qh-areas">${rows.map((row, i) => (row.total ? `<tr><td>${name[i]}</td><td class="qh-track">${bar(row)}</td><td>${percent(row.before, row.total)} → ${percent(row.after, row.total)}</td></tr>` : "")).join("")}</table>`;
  }
  function settings(question, what) {
    const who = question.travellers[what.traveller], select = (name, values) => `<select data-set="${name}" aria-label="${words[name]}">${values}</select>`;
    const k = who.standards.indexOf(what.standard);
    const rows = [[words.standard, `<input type="range" data-set="standard" aria-label="${words.standard}" min="0" max="${who.standards.length - 1}" step="1" value="${k}">`, `<span data-part="standard">${fill("minutes", { minutes: what.standard })}</span>`]];
    if (question.travellers.length > 1) rows.push([words.traveller, select("traveller", question.travellers.map((t, i) => option(i, t.name, what.traveller)).join("")), ""]);
    if (who.turnouts.length > 1) rows.push([words.turnout, select("turnout", who.turnouts.map((t) => option(t, fill("minutes", { minutes: t }), what.turnout)).join("")), ""]);
    if (who.paces.length > 1) rows.push([words.pace, select("pace", who.paces.map((p) => option(p, `${p}%`, what.pace)).join("")), ""]);
    return rows.map(([name, field, said]) => `<span>${name}</span>${field}${said || "<span></span>"}`).join("");
  }
  function siteRow(question, site, gain, { checked, label }) {
    const { year, cost, sure, plan } = question.columns, place = onMap.placeOf(question, site), k = plan.indexOf(site);
    const told = [place.town, k >= 0 && year[k] ? fill("year", { year: year[k] }) : "",
      cost[site] === undefined ? "" : fill("cost", { yuan: number(Math.round(cost[site] / 1000) / 10) }),
      sure[site] === undefined ? "" : fill("sure", { share: percent(sure[site], 1) })].filter(Boolean).join(" · ");
    const shown = checked ? fill("alone", { people: number(gain), unit: question.unit }) : `+${number(gain)}`;
    return `<label><input type="checkbox" data-site="${site}" ${checked ? "checked" : ""}><b>${label}</b><span>${place.name}<br><small>${told}</small></span><span class="qh-gain" title="${checked ? words.alone_means : words.adds_means}">${shown}</span></label>`;
  }
  function sites(question, what, gain) {
    const open = new Set(what.open), { plan } = question.columns, planned = new Set(plan);
    const rows = [...plan.map((site, k) => siteRow(question, site, gain[site], { checked: open.has(site), label: k + 1 })),
      ...what.open.filter((site) => !planned.has(site)).map((site) => siteRow(question, site, gain[site], { checked: true, label: "+" }))];
    return `<p>${fill("opened", { open: number(what.open.length), closed: number(what.closed.length) })}</p>` +
      (rows.length ? `<div class="qh-sites">${rows.join("")}</div>` : `<p><small>${words.none_proposed}</small></p>`);
  }
  function shuts(question, what, gain) {
    const shut = new Set(what.closed), rest = Array.from({ length: question.existing }, (_, s) => s).filter((s) => !shut.has(s));
    const least = rest.sort((a, b) => gain[a] - gain[b] || a - b).slice(0, 30);
    const line = (site, act, text, figure) => { const place = onMap.placeOf(question, site); return `<div><span style="text-align:left">${place.name} <small>${place.town}</small></span><span>${figure}</span>${button(act, text, `data-at="${site}"`)}</div>`; };
    return what.closed.map((site) => line(site, "reopen", words.reopen, `+${number(gain[site])}`)).join("") +
      least.map((site) => line(site, "shut", words.shut, signed(-gain[site]))).join("");
  }
  function apart(question, state, result, other) {
    const { code, name } = shared.county, [a, b] = state.active === "a" ? [result, other] : [other, result];
    const byA = engine.byArea(question, a, code, name.length), byB = engine.byArea(question, b, code, name.length);
    const line = (label, one, two, total) => `<tr><th>${label}</th><td>${number(one)}</td><td>${number(two)}</td><td>${signed(two - one)}</td><td>${percent(one, total)}</td><td>${percent(two, total)}</td></tr>`;
    return `<h4>${words.apart}</h4><table class="qh-apart"><tr><th></th><th>${words.slot_a}</th><th>${words.slot_b}</th><th>${words.difference}</th><th>${words.slot_a}</th><th>${words.slot_b}</th></tr>` +
      name.map((area, i) => (byA[i].total ? line(area, byA[i].after, byB[i].after, byA[i].total) : "")).join("") + line(words.all, a.after, b.after, question.total) + `</table>`;
  }

  // --- the frame --------------------------------------------------------------------------------------
  function frame(k) {
    const asks = tried.questions[k], own = picture.questions ? "" : `<select data-set="question" aria-label="${words.question}">${tried.questions.map((q, i) => option(i, q.name, k)).join("")}</select>`;
    const notes = asks.notes.map((note) => `<p><small>${note}</small></p>`).join("");
    if (!asks.travellers.length) return own + notes;
    return `${own}<p><small>${asks.name}</small></p><div class="qh-slots" data-part="slots"></div><div data-part="figures"></div><div data-part="areas"></div>
      <fieldset data-part="settings"></fieldset><p class="qh-told" role="status"></p>
      <div class="qh-acts">${button("all", words.all_sites)}${button("none", words.none)}<span>${button("few", words.first_few)} <input class="qh-count" type="number" min="0" value="5" aria-label="${words.first_few}"> ${words.sites}</span>${button("next", words.next_best)}
      ${button("pick-open", words.pick_open, 'aria-pressed="false"')}${button("pick-shut", words.pick_shut, 'aria-pressed="false"')}</div>
      <div data-part="sites"></div><details><summary>${words.existing}</summary><div class="qh-shuts" data-part="shuts"></div></details>
      <div data-part="apart"></div><div class="qh-acts">${button("link", words.copy_link)}${button("file", words.save_file)}</div>${notes}<p><small>${words.counted_here}</small></p>`;
  }
  async function show(k) {
    pick("");
    if (at !== k) asFound();
    at = k;
    const body = mount.querySelector("[data-part=body]");
    mount.hidden = k < 0;
    if (k < 0) return;
    body.innerHTML = frame(k);
    if (!tried.questions[k].travellers.length) { shown = null; asFound(); return; }
    const mine = await prepared(k);
    if (at !== k) return;
    shown = mine;
    await refresh();
    if (notice) tell(notice);
    notice = "";
  }

  // --- what the buttons do ----------------------------------------------------------------------------
  function pick(kind) {
    picking = kind;
    for (const name of ["open", "shut"]) {
      const pressed = mount.querySelector(`[data-act=pick-${name}]`);
      if (pressed) pressed.setAttribute("aria-pressed", String(name === kind));
    }
    if (!kind) { onMap.silence(); return; }
    tell(words[`picking_${kind}`]);
    onMap.listen(async (where) => {
      const { question } = shown, what = choice(), sites = question.columns.community.length;
      const [from, to, left] = kind === "open" ? [question.existing, sites, new Set(what.open)] : [0, question.existing, new Set(what.closed)];
      const { site, metres } = onMap.nearest(question, where, from, to, left);
      if (site < 0) return;
      await choose(choices.toggled(question, what, site));
      tell(fill(`picked_${kind}`, { name: onMap.placeOf(question, site).name, km: (metres / 1000).toFixed(1) }));
    });
  }
  function save(name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  const acts = {
    all: () => choose({ ...choice(), open: [...new Set([...shown.question.columns.plan, ...choice().open])] }),
    none: () => choose({ ...choice(), open: [], closed: [] }),
    few: () => {
      const field = mount.querySelector(".qh-count"), count = Number(field.value);
      if (field.value === "" || !(count >= 0)) return field.focus();  // no number, no change
      choose({ ...choice(), open: shown.question.columns.plan.slice(0, Math.floor(count)) });
    },
    next: async () => {
      const site = engine.nextBest(shown.question, choice(), shown.gain);
      if (site < 0) { tell(words.no_next); return; }
      const gain = shown.gain[site];
      await choose(choices.toggled(shown.question, choice(), site));
      tell(fill("added", { name: onMap.placeOf(shown.question, site).name, people: number(gain), unit: shown.question.unit }));
    },
    undo: () => { shown.history.undo(); return refresh(); },
    redo: () => { shown.history.redo(); return refresh(); },
    copy: () => put({ ...now(), a: choice(), b: choice() }),
    "slot-a": () => put({ ...now(), active: "a" }),
    "slot-b": () => put({ ...now(), active: "b" }),
    "pick-open": () => pick(picking === "open" ? "" : "open"),
    "pick-shut": () => pick(picking === "shut" ? "" : "shut"),
    shut: (site) => choose(choices.toggled(shown.question, choice(), site)),
    reopen: (site) => choose(choices.toggled(shown.question, choice(), site)),
    link: async () => {
      try { await navigator.clipboard.writeText(location.href); tell(words.link_copied); } catch (why) { tell(words.link_above); }
    },
    file: () => {
      const made = choices.asFile(shown.question, choice(), shown.counted, { study: tried.study, ids: shared.ids });
      save(`what-if-${shown.question.id}-${now().active}.json`, JSON.stringify(made, null, 1) + "\n");
    },
  };
  const set = {
    question: (value) => show(value),
    standard: (value) => choose({ ...choice(), standard: shown.question.travellers[choice().traveller].standards[value] }),
    traveller: (value) => choose({ ...choice(), traveller: value, turnout: shown.question.travellers[value].turnout }),
    turnout: (value) => choose({ ...choice(), turnout: value }),
    pace: (value) => choose({ ...choice(), pace: value }),
  };
  async function changed(field) {
    if (field.dataset.site !== undefined) { await choose(choices.toggled(shown.question, choice(), Number(field.dataset.site))); return; }
    if (!set[field.dataset.set]) return;
    const wanted = field.dataset.set === "standard" ? shown.question.travellers[choice().traveller].standards[Number(field.value)] : null;
    await set[field.dataset.set](Number(field.value));
    if (field.dataset.set !== "question") mount.querySelector("[data-part=settings]").innerHTML = settings(shown.question, choice());
    if (wanted !== null) {
      mount.querySelector("[data-set=standard]").focus();
      if (choice().standard < wanted) tell(fill("as_far", { minutes: choice().standard }));
    }
  }

  mount.innerHTML = `<details class="qh-try"><summary>${words.title} <span class="qh-here">${words.here}</span></summary><div data-part="body"></div></details>`;
  const box = mount.querySelector("details");
  box.addEventListener("toggle", (event) => {
    if (event.target !== box) return;
    if (!box.open) { pick(""); asFound(); return; }
    show(linked < 0 ? placeOf(quarterhour.question) : linked).then(() => box.scrollIntoView({ block: "start" }));
    linked = -1;
  }, true);
  mount.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-act]");
    if (!pressed || !shown) return;
    tell("");
    acts[pressed.dataset.act](Number(pressed.dataset.at));
  });
  mount.addEventListener("change", (event) => { if (shown || event.target.dataset.set === "question") changed(event.target); });
  mount.addEventListener("input", (event) => {  // while the slider moves its minutes are told; counted when it rests
    if (event.target.dataset.set === "standard" && shown)
      mount.querySelector("[data-part=standard]").innerHTML = fill("minutes", { minutes: shown.question.travellers[choice().traveller].standards[Number(event.target.value)] });
  });
  quarterhour.on("question", (tab) => { if (box.open) show(linked < 0 ? placeOf(tab) : linked); else mount.hidden = placeOf(tab) < 0; });
  quarterhour.on("view", () => { if (tryOut) tryOut(); });  // the study's own sites stay off the map while others are tried

  // --- a link that says what was tried ------------------------------------------------------------------
  async function reopen() {
    const k = tried.questions.findIndex((q) => q.id === choices.questionOf(link) && q.travellers.length);
    const mine = k < 0 ? null : await prepared(k);
    if (mine && mine.linked) {
      linked = k;
      const tab = (picture.questions || []).findIndex((_, i) => placeOf(i) === k);
      if (tab >= 0 && tab !== quarterhour.question) quarterhour.ask(tab);
    } else notice = words.other_page;
    if (!box.open) box.open = true;  // and so it is shown
    else show(linked < 0 ? placeOf(quarterhour.question) : linked);
  }
  if (link) reopen();
});
