// The panel: title, search, figures, legend.
"use strict";

function quarterhourPanel(quarterhour) {
  const { map, picture, w, colour, people, sure, promiseRows } = quarterhour;
  const legend = quarterhourLegend(quarterhour);
  function rangeText(range) {
    const bar = range.city.map((part) => `<i title="${part.people} ${w.people_unit}" style="width:${100 * part.width}%;background:${colour[part.covered]}"></i>`).join("");
    const said = range.city.map((part) => `<span><i style="background:${colour[part.covered]}"></i>${w[part.covered]} ${part.share}</span>`).join("");
    return range.city[0].share ? `<div class="qh-bar">${bar}</div><div class="qh-sure">${said}</div><p><small>${range.pace}</small></p>` : "";
  }
  const share = picture.circles.map((circle, c) => `<section><h4>${circle.name} <small>≤ ${circle.standard} ${w.minutes}</small></h4><p class="qh-figure">${circle.city.share}</p><p>${circle.city.text}</p><p><small>${circle.city.quality}</small></p>${sure(c) ? rangeText(sure(c)) : ""}</section>`).join("");
  const plans = picture.plans.map((plan) => `<section><h4>${plan.name}</h4>${plan.result.map((line) => `<p>${line}</p>`).join("")}</section>`).join("");
  const charts = picture.charts.map((chart) => `<section class="qh-chart"><h4>${chart.name}</h4>${chart.svg}</section>`).join("");
  const findings = picture.findings.map((found) => `<details><summary>${found.name}</summary>${found.lines.map((line) => `<p>${line}</p>`).join("")}</details>`).join("");
  const missing = [people.missing, ...picture.grounds.map((drawn) => drawn.missing), ...picture.kinds.map((kind) => kind.missing)].filter(Boolean).map((text) => `<p>${text}</p>`).join("");
  const promises = promiseRows(picture.promises);

  const Panel = L.Control.extend({
    onAdd() {
      const panel = L.DomUtil.create("div", "qh-panel");
      panel.innerHTML = `<header><h1>${picture.title}</h1><button type="button">${w.hide}</button></header>
        <div class="qh-body"><div id="qh-search-area"></div>
        ${share}${plans}<div id="qh-whatif"></div>
        ${promises ? `<details><summary>${w.scorecard}</summary><table class="qh-wide">${promises}</table></details>` : ""}
        ${charts}
        ${findings}
        <section><h4>${w.legend}</h4>${legend}</section>
        <footer><p>${picture.note}</p><p>${w.schematic}</p>${missing}</footer></div>`;
      L.DomEvent.disableClickPropagation(panel).disableScrollPropagation(panel);
      // Leaflet looks for the panel above what was clicked: an item that its click takes away has nothing above it.
      L.DomEvent.on(panel, "click", L.DomEvent.stopPropagation);
      const button = panel.querySelector("button");
      button.onclick = () => { button.textContent = panel.classList.toggle("qh-small") ? quarterhourPlain(w.show) : quarterhourPlain(w.hide); };
      return panel;
    },
  });
  new Panel({ position: "topleft" }).addTo(map);
  L.control.zoom({ position: "bottomright" }).addTo(map);
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
}
