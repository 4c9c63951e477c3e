// Towns: outline, scores, and an unseen area to click.
"use strict";

function quarterhourTowns(quarterhour) {
  const { map, layers, picture, w, colour, row, chip, flat, top, noteRows, popup } = quarterhour;
  function promiseRows(rows) {
    return rows.map(([name, value, threshold, kind]) => `<tr><th>${name}</th><td>${value}${threshold ? ` <small>${w.threshold} ${threshold}</small>` : ""}</td><td>${chip(kind === "no_data" ? "not_judged" : kind, w[kind])}</td></tr>`).join("");
  }
  function townText(town) {
    const shares = picture.circles.map((circle, c) => row(circle.name, town.shown[c] || w.no_people)).join("");
    const promises = promiseRows(town.promises);
    return `<h3>${town.name}</h3><table><caption>${w.share_in}</caption>${shares}</table>` + (promises ? `<section><h4>${w.promises}</h4><table class="qh-wide">${promises}</table></section>` : "") + noteRows(town.notes);
  }
  const ramp = (share) => (share === null || share === undefined ? colour.none : colour.share[Math.min(4, Math.floor(share * 5))]);
  const townOf = (shape, style) => L.geoJSON(shape, { ...style, style: () => style, pointToLayer: (_, at) => L.circleMarker(at, { ...style, radius: 13 }) });
  const areas = L.featureGroup();
  const outline = flat("qh-towns"), score = flat("qh-scores");
  picture.towns.forEach((town) => {
    if (!town.shape) return;
    layers.towns.addLayer(townOf(town.shape, { ...outline, color: "#a9a294", weight: 1, fillColor: "#fbfaf5", fillOpacity: 1 }));
    picture.circles.forEach((_, c) => layers[`score_${c}`].addLayer(townOf(town.shape, { ...score, color: "#8d8778", weight: 1, fillColor: ramp(town.share[c]), fillOpacity: 0.85 })));
    const middle = L.geoJSON(town.shape).getBounds().getCenter();
    layers.towns.addLayer(L.marker(middle, { interactive: false, keyboard: false, icon: L.divIcon({ className: "qh-town", html: `<span>${town.name}</span>`, iconSize: [0, 0] }) }));
    areas.addLayer(townOf(town.shape, { renderer: top, stroke: false, fillOpacity: 0 }).bindTooltip(town.name, { sticky: true }).bindPopup(() => townText(town), popup));
  });
  areas.addTo(map);
  const sink = () => areas.eachLayer((area) => area.bringToBack());
  sink();
  map.on("overlayadd baselayerchange", sink);
  quarterhour.promiseRows = promiseRows;
}
