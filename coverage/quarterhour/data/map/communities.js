// Communities: why each is inside or outside, and one layer a circle.
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
  function communityText(i) {
    const who = Object.entries(people.people).map(([name, column]) => row(name, column[i] === null ? w.no_data : `${column[i]} ${w.people_unit}`)).join("");
    const plans = picture.plans.map((plan) => row(plan.name, of(plan.how, i))).join("");
    return `<h3>${people.name[i]}</h3><table>${row(w.town, of(people.town, i))}${who}${row(w.quality, of(people.quality, i))}</table>` +
      picture.circles.map((circle, c) => circleText(circle, i, c)).join("") +
      (plans ? `<section><h4>${w.plan}</h4><table>${plans}</table></section>` : "") + noteRows(Object.entries(people.notes).map(([name, column]) => [name, of(column, i)]));
  }

  function drawCommunities(layer, kindOf, said) {
    people.x.forEach((x, i) => {
      if (x === null) return;
      const kind = kindOf(i);
      const dot = grown(L.circleMarker([people.y[i], x], { renderer: top, weight: 0.5, color: "#fff", fillColor: colour[kind], fillOpacity: 0.95 }), kind === "met" || kind === "always" ? 0.85 : 1.1);
      dot.at = i;
      layer.addLayer(dot);
    });
    layer.bindTooltip((dot) => people.name[dot.at] + said(dot.at)).bindPopup((dot) => communityText(dot.at), popup);
    layer.on("click", (clicked) => quarterhour.emit("select", clicked.layer.at));
  }
  picture.circles.forEach((circle, c) => drawCommunities(layers[`circle_${c}`], (i) => state[of(circle.reason, i)] || "not_judged", () => ""));
  picture.ranges.forEach((range, r) => drawCommunities(layers[`range_${r}`],
    (i) => (of(picture.circles[range.circle].reason, i) === "not_snapped" ? "not_judged" : of(range.covered, i) || "not_judged"),
    (i) => (of(range.covered, i) ? ` <small>${w[of(range.covered, i)]}</small>` : "")));
  quarterhour.communityText = communityText;
  quarterhour.select = (i) => {
    quarterhour.emit("select", i);
    if (people.x[i] === null) return;
    const at = [people.y[i], people.x[i]];
    map.setView(at, Math.max(map.getZoom(), 13), { animate: false });
    L.popup({ ...popup, autoPan: true }).setLatLng(at).setContent(communityText(i)).openOn(map);
  };
  quarterhour.onSelect = (told) => quarterhour.on("select", told);
}
