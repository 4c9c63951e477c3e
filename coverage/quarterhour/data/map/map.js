// Draws the columns of window.quarterhourPicture into the layers that Folium made.
// Every string of the picture is escaped already (numeric entities), so it may stand in innerHTML as it is.
"use strict";

const quarterhourColours = {
  met: "#2f8f6b", not_met: "#cf3f2e", not_judged: "#8b9099", site: "#1d4fa3",
  always: "#2f8f6b", sometimes: "#e3a008", never: "#cf3f2e",
  ground: ["#4a1486", "#7a5bb5", "#ada3d6", "#d9d6ec"],
  kinds: ["#6b3fa0", "#c77700", "#00798c", "#a8326e", "#5b6b1f", "#7a4b2a", "#3d5a80", "#b3a100", "#444444", "#e06c9f", "#4aa3c7", "#9a7fd1", "#8a1538", "#3f7f3f"],
  share: ["#f6d9c8", "#f3b48f", "#f1e3a4", "#b5d8a0", "#5fae83"],
  none: "#d5d8dc",
  road: { motorway: ["#d8a25a", 2.4], trunk: ["#d8a25a", 2], primary: ["#dcb87c", 1.8], secondary: ["#c9c3b3", 1.4], tertiary: ["#cfcabd", 1], minor: ["#dcd8cd", 0.6] },
};

// A facility has corners and a community is a disc, so that they differ without colour too.
const quarterhourCorners = {
  square: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
  diamond: [[0, -1.35], [1.35, 0], [0, 1.35], [-1.35, 0]],
  triangle: [[0, -1.3], [1.25, 1], [-1.25, 1]],
};
const quarterhourClip = (symbol) => `clip-path:polygon(${quarterhourCorners[symbol].map(([x, y]) => `${50 + 37 * x}% ${50 + 37 * y}%`).join(",")})`;
const QuarterhourMark = L.CircleMarker.extend({
  _updatePath() {
    const canvas = this._renderer, at = this._point, r = this._radius;
    if (!canvas._drawing || this._empty()) return;
    const pen = canvas._ctx, corners = quarterhourCorners[this.options.symbol || "square"];
    pen.beginPath();
    corners.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](at.x + x * r, at.y + y * r));
    pen.closePath();
    canvas._fillStroke(pen, this);
  },
});

const quarterhourPlain = (html) => html.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));

function quarterhourDraw(map, layers, picture) {
  map.setMaxZoom(18);
  const w = picture.words, colour = quarterhourColours, people = picture.communities;
  const of = (column, i) => column.text[column.code[i]] || "";
  const row = (name, value) => (value ? `<tr><th>${name}</th><td>${value}</td></tr>` : "");
  const state = { met: "met", too_long: "not_met", out_of_reach: "not_met", no_way: "not_met", not_snapped: "not_judged", unknown: "not_judged" };
  const chip = (kind, text) => `<span class="qh-chip qh-${kind}">${text}</span>`;
  const swatch = (css, text, key = "") => `<div class="qh-key" data-layer="${key}"><i style="${css}"></i>${text}</div>`;

  for (const [name, z] of [["qh-towns", 340], ["qh-scores", 345], ["qh-grounds", 347], ["qh-roads", 350]]) {
    map.createPane(name).style.zIndex = z;
    map.getPane(name).style.pointerEvents = "none";
  }
  const flat = (pane) => ({ pane, renderer: L.canvas({ pane, padding: 0.3 }), interactive: false });
  const top = L.canvas({ padding: 0.3, tolerance: 3 });
  const marks = [];  // marks that grow as one looks nearer: [mark, share of the size]
  const size = () => (map.getZoom() < 11 ? 2.6 : map.getZoom() < 13 ? 4 : 6);
  const grown = (mark, part) => { marks.push([mark, part]); return mark; };

  // --- why a community is inside or outside -------------------------------------------------------
  function minutes(circle, i) {
    return circle.minutes[i] ? `${circle.minutes[i]} ${w.minutes}` : "";
  }
  const sure = (c) => picture.ranges.find((range) => range.circle === c);
  function rangeRows(range, i) {
    const covered = range && of(range.covered, i);
    return covered ? row(w.sure, chip(covered, w[covered])) + row(w.flip, of(range.flip, i)) + row(w.pace, range.pace) : "";
  }
  function circleText(circle, i, c) {
    const reason = of(circle.reason, i), kind = state[reason] || "not_judged";
    const nearest = circle.minutes[i] ? `${of(circle.nearest, i)}` : circle.none;
    const none = kind === "not_judged" ? w.not_snapped : circle.none;
    const each = circle.each.map((k) => row(k.kind, `${k.minutes[i] ? k.minutes[i] + " " + w.minutes : none} ${chip(k.met[i] ? "met" : "not_met", k.met[i] ? w.met : w.not_met)}`)).join("");
    return `<section><h4>${circle.name} ${chip(kind, w[kind])}</h4><table>` +
      row(w.nearest, kind === "not_judged" ? "" : nearest) + row(w.minutes, minutes(circle, i)) +
      row(w.standard, `≤ ${circle.standard} ${w.minutes}`) + each + rangeRows(sure(c), i) + `</table>` +
      (reason === "met" ? "" : `<p>${w[reason] || w.unknown}</p>`) + `</section>`;
  }
  function communityText(i) {
    const who = Object.entries(people.people).map(([name, column]) => row(name, column[i] === null ? w.no_data : `${column[i]} ${w.people_unit}`)).join("");
    const plans = picture.plans.map((plan) => row(plan.name, of(plan.how, i))).join("");
    return `<h3>${people.name[i]}</h3><table>${row(w.town, of(people.town, i))}${who}${row(w.quality, of(people.quality, i))}</table>` +
      picture.circles.map((circle, c) => circleText(circle, i, c)).join("") +
      (plans ? `<section><h4>${w.plan}</h4><table>${plans}</table></section>` : "") + noteRows(Object.entries(people.notes).map(([name, column]) => [name, of(column, i)]));
  }
  const noteRows = (notes) => {
    const rows = notes.filter(([, text]) => text).map(([name, text]) => row(name, text)).join("");
    return rows ? `<section><table>${rows}</table></section>` : "";
  };
  const popup = { maxWidth: 340, maxHeight: 460, autoPanPaddingTopLeft: [335, 10] };

  // --- communities, one layer a circle ------------------------------------------------------------
  function drawCommunities(layer, kindOf, said) {
    people.x.forEach((x, i) => {
      if (x === null) return;
      const kind = kindOf(i);
      const dot = grown(L.circleMarker([people.y[i], x], { renderer: top, weight: 0.5, color: "#fff", fillColor: colour[kind], fillOpacity: 0.95 }), kind === "met" || kind === "always" ? 0.85 : 1.1);
      dot.at = i;
      layer.addLayer(dot);
    });
    layer.bindTooltip((dot) => people.name[dot.at] + said(dot.at)).bindPopup((dot) => communityText(dot.at), popup);
  }
  picture.circles.forEach((circle, c) => drawCommunities(layers[`circle_${c}`], (i) => state[of(circle.reason, i)] || "not_judged", () => ""));
  picture.ranges.forEach((range, r) => drawCommunities(layers[`range_${r}`],
    (i) => (of(picture.circles[range.circle].reason, i) === "not_snapped" ? "not_judged" : of(range.covered, i) || "not_judged"),
    (i) => (of(range.covered, i) ? ` <small>${w[of(range.covered, i)]}</small>` : "")));
  if (layers.communities) drawCommunities(layers.communities, () => "not_judged", () => "");

  // --- facilities ---------------------------------------------------------------------------------
  const kindColour = (kind, k) => kind.colour || colour.kinds[k % colour.kinds.length];
  picture.kinds.forEach((kind, k) => {
    const layer = layers[`kind_${k}`], fill = kindColour(kind, k);
    kind.x.forEach((x, i) => {
      if (x === null) return;
      const mark = grown(new QuarterhourMark([kind.y[i], x], { symbol: kind.symbol, renderer: top, weight: 0.5, color: "#fff", fillColor: fill, fillOpacity: 1 }), 0.75);
      mark.at = i;
      layer.addLayer(mark);
    });
    layer.bindTooltip((mark) => `${kind.name[mark.at]} <small>${kind.label}</small>`);
    layer.bindPopup((mark) => `<h3>${kind.name[mark.at]}</h3><table>${row(w.kind, kind.label)}${row(w.town, of(kind.town, mark.at))}${row(w.quality, of(kind.quality, mark.at))}${row(w.source, of(kind.source, mark.at))}</table>`, popup);
  });

  // --- proposed sites and the communities they serve ----------------------------------------------
  picture.plans.forEach((plan, p) => {
    const layer = layers[`plan_${p}`];
    plan.served.forEach((s, i) => {
      if (s < 0 || plan.x[s] === null || people.x[i] === null) return;
      layer.addLayer(L.polyline([[plan.y[s], plan.x[s]], [people.y[i], people.x[i]]], { renderer: top, color: colour.site, weight: 1, opacity: 0.55, interactive: false }));
    });
    plan.site.forEach((name, s) => {
      if (plan.x[s] === null) return;
      const icon = L.divIcon({ className: "qh-site", html: `<b>${s + 1}</b>`, iconSize: [24, 24], iconAnchor: [12, 12] });
      const text = `<h3>${name}</h3><table>${row(w.plan, plan.name)}${row(w.plan_order, String(s + 1))}${row(plan.gain_name, plan.gain[s] ? `${plan.gain[s]} ${plan.unit}` : "")}${row(w.quality, of(plan.quality, s))}</table>`;
      layer.addLayer(L.marker([plan.y[s], plan.x[s]], { icon, zIndexOffset: 1000 - s, alt: String(s + 1) }).bindTooltip(`${s + 1} ${name}`).bindPopup(text, popup));
    });
  });

  // --- towns: outline, scores, and an unseen area to click ----------------------------------------
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
  const outline = flat("qh-towns"), score = flat("qh-scores"), road = flat("qh-roads");
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

  // --- the ground reached, a picture ----------------------------------------------------------------
  function unstepped(steps) {
    let x = 0, y = 0;
    const line = [];
    for (let i = 0; i < steps.length; i += 2) line.push([(y += steps[i + 1]) / 1e5, (x += steps[i]) / 1e5]);
    return line;
  }
  const groundOpacity = 0.7;
  map.getPane("qh-grounds").style.opacity = groundOpacity;
  const ground = flat("qh-grounds"), groundColour = (bands, b) => colour.ground[Math.min(bands.length - 1 - b, colour.ground.length - 1)];
  picture.grounds.forEach((drawn, g) => drawn.bands.forEach((band, b) => {
    const fill = groundColour(drawn.bands, b);
    layers[`ground_${g}`].addLayer(L.polygon(band.shapes.map((rings) => rings.map(unstepped)), { ...ground, color: fill, weight: 1, fillColor: fill, fillOpacity: 1, fillRule: "nonzero" }));
  }));

  // --- roads, a schematic base --------------------------------------------------------------------
  picture.roads.forEach((group) => {
    const lines = group.lines.map(unstepped);
    const [stroke, weight] = colour.road[group.road_class];
    layers[group.main ? "roads_main" : "roads_minor"].addLayer(L.polyline(lines, { ...road, color: stroke, weight, opacity: 1, smoothFactor: 1.5 }));
  });

  // --- the panel: title, search, figures, legend --------------------------------------------------
  function rangeText(range) {
    const bar = range.city.map((part) => `<i title="${part.people} ${w.people_unit}" style="width:${100 * part.width}%;background:${colour[part.covered]}"></i>`).join("");
    const said = range.city.map((part) => `<span><i style="background:${colour[part.covered]}"></i>${w[part.covered]} ${part.share}</span>`).join("");
    return range.city[0].share ? `<div class="qh-bar">${bar}</div><div class="qh-sure">${said}</div><p><small>${range.pace}</small></p>` : "";
  }
  const share = picture.circles.map((circle, c) => `<section><h4>${circle.name} <small>≤ ${circle.standard} ${w.minutes}</small></h4><p class="qh-figure">${circle.city.share}</p><p>${circle.city.text}</p><p><small>${circle.city.quality}</small></p>${sure(c) ? rangeText(sure(c)) : ""}</section>`).join("");
  const plans = picture.plans.map((plan) => `<section><h4>${plan.name}</h4>${plan.result.map((line) => `<p>${line}</p>`).join("")}</section>`).join("");
  const charts = picture.charts.map((chart) => `<section class="qh-chart"><h4>${chart.name}</h4>${chart.svg}</section>`).join("");
  const findings = picture.findings.map((found) => `<details><summary>${found.name}</summary>${found.lines.map((line) => `<p>${line}</p>`).join("")}</details>`).join("");
  const dot = (fill) => `background:${fill};border-radius:50%`;
  const legend = [
    swatch(dot(colour.met), w.met, "circle"), swatch(dot(colour.not_met), w.not_met, "circle"),
    ...["always", "sometimes", "never"].map((covered) => swatch(dot(colour[covered]), w[covered], "range")),
    swatch(dot(colour.not_judged), picture.circles.length ? w.not_judged : w.communities),
    ...picture.kinds.map((kind, k) => swatch(`background:${kindColour(kind, k)}` + (kind.symbol === "square" ? "" : `;${quarterhourClip(kind.symbol)}`), kind.label, `kind_${k}`)),
    picture.plans.length ? `<div class="qh-key" data-layer="plan"><span class="qh-site"><b>1</b></span>${w.plan_site}</div>${swatch(`height:0;border-top:2px solid ${colour.site}`, w.plan_served, "plan")}` : "",
    picture.circles.length ? `<div class="qh-ramp" data-layer="score"><span>${w.share_in}</span>${colour.share.map((fill, i) => `<i style="background:${fill}">${i * 20}–${i * 20 + 20}%</i>`).join("")}</div>` : "",
    ...picture.grounds.map((drawn, g) => !drawn.bands.length ? "" : `<div data-layer="ground_${g}"><p>${w.ground}</p>${[...drawn.bands.keys()].reverse().map((b) => swatch(`opacity:${groundOpacity};background:${groundColour(drawn.bands, b)}`, drawn.bands[b].label)).join("")}<p><small>${drawn.note}</small></p></div>`),
  ].join("");
  const missing = [people.missing, ...picture.grounds.map((drawn) => drawn.missing), ...picture.kinds.map((kind) => kind.missing)].filter(Boolean).map((text) => `<p>${text}</p>`).join("");
  const promises = promiseRows(picture.promises);

  const Panel = L.Control.extend({
    onAdd() {
      const panel = L.DomUtil.create("div", "qh-panel");
      panel.innerHTML = `<header><h1>${picture.title}</h1><button type="button">${w.hide}</button></header>
        <div class="qh-body"><input type="search" id="qh-search" autocomplete="off" placeholder="${w.search}" aria-label="${w.search}"><ol id="qh-found"></ol>
        ${share}${plans}
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

  // --- what is on the map now: the legend names only that, and marks fit the zoom -----------------
  const shown = (key) => Object.keys(layers).some((name) => name.startsWith(key) && (name === key || name[key.length] === "_") && map.hasLayer(layers[name]));
  function relegend() {
    for (const key of document.querySelectorAll("[data-layer]")) key.hidden = key.dataset.layer !== "" && !shown(key.dataset.layer);
  }
  function resize() {
    const full = size();
    for (const [mark, part] of marks) mark.setRadius(full * part);
    map.getContainer().classList.toggle("qh-far", map.getZoom() < 11);
  }
  map.on("overlayadd overlayremove baselayerchange", relegend);
  map.on("zoomend", resize);
  relegend();
  resize();

  // --- search by name -----------------------------------------------------------------------------
  const names = people.name.map(quarterhourPlain);
  const input = document.getElementById("qh-search"), list = document.getElementById("qh-found");
  function go(i) {
    list.replaceChildren();
    input.value = names[i];
    if (people.x[i] === null) return;
    const at = [people.y[i], people.x[i]];
    map.setView(at, Math.max(map.getZoom(), 13), { animate: false });
    L.popup({ ...popup, autoPan: true }).setLatLng(at).setContent(communityText(i)).openOn(map);
  }
  function find() {
    const asked = input.value.trim().toLowerCase(), found = [];
    for (let i = 0; asked && i < names.length && found.length < 8; i++) if (names[i].toLowerCase().includes(asked)) found.push(i);
    list.replaceChildren(...found.map((i) => {
      const item = document.createElement("li");
      item.innerHTML = `${people.name[i]} <small>${of(people.town, i)}</small>`;
      item.onclick = () => go(i);
      return item;
    }));
    if (asked && !found.length) list.innerHTML = `<li class="qh-none">${w.nothing_found}</li>`;
    return found;
  }
  input.addEventListener("input", find);
  input.addEventListener("keydown", (key) => {
    if (key.key !== "Enter") return;
    const found = find();
    if (found.length) go(found[0]);
  });
}
