// What is tried, on the map: sites that would open or close, and a click that means the nearest of them.
"use strict";

function quarterhourTriedOnMap(quarterhour) {
  const { map, people } = quarterhour;
  const layer = L.layerGroup();
  const hidden = new Set();
  let listening = null;

  // Longitude, latitude and name of a site; a candidate that is a community has these from it.
  function placeOf(question, site) {
    const { community, away, awayAt } = question.columns, c = community[site];
    if (c >= 0) return { x: people.x[c], y: people.y[c], name: people.name[c], town: people.town.text[people.town.code[c]] || "" };
    const k = awayAt[site];
    return { x: away.x[k], y: away.y[k], name: away.name[k], town: away.town.text[away.town.code[k]] || "" };
  }

  function mark(question, site, html, css, title) {
    const place = placeOf(question, site);
    if (place.x === null) return;
    const icon = L.divIcon({ className: css, html: `<b>${html}</b>`, iconSize: [24, 24], iconAnchor: [12, 12] });
    layer.addLayer(L.marker([place.y, place.x], { icon, keyboard: false, zIndexOffset: 2000 }).bindTooltip(`${place.name} ${title}`));
  }

  function draw(question, choice, words) {
    layer.clearLayers();
    const number = new Map(question.columns.plan.map((site, k) => [site, k + 1]));
    choice.open.forEach((site) => mark(question, site, number.get(site) || "+", "qh-site qh-tried", words.open));
    choice.closed.forEach((site) => mark(question, site, "×", "qh-site qh-shut", words.closed));
    layer.addTo(map);
  }

  // The site of from..to nearest to a place on the map that is not left out, and how many metres off; -1: none.
  function nearest(question, at, from, to, leftOut) {
    let best = -1, least = Infinity;
    for (let s = from; s < to; s++) {
      if (leftOut.has(s)) continue;
      const place = placeOf(question, s);
      if (place.x === null) continue;
      const metres = map.distance(at, [place.y, place.x]);
      if (metres < least) [best, least] = [s, metres];
    }
    return { site: best, metres: least };
  }

  // From now on a click on the map, whatever lies there, is told and goes no further.
  function listen(told) {
    silence();
    const box = map.getContainer();
    listening = (event) => {
      if (event.target.closest(".leaflet-control, .leaflet-popup") || (map.dragging && map.dragging.moved())) return;
      event.stopPropagation();
      event.preventDefault();
      told(map.mouseEventToLatLng(event));
    };
    box.addEventListener("click", listening, true);
    box.classList.add("qh-picking");
  }
  function silence() {
    const box = map.getContainer();
    if (listening) box.removeEventListener("click", listening, true);
    listening = null;
    box.classList.remove("qh-picking");
  }

  // Layers of the study's own give way to what is tried, and come back after.
  function hide(layers) {
    for (const own of layers) {
      if (!own || !map.hasLayer(own)) continue;
      hidden.add(own);
      own.remove();
    }
  }
  function clear() {
    layer.remove();
    for (const own of hidden) own.addTo(map);
    hidden.clear();
  }

  return { draw, clear, hide, nearest, listen, silence, placeOf };
}
