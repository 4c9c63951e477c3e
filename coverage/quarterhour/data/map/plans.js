// Proposed sites and the communities they serve.
"use strict";

function quarterhourPlans(quarterhour) {
  const { layers, picture, w, colour, people, of, row, top, popup } = quarterhour;
  picture.plans.forEach((plan, p) => {
    const served = layers[`served_${p}`] = L.layerGroup(), layer = layers[`plan_${p}`] = L.layerGroup();
    plan.served.forEach((s, i) => {
      if (s < 0 || plan.x[s] === null || people.x[i] === null) return;
      served.addLayer(L.polyline([[plan.y[s], plan.x[s]], [people.y[i], people.x[i]]], { renderer: top, color: colour.site, weight: 1, opacity: 0.4, interactive: false }));
    });
    plan.site.forEach((name, s) => {
      if (plan.x[s] === null) return;
      const icon = L.divIcon({ className: "qh-site", html: `<b>${s + 1}</b>`, iconSize: [24, 24], iconAnchor: [12, 12] });
      const text = `<h3>${name}</h3><table>${row(w.plan, plan.name)}${row(w.plan_order, String(s + 1))}${row(plan.gain_name, plan.gain[s] ? `${plan.gain[s]} ${plan.unit}` : "")}${row(w.quality, of(plan.quality, s))}</table>`;
      layer.addLayer(L.marker([plan.y[s], plan.x[s]], { icon, zIndexOffset: 1000 - s, keyboard: false, alt: String(s + 1) }).bindTooltip(`${s + 1} ${name}`).bindPopup(text, popup));
    });
  });
}
