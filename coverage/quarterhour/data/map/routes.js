// The way between a community and its nearest facility: drawn when the community is asked about, and told in its popup.
"use strict";

// By community: the points of its way from the facility on (whole 1e-5 degrees), its metres; minutes past the standard.
async function quarterhourUnpackedRoutes(circle) {
  const [[steps, shared, own, metres, east, north], [late, over], closing] = await Promise.all([
    quarterhourColumns(circle.packed), quarterhourColumns(circle.over),
    Promise.all(circle.closing.map(async (plan) => ({ ...plan, columns: await quarterhourColumns(plan.packed) }))),
  ]);
  const ways = new Map(), beyond = new Map();
  const path = [], origin = [0, 0];
  for (let r = 0, i = 0, at = 0; r < steps.length; r++) {
    path.length = shared[r];
    let [x, y] = shared[r] ? path[shared[r] - 1] : origin;
    for (let k = 0; k < own[r]; k++, at++) path.push([x += east[at], y += north[at]]);
    if (!shared[r]) [origin[0], origin[1]] = path[0];
    ways.set(i += steps[r], { points: path.slice(), metres: metres[r] });
  }
  late.reduce((i, step, k) => { beyond.set(i + step, over[k] / 10); return i + step; }, 0);
  const plans = closing.map(({ name, sites, columns: [whom, site, minutes, past] }) => {
    const nearest = new Map();
    whom.reduce((i, step, k) => { nearest.set(i + step, { site: sites[site[k]], minutes: minutes[k] / 10, over: past[k] / 10 }); return i + step; }, 0);
    return { name, nearest };
  });
  return { ways, beyond, plans };
}

quarterhourParts.push((quarterhour) => {
  const { map, picture, words: w, row, chip } = quarterhour;
  if (!picture.routes) return;
  const said = picture.routes.words, drawn = L.layerGroup().addTo(map);
  map.createPane("qh-route").style.zIndex = 380;
  map.getPane("qh-route").style.pointerEvents = "none";
  const pen = { pane: "qh-route", renderer: L.canvas({ pane: "qh-route", padding: 0.3 }), interactive: false, lineJoin: "round", lineCap: "round" };
  const unpacked = [];  // by circle, once it is asked for
  let asked = null;     // the community that is asked about

  const circleShown = () => (quarterhour.asked() || { circle: picture.circles.length ? 0 : null }).circle;
  const far = (metres) => (metres < 1000 ? `${metres} ${said.metres}` : `${(metres / 1000).toFixed(1)} ${said.km}`);
  const minutes = (count) => `${count.toFixed(1)} ${w.minutes}`;

  function text(found, c, i) {
    const way = found.ways.get(i), circle = picture.circles[c];
    const plans = found.plans.map((plan) => {
      if (!plan.nearest.has(i)) return row(said.closing, found.beyond.has(i) ? `${said.none_nearer} <small>${plan.name}</small>` : "");
      const { site, minutes: there, over } = plan.nearest.get(i);
      const verdict = over ? chip("not_met", `${said.over} ${minutes(over)}`) : chip("met", w.met);
      return row(said.closing, `${site} <small>${plan.name}</small><br>${minutes(there)} ${verdict}`);
    });
    const rows = (way ? row(said.length, `${far(way.metres)} · ${circle.minutes[i]} ${w.minutes}`) : "") +
      (found.beyond.has(i) ? row(said.over, minutes(found.beyond.get(i))) : "") + plans.join("");
    return rows ? `<h4>${said.title} <small>${circle.name}</small></h4><table>${rows}</table>` : "";
  }
  function tell(html, i) {
    const popup = map._popup, content = popup && popup.getElement() && popup.getElement().querySelector(".leaflet-popup-content");
    if (!content || !html) return;
    const earlier = content.querySelector(".qh-route"), section = earlier || document.createElement("section");
    section.className = "qh-route";
    section.dataset.community = i;
    section.innerHTML = html;
    if (earlier) return;
    // under the name and who lives there, before all the rest
    const first = content.querySelector("section");
    if (first) first.before(section); else content.append(section);
    popup._updateLayout();
    popup._updatePosition();
    popup._adjustPan();
  }
  async function show(i) {
    const c = circleShown();
    asked = i;
    drawn.clearLayers();
    if (c === null) for (const section of document.querySelectorAll(".qh-route")) section.remove();
    if (i === null || c === null || !picture.routes.circles[c]) return;
    const found = await (unpacked[c] = unpacked[c] || quarterhourUnpackedRoutes(picture.routes.circles[c]));
    if (asked !== i || circleShown() !== c) return;
    drawn.clearLayers();
    const way = found.ways.get(i);
    if (way) {
      const line = way.points.map(([x, y]) => [y / 1e5, x / 1e5]);
      L.polyline(line, { ...pen, color: "#fff", weight: 8, opacity: 0.9 }).addTo(drawn);
      L.polyline(line, { ...pen, color: "#16213e", weight: 3.5, opacity: 1, className: "qh-way" }).addTo(drawn);
    }
    tell(text(found, c, i), i);
  }
  quarterhour.onSelect(show);
  quarterhour.on("question", () => show(asked));
});
