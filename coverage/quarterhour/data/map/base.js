// What every script of the page stands on: colours, marks, texts, and the context that they share.
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

// Scripts of their own (what_if.js, search.js, routes.js) put a function(quarterhour) here; it is called once all is drawn.
const quarterhourParts = [];

// The context: map, layers, picture, and what the drawing needs of them; see main.js for its seams.
function quarterhourContext(map, layers, picture) {
  const w = picture.words, colour = quarterhourColours, people = picture.communities, heard = {};
  const of = (column, i) => column.text[column.code[i]] || "";
  const row = (name, value) => (value ? `<tr><th>${name}</th><td>${value}</td></tr>` : "");
  const state = { met: "met", too_long: "not_met", out_of_reach: "not_met", no_way: "not_met", not_snapped: "not_judged", unknown: "not_judged" };
  const chip = (kind, text) => `<span class="qh-chip qh-${kind}">${text}</span>`;
  const swatch = (css, text, key = "") => `<div class="qh-key" data-layer="${key}"><i style="${css}"></i>${text}</div>`;
  const flat = (pane) => ({ pane, renderer: L.canvas({ pane, padding: 0.3 }), interactive: false });
  const top = L.canvas({ padding: 0.3, tolerance: 3 });
  const marks = [];  // marks that grow as one looks nearer: [mark, share of the size]
  const size = () => (map.getZoom() < 11 ? 2.6 : map.getZoom() < 13 ? 4 : 6);
  const grown = (mark, part) => { marks.push([mark, part]); return mark; };
  const noteRows = (notes) => {
    const rows = notes.filter(([, text]) => text).map(([name, text]) => row(name, text)).join("");
    return rows ? `<section><table>${rows}</table></section>` : "";
  };
  const popup = { maxWidth: 340, maxHeight: 460, autoPanPaddingTopLeft: [335, 10] };
  const sure = (c) => picture.ranges.find((range) => range.circle === c);
  const on = (event, told) => { (heard[event] = heard[event] || []).push(told); };
  const emit = (event, ...what) => { for (const told of heard[event] || []) told(...what); };
  return { map, layers, picture, words: w, w, colour, people, of, row, state, chip, swatch, flat, top, marks, size, grown, noteRows, popup, sure, on, emit };
}
