// The legend: always in view, and at most five rows: what is on the map now.
"use strict";

function quarterhourLegend(quarterhour) {
  const { map, picture, w, colour, view, kindColour, groundOpacity, groundColour } = quarterhour;
  const key = (inside, kind = "") => `<div class="qh-key${kind}">${inside}</div>`;
  const dot = (state, text) => key(`<i class="qh-dot" style="background:${colour[state]}"></i>${text}`);
  const mark = (k) => {
    const kind = picture.kinds[k], clip = kind.symbol === "square" ? "" : `;${quarterhourClip(kind.symbol)}`;
    return `<span class="qh-mark"><i style="background:${kindColour(kind, k)}${clip}"></i>${kind.label}</span>`;
  };
  const site = () => `<span class="qh-mark"><span class="qh-site"><b>1</b></span>${w.plan_site}</span>`;

  function states(asked) {
    const seen = (state, text) => (quarterhour.seen.has(state) ? dot(state, text) : "");
    const grey = seen("not_judged", asked ? w.not_judged : w.communities);
    if (!asked) return [grey];
    if (view.score) return [];
    if (view.range && asked.range !== null) return [...["always", "sometimes", "never"].map((sure) => dot(sure, w[sure])), grey];
    if (view.after && asked.after) return [dot("met", asked.words.met_after), dot("planned", asked.words.planned), dot("not_met", asked.words.still), grey];
    return [dot("met", asked.words.met), quarterhour.seen.has("planned") ? dot("planned", asked.words.planned) : "", dot("not_met", asked.words.not_met), grey];
  }
  function ramp() {
    const steps = colour.share.map((fill, i) => `<i style="background:${fill};color:${i < 2 ? "#fff" : "#23272e"}">${i * 20}–${i * 20 + 20}%</i>`).join("");
    return key(`<span>${w.share_in}</span><span class="qh-ramp">${steps}</span>`, " qh-tall");
  }
  function ground(asked) {
    const drawn = picture.grounds[asked.ground];
    const bands = [...drawn.bands.keys()].reverse().map((b) => `<span class="qh-mark"><i style="opacity:${groundOpacity};background:${groundColour(drawn.bands, b)}"></i>${drawn.bands[b].label}</span>`).join("");
    return key(bands);
  }
  function rows() {
    const asked = quarterhour.asked(), made = states(asked).filter(Boolean), kinds = quarterhour.kindsShown().map(mark).join("");
    const sites = asked && asked.plan !== null && picture.plans[asked.plan].site.length ? site() : "";
    if (view.score && asked && asked.circle !== null) made.push(ramp());
    if (view.ground && asked && asked.ground !== null) made.push(ground(asked));
    const parts = [kinds, sites].filter(Boolean);
    if (made.length > 4 && parts.length) made.splice(2, 2, `<div class="qh-two">${made[2]}${made[3]}</div>`);  // one row for two states
    return [...made, ...(made.length + parts.length > 5 ? [parts.join("")] : parts).map((part) => key(part))];
  }
  const Legend = L.Control.extend({
    onAdd() {
      const box = quarterhour.legend = L.DomUtil.create("div", "qh-legend");
      L.DomEvent.disableClickPropagation(box).disableScrollPropagation(box);
      return box;
    },
  });
  new Legend({ position: "bottomright" }).addTo(map);
  quarterhour.relegend = () => {
    const asked = quarterhour.asked(), drawn = asked && view.ground && picture.grounds[asked.ground];
    const trial = quarterhour.tried ? `<p class="qh-trial">${quarterhour.tried}</p>` : "";
    const note = drawn ? `<p>${w.ground}</p><p>${drawn.note}</p>` : "";
    quarterhour.legend.innerHTML = `<h4>${w.legend}</h4>${trial}${rows().join("")}${note ? `<small>${note}</small>` : ""}<p class="qh-sources">${picture.sources}</p>`;
  };
}
