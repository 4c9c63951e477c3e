// The panel: one question at a time, and behind it what it rests on.
"use strict";

function quarterhourPanel(quarterhour) {
  const { map, picture, w, colour, people, sure, promiseRows, view } = quarterhour;
  function rangeText(range) {
    const bar = range.city.map((part) => `<i title="${part.people} ${w.people_unit}" style="width:${100 * part.width}%;background:${colour[part.covered]}"></i>`).join("");
    const said = range.city.map((part) => `<span><i style="background:${colour[part.covered]}"></i>${w[part.covered]} ${part.share}</span>`).join("");
    return range.city[0].share ? `<h4>${w.sure}</h4><div class="qh-bar">${bar}</div><div class="qh-sure">${said}</div><p><small>${range.pace}</small></p>` : "";
  }
  const lines = (texts) => texts.map((text) => `<p>${text}</p>`).join("");
  const fold = (name, inside, key) => (inside ? `<details${key ? ` data-key="${key}"` : ""}><summary>${name}</summary>${inside}</details>` : "");

  // --- what stands on top: who, how many are not reached, what closes it, and each county ------------
  function bar(asked, known, name) {
    const part = view.after && asked.after ? known.after : known.today, before = view.after ? known.today : null;
    if (!part) return "";
    const grown = before && part !== before ? Math.max(0, part.share - before.share) : 0;
    return `<div class="qh-county-row"><span>${name}</span><span class="qh-bar"><i style="width:${100 * (part.share - grown)}%;background:${colour.met}"></i>` +
      `<i style="width:${100 * grown}%;background:${colour.planned}"></i></span><b>${part.percent}</b><small>${view.after && asked.after ? asked.words.still : asked.words.out} ${quarterhour.said(part.left)} ${asked.unit}</small></div>`;
  }
  function counties(asked) {
    const rows = picture.counties.map((county) => (county.name ? bar(asked, quarterhour.countsOf(asked, county.id), county.name) : "")).join("");
    return rows ? `<div class="qh-counties"><h4>${w.by_county}</h4>${rows}</div>` : "";
  }
  function further(asked) {
    return quarterhour.furtherOf(asked).map((level) => [level.head, level.rows.map((row) => bar(asked, row, row.name)).join("")])
      .map(([head, rows]) => (rows ? `<div class="qh-counties qh-further"><h4>${head}</h4>${rows}</div>` : "")).join("");
  }
  const cells = (row, tag) => `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  function change(made) {
    const counts = made.counts.map(([name, said]) => `<tr><th>${name}</th><td>${said}</td></tr>`).join("");
    const moves = made.moves.length ? `<h4>${made.moves_head}</h4><table class="qh-wide">${made.moves.map(([from, to, said]) => cells([`${from} → ${to}`, said], "td")).join("")}</table>` : "";
    const worst = made.worst.length ? `<table class="qh-wide">${cells(made.worst_head, "th")}${made.worst.map((row) => cells(row, "td")).join("")}</table>` : "";
    return fold(made.head, `<table class="qh-wide">${counts}</table>${moves}${worst}`);
  }
  function opening(asked) {
    const facts = view.after && asked.after ? asked.after : asked.today, out = view.after && asked.after ? asked.words.out_after : asked.words.out;
    const figure = facts.out ? `<p class="qh-figure">${facts.out} <small>${out}</small></p>` : "";
    const other = asked.after ? `<div class="qh-switch" role="group"><button type="button" data-after="0" aria-pressed="${!view.after}">${w.now}</button><button type="button" data-after="1" aria-pressed="${view.after}">${w.after}</button></div>` : "";
    return `<p class="qh-who">${asked.who}</p>${figure}<p class="qh-line">${facts.line}</p><p class="qh-closes">${asked.closes}</p>${other}${counties(asked)}${further(asked)}${asked.changes.map(change).join("")}`;
  }
  function basis(asked) {
    const circle = picture.circles[asked.circle], plan = picture.plans[asked.plan], range = asked.circle !== null && sure(asked.circle);
    return (circle ? `<p>${circle.city.text}</p><p><small>${circle.city.quality}</small></p>` : "") + (range ? rangeText(range) : "") + (plan ? `<h4>${plan.name}</h4>${lines(plan.result)}` : "");
  }

  const charts = picture.charts.map((chart) => `<section class="qh-chart"><h4>${chart.name}</h4>${chart.svg}</section>`).join("");
  const findings = picture.findings.map((found) => fold(found.name, lines(found.lines))).join("");
  const missing = lines([people.missing, ...picture.grounds.map((drawn) => drawn.missing), ...picture.kinds.map((kind) => kind.missing)].filter(Boolean));
  const promises = promiseRows(picture.promises);
  const many = picture.questions.length > 1;
  const tabs = picture.questions.map((asked, q) => `<button type="button" role="tab" data-question="${q}">${asked.name}</button>`).join("");

  const Panel = L.Control.extend({
    onAdd() {
      const panel = quarterhour.panel = L.DomUtil.create("div", "qh-panel");
      panel.innerHTML = `<header><h1>${picture.title}</h1><button type="button" class="qh-hide">${w.hide}</button></header>
        ${picture.demonstration ? `<p class="qh-ribbon">${w.demonstration}</p>` : ""}
        ${picture.changed ? `<p class="qh-changed">${picture.changed}</p>` : ""}
        ${many ? `<div class="qh-tabs" role="tablist" aria-label="${w.question}">${tabs}</div>` : ""}
        <div class="qh-body"><div id="qh-search-area"></div>
        <div id="qh-opening"></div><div id="qh-whatif"></div>
        ${picture.questions.length ? `<details open class="qh-basis-of"><summary>${w.basis}</summary><div id="qh-basis"></div></details>` : ""}
        ${fold(w.scorecard, promises ? `<table class="qh-wide">${promises}</table>` : "")}
        ${fold(w.charts, charts)}
        ${findings}
        <footer><p>${picture.note}</p><p>${w.schematic}</p>${missing}<p>${picture.sources}</p></footer></div>`;
      L.DomEvent.disableClickPropagation(panel).disableScrollPropagation(panel);
      // Leaflet looks for the panel above what was clicked: an item that its click takes away has nothing above it.
      L.DomEvent.on(panel, "click", L.DomEvent.stopPropagation);
      const button = panel.querySelector(".qh-hide");
      button.onclick = () => { button.textContent = quarterhourPlain(panel.classList.toggle("qh-small") ? w.show : w.hide); };
      panel.addEventListener("click", (clicked) => {
        const tab = clicked.target.closest("[data-question]"), turn = clicked.target.closest("[data-after]");
        if (tab) quarterhour.ask(Number(tab.dataset.question));
        if (turn) quarterhour.show({ after: turn.dataset.after === "1", score: false, range: false });
      });
      return panel;
    },
  });
  new Panel({ position: "topleft" }).addTo(map);

  quarterhour.tell = () => {
    const asked = quarterhour.asked();
    if (!asked) return;
    document.getElementById("qh-opening").innerHTML = opening(asked);
    document.getElementById("qh-basis").innerHTML = basis(asked);
    for (const tab of quarterhour.panel.querySelectorAll("[data-question]")) tab.setAttribute("aria-selected", String(Number(tab.dataset.question) === quarterhour.question));
  };
}
