// Counties and towns: outlines, names, scores, and an unseen area to click.
"use strict";

function quarterhourAreas(quarterhour) {
  const { map, layers, picture, w, colour, row, chip, flat, top, noteRows, popup } = quarterhour;
  function promiseRows(rows) {
    return rows.map(([name, value, threshold, kind]) => `<tr><th>${name}</th><td>${value}${threshold ? ` <small>${w.threshold} ${threshold}</small>` : ""}</td><td>${chip(kind === "no_data" ? "not_judged" : kind, w[kind === "no_data" ? kind : `promise_${kind}`])}</td></tr>`).join("");
  }
  function townText(town) {
    const shares = picture.circles.map((circle, c) => row(circle.name, town.shown[c] || w.no_people)).join("");
    const promises = promiseRows(town.promises);
    return `<h3>${town.name}</h3><table><caption>${w.share_in}</caption>${shares}</table>` + (promises ? `<section><h4>${w.promises}</h4><table class="qh-wide">${promises}</table></section>` : "") + noteRows(town.notes);
  }
  const ramp = (share) => (share === null || share === undefined ? colour.none : colour.share[Math.min(4, Math.floor(share * 5))]);
  const areaOf = (shape, style) => L.geoJSON(shape, { ...style, style: () => style, pointToLayer: (_, at) => L.circleMarker(at, { ...style, radius: 13 }) });
  const label = (at, name, html) => L.marker(at, { pane: name === "qh-county" ? "qh-names" : "markerPane", interactive: false, keyboard: false, icon: L.divIcon({ className: name, html: `<span>${html}</span>`, iconSize: [0, 0] }) });
  const land = flat("qh-towns"), score = flat("qh-scores"), border = flat("qh-borders");
  const areas = L.featureGroup();
  layers.land = L.layerGroup();
  layers.towns = L.layerGroup();
  layers.counties = L.layerGroup();
  const covered = picture.counties.some((county) => county.shape);
  picture.counties.forEach((county) => {
    if (!county.shape) return;
    layers.land.addLayer(areaOf(county.shape, { ...land, stroke: false, fillColor: "#fbfaf5", fillOpacity: 1 }));
    layers.counties.addLayer(areaOf(county.shape, { ...border, color: "#5f5a50", weight: 1.6, fill: false }));
  });
  picture.circles.forEach((_, c) => { layers[`score_${c}`] = L.layerGroup(); });
  picture.towns.forEach((town) => {
    if (!town.shape) return;
    if (!covered) layers.land.addLayer(areaOf(town.shape, { ...land, stroke: false, fillColor: "#fbfaf5", fillOpacity: 1 }));
    layers.towns.addLayer(areaOf(town.shape, { ...border, color: "#a9a294", weight: 0.7, fill: false }));
    picture.circles.forEach((_, c) => layers[`score_${c}`].addLayer(areaOf(town.shape, { ...score, color: "#fff", weight: 0.7, fillColor: ramp(town.share[c]), fillOpacity: 0.9 })));
    layers.towns.addLayer(label(L.geoJSON(town.shape).getBounds().getCenter(), "qh-town", town.name));
    areas.addLayer(areaOf(town.shape, { renderer: top, stroke: false, fillOpacity: 0 }).bindTooltip(town.name, { sticky: true }).bindPopup(() => townText(town), popup));
  });
  areas.addTo(map);
  quarterhour.sink = () => areas.eachLayer((area) => area.bringToBack());

  // County labels say the share of the view that is shown.
  const names = layers.names = L.layerGroup();
  quarterhour.nameCounties = () => {
    const asked = quarterhour.asked(), after = quarterhour.view.after && asked && asked.after;
    names.clearLayers();
    picture.counties.forEach((county) => {
      if (!county.at || !county.name) return;
      const known = asked && quarterhour.countsOf(asked, county.id), part = known && (after ? known.after : known.today);
      const share = quarterhour.shareTried ? quarterhour.shareTried(county.name) : part && part.percent;
      names.addLayer(label(county.at, "qh-county", `${county.name}${share ? `<b>${share}</b>` : ""}`));
    });
    map.getContainer().classList.toggle("qh-has-counties", names.getLayers().length > 0);
  };
  quarterhour.promiseRows = promiseRows;
}
