// What is on the map: one question, and of it today or after the plan, with the layers that were asked for.
"use strict";

function quarterhourView(quarterhour) {
  const { map, layers, picture, view } = quarterhour;
  function wanted() {
    const asked = quarterhour.asked(), on = new Set(["land", "counties", "names", ...quarterhour.kindsShown().map((k) => `kind_${k}`)]);
    const score = view.score && asked && asked.circle !== null;
    if (score) on.add(`score_${asked.circle}`);
    else on.add("communities");
    if (view.ground && asked && asked.ground !== null) on.add(`ground_${asked.ground}`);
    if (asked && asked.plan !== null) {
      on.add(`plan_${asked.plan}`);
      if (view.after && !score) on.add(`served_${asked.plan}`);
    }
    for (const key of ["roads", "towns"]) if (view[key]) on.add(key);
    return on;
  }
  function show(changes) {
    Object.assign(view, changes);
    const on = wanted();
    for (const [key, layer] of Object.entries(layers)) {
      if (on.has(key) && !map.hasLayer(layer)) map.addLayer(layer);
      if (!on.has(key) && map.hasLayer(layer)) map.removeLayer(layer);
    }
    quarterhour.paint();
    for (const k of quarterhour.kindsShown()) layers[`kind_${k}`].eachLayer((mark) => mark.bringToFront());
    quarterhour.sink();
    quarterhour.nameCounties();
    quarterhour.tell();
    quarterhour.relegend();
    quarterhour.relayer();
    quarterhour.resize();
    quarterhour.emit("view", view);
  }
  quarterhour.show = show;
  quarterhour.recolour = (kindOf) => show({ own: kindOf });
  quarterhour.ask = (question) => {
    quarterhour.question = question;
    show({ own: null, after: false, score: false, range: false, ground: false });
    quarterhour.emit("question", question);
  };
  quarterhour.resize = () => {
    const full = quarterhour.size();
    for (const [mark, part] of quarterhour.marks) if (mark.getRadius() !== full * part) mark.setRadius(full * part);
    map.getContainer().classList.toggle("qh-far", quarterhour.nearer() < 1);
    map.getContainer().classList.toggle("qh-near", quarterhour.nearer() >= 2.5);
  };
  map.on("zoomend", () => quarterhour.resize());
  if (picture.sea) map.getContainer().classList.add("qh-sea");
}
