// What every script of the page stands on: colours, marks, texts, and the context that they share.
// Every string of the picture is escaped already (numeric entities), so it may stand in innerHTML as it is.
"use strict";

// Inside is blue and outside vermilion, a pair that all three colour deficiencies tell apart (tests/maps/test_colours.py).
const quarterhourColours = {
  met: "#1f5fa8", not_met: "#d1491b", not_judged: "#7d828a", planned: "#4cc3e8", site: "#123a73",
  always: "#1f5fa8", sometimes: "#f0b429", never: "#d1491b",
  ground: ["#4a1486", "#7a5bb5", "#ada3d6", "#d9d6ec"],
  kinds: ["#6b3fa0", "#8a5a00", "#00798c", "#a8326e", "#5b6b1f", "#7a4b2a", "#3d5a80", "#857500", "#444444", "#e06c9f", "#4aa3c7", "#9a7fd1", "#8a1538", "#3f7f3f"],
  share: ["#7f2704", "#b84a12", "#e07b3c", "#f3b184", "#fce3d0"],  // the worst is darkest
  none: "#d5d8dc",
  road: { motorway: ["#c98f3f", 2.4], trunk: ["#c98f3f", 2], primary: ["#d2a860", 1.7], secondary: ["#bcb5a2", 1.3], tertiary: ["#c4bfb0", 1], minor: ["#cfcabc", 0.7] },
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
  const flat = (pane) => ({ pane, renderer: L.canvas({ pane, padding: 0.3 }), interactive: false });
  const top = L.canvas({ padding: 0.3, tolerance: 3 });
  const marks = [];  // marks that grow as one looks nearer: [mark, share of the size]
  const nearer = () => map.getZoom() - quarterhour.homeZoom;
  const size = () => (nearer() < 1 ? quarterhour.dotSize : nearer() < 3 ? 1.5 * quarterhour.dotSize : 6);
  const grown = (mark, part) => { marks.push([mark, part]); return mark; };
  const noteRows = (notes) => {
    const rows = notes.filter(([, text]) => text).map(([name, text]) => row(name, text)).join("");
    return rows ? `<section><table>${rows}</table></section>` : "";
  };
  const popup = { maxWidth: 340, maxHeight: 460, autoPanPaddingTopLeft: [10, 10], autoPanPaddingBottomRight: [10, 10] };
  const sure = (c) => picture.ranges.find((range) => range.circle === c);
  const on = (event, told) => { (heard[event] = heard[event] || []).push(told); };
  const emit = (event, ...what) => { for (const told of heard[event] || []) told(...what); };
  const view = { after: false, score: false, range: false, ground: false, others: false, roads: true, towns: true, own: null };
  const quarterhour = {
    map, layers, picture, words: w, w, colour, people, of, row, state, chip, flat, top, marks, size, nearer, grown, noteRows, popup, sure, on, emit, view,
    question: 0, homeZoom: 10, dotSize: 2.8,
    asked: () => picture.questions[quarterhour.question] || null,
  };
  return quarterhour;
}
