// The legend: it names only what is on the map now.
"use strict";

function quarterhourLegend(quarterhour) {
  const { picture, w, colour, swatch, kindColour, groundOpacity, groundColour } = quarterhour;
  const dot = (fill) => `background:${fill};border-radius:50%`;
  return [
    swatch(dot(colour.met), w.met, "circle"), swatch(dot(colour.not_met), w.not_met, "circle"),
    ...["always", "sometimes", "never"].map((covered) => swatch(dot(colour[covered]), w[covered], "range")),
    swatch(dot(colour.not_judged), picture.circles.length ? w.not_judged : w.communities),
    ...picture.kinds.map((kind, k) => swatch(`background:${kindColour(kind, k)}` + (kind.symbol === "square" ? "" : `;${quarterhourClip(kind.symbol)}`), kind.label, `kind_${k}`)),
    picture.plans.length ? `<div class="qh-key" data-layer="plan"><span class="qh-site"><b>1</b></span>${w.plan_site}</div>${swatch(`height:0;border-top:2px solid ${colour.site}`, w.plan_served, "plan")}` : "",
    picture.circles.length ? `<div class="qh-ramp" data-layer="score"><span>${w.share_in}</span>${colour.share.map((fill, i) => `<i style="background:${fill}">${i * 20}–${i * 20 + 20}%</i>`).join("")}</div>` : "",
    ...picture.grounds.map((drawn, g) => !drawn.bands.length ? "" : `<div data-layer="ground_${g}"><p>${w.ground}</p>${[...drawn.bands.keys()].reverse().map((b) => swatch(`opacity:${groundOpacity};background:${groundColour(drawn.bands, b)}`, drawn.bands[b].label)).join("")}<p><small>${drawn.note}</small></p></div>`),
  ].join("");
}

function quarterhourShown(quarterhour) {
  const { map, layers, marks, size } = quarterhour;
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
}
