// Buttons and what a map must say: layers, whole city, full screen, size of text, north, scale.
"use strict";

function quarterhourControls(quarterhour) {
  const { map, layers, picture, w, view } = quarterhour;
  const corner = (position, made) => new (L.Control.extend({ onAdd: () => made }))({ position }).addTo(map);
  const still = (made) => { L.DomEvent.disableClickPropagation(made).disableScrollPropagation(made); return made; };

  // --- layers that a question has ------------------------------------------------------------------
  const box = still(L.DomUtil.create("div", "qh-layers"));
  const offered = (asked) => [
    ["score", w.layer_score, asked && asked.circle !== null && picture.towns.some((town) => town.shape && town.share[asked.circle] !== null)],
    ["range", w.layer_range, asked && asked.range !== null],
    ["ground", w.layer_ground, asked && asked.ground !== null],
    ["others", w.layer_others, quarterhour.otherKinds().length > 0],
    ["roads", w.layer_roads, layers.roads],
    ["towns", w.layer_towns, picture.towns.some((town) => town.shape)],
  ].filter(([, , have]) => have);
  let open = null;  // as the reader left it; at first only where there is room beside the city
  quarterhour.relayer = () => {
    const before = box.querySelector("details");
    if (before) open = before.open;
    const rows = offered(quarterhour.asked()).map(([key, name]) => `<label><input type="checkbox" data-key="${key}"${view[key] ? " checked" : ""}> ${name}</label>`);
    box.innerHTML = `<details${(open === null ? window.innerWidth >= 1600 : open) ? " open" : ""}><summary>${w.layers}</summary>${rows.join("")}</details>`;
    box.hidden = !rows.length;
  };
  box.addEventListener("change", (changed) => {
    const key = changed.target.dataset.key, on = changed.target.checked;
    // After the plan, shares by town today, and how sure today is: three readings of the same city, one at a time.
    const one = ["score", "range"].includes(key) && on ? { score: false, range: false, after: false } : {};
    quarterhour.show({ ...one, [key]: on });
  });
  corner("topright", box);

  // --- buttons -------------------------------------------------------------------------------------
  let size = 0;
  const sizes = [1, 1.2, 1.45, 0.88];
  const grow = (step) => {
    const order = [3, 0, 1, 2], at = order.indexOf(size) + step;
    size = order[Math.max(0, Math.min(order.length - 1, at))];
    document.documentElement.style.setProperty("--qh-text", sizes[size]);
    map.invalidateSize();
  };
  const whole = document.documentElement;
  const buttons = [
    ["⌂", w.home, "qh-home", () => quarterhour.home()],
    whole.requestFullscreen ? [`<svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true"><path d="M1 5V1h4M9 1h4v4M13 9v4H9M5 13H1V9" fill="none" stroke="#23272e" stroke-width="1.8"/></svg>`, w.full, "qh-full", () => (document.fullscreenElement ? document.exitFullscreen() : whole.requestFullscreen())] : null,
    ["A−", w.smaller, "qh-smaller", () => grow(-1)],
    ["A", w.text_size, "qh-normal", () => { size = 0; grow(0); }],
    ["A+", w.larger, "qh-larger", () => grow(1)],
  ].filter(Boolean);
  const bar = still(L.DomUtil.create("div", "leaflet-bar qh-buttons"));
  for (const [sign, name, key, act] of buttons) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: key, innerHTML: sign, title: quarterhourPlain(name), onclick: act });
    button.setAttribute("aria-label", quarterhourPlain(name));
    bar.append(button);
  }
  corner("topright", bar);
  L.control.zoom({ position: "topright" }).addTo(map);
  const north = L.DomUtil.create("div", "qh-north");
  north.innerHTML = `<svg viewBox="0 0 20 26" width="20" height="26" aria-hidden="true"><path d="M10 1 17 24 10 19 3 24Z" fill="#23272e"/></svg><span>${w.north}</span>`;
  corner("bottomright", north);
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
}
