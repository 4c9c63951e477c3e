// Communities: why each is inside or outside, and one layer of them that the question colours.
"use strict";

function quarterhourCommunities(quarterhour) {
  const { map, layers, picture, w, colour, people, of, row, state, chip, top, grown, noteRows, popup, sure } = quarterhour;
  function minutes(circle, i) {
    return circle.minutes[i] ? `${circle.minutes[i]} ${w.minutes}` : "";
  }
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
  // The question that is shown comes first.
  const first = (own) => (a, b) => (b === own) - (a === own);
  function communityText(i) {
    const who = Object.entries(people.people).map(([name, column]) => row(name, column[i] === null ? w.no_data : `${column[i]} ${w.people_unit}`)).join("");
    const asked = quarterhour.asked() || {};
    const circles = [...picture.circles.keys()].sort(first(asked.circle)), shown = [...picture.plans.keys()].sort(first(asked.plan));
    const plans = shown.map((p) => row(picture.plans[p].name, of(picture.plans[p].how, i))).join("");
    return `<h3>${people.name[i]}</h3><table>${row(w.town, of(people.town, i))}${who}${row(w.worst_quality, of(people.quality, i))}</table>` +
      circles.map((c) => circleText(picture.circles[c], i, c)).join("") +
      (plans ? `<section><h4>${w.plan}</h4><table>${plans}</table></section>` : "") + noteRows(Object.entries(quarterhour.notes || {}).map(([name, column]) => [name, of(column, i)]));
  }

  // --- the state of a community in the view that is shown ------------------------------------------
  const codes = { 0: "not_met", 1: "met", 2: "planned" };
  function today(asked, i) {
    if (asked.circle !== null) return state[of(picture.circles[asked.circle].reason, i)] || "not_judged";
    return codes[asked.states[i]] || "not_judged";
  }
  function after(asked, i) {
    const now = today(asked, i), then = codes[asked.states_after[i]];
    return asked.circle !== null && now !== "not_met" ? now : then || now;
  }
  function sureOf(asked, i) {
    const now = today(asked, i);
    return now === "not_judged" ? now : of(picture.ranges[asked.range].covered, i) || "not_judged";
  }
  quarterhour.stateOf = (i) => {
    const asked = quarterhour.asked(), view = quarterhour.view;
    if (!asked) return "not_judged";
    if (view.own) return view.own(i);
    if (view.range && asked.range !== null) return sureOf(asked, i);
    return view.after && asked.after ? after(asked, i) : today(asked, i);
  };

  const layer = layers.communities = L.featureGroup(), dots = [];
  people.x.forEach((x, i) => {
    if (x === null) return;
    const dot = L.circleMarker([people.y[i], x], { renderer: top, stroke: people.x.length < 8000, weight: 0.5, color: "#fff", fillOpacity: 0.95, fillColor: colour.not_judged });
    dot.at = i;
    dots.push(grown(dot, 1));
    layer.addLayer(dot);
  });
  const grownDots = quarterhour.marks.slice(-dots.length);
  layer.bindTooltip((dot) => people.name[dot.at]).bindPopup((dot) => communityText(dot.at), popup);
  layer.on("click", (clicked) => quarterhour.emit("select", clicked.layer.at));
  map.on("popupclose", () => quarterhour.emit("select", null));

  // What is outside lies on top of what is inside, and is a little larger.
  const large = { not_met: 1.1, never: 1.1, planned: 1.1 };
  const rank = { not_judged: 0, met: 1, always: 1, sometimes: 2, planned: 2, not_met: 3, never: 3 };
  let painted = [], lying = false;
  quarterhour.paint = () => {
    const states = people.x.map((_, i) => quarterhour.stateOf(i)), there = map.hasLayer(layer);
    const changed = dots.filter((dot) => states[dot.at] !== painted[dot.at]);
    for (const dot of changed) dot.setStyle({ fillColor: colour[states[dot.at]] || colour.not_judged });
    for (const mark of grownDots) mark[1] = large[states[mark[0].at]] || 0.9;
    const order = there && (changed.length || !lying) ? [1, 2, 3] : [];
    for (const r of order) for (const dot of dots) if ((rank[states[dot.at]] || 0) === r) dot.bringToFront();
    quarterhour.seen = new Set(states);
    [painted, lying] = [states, there];
    return order.length > 0;
  };

  quarterhour.communityText = communityText;
  quarterhour.select = (i) => {
    if (people.x[i] === null) return quarterhour.emit("select", i);
    const at = [people.y[i], people.x[i]];
    map.setView(at, Math.max(map.getZoom(), 13), { animate: false });
    L.popup({ ...popup, autoPan: true }).setLatLng(at).setContent(communityText(i)).openOn(map);
    quarterhour.emit("select", i);
  };
  quarterhour.onSelect = (told) => quarterhour.on("select", told);
}
