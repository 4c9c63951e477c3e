// Facilities, a layer a kind.
"use strict";

function quarterhourFacilities(quarterhour) {
  const { layers, picture, w, colour, of, row, top, grown, popup } = quarterhour;
  const kindColour = (kind, k) => kind.colour || colour.kinds[k % colour.kinds.length];
  picture.kinds.forEach((kind, k) => {
    const layer = layers[`kind_${k}`] = L.featureGroup(), fill = kindColour(kind, k);
    kind.x.forEach((x, i) => {
      if (x === null) return;
      const mark = grown(new QuarterhourMark([kind.y[i], x], { symbol: kind.symbol, renderer: top, weight: 0.8, color: "#fff", fillColor: fill, fillOpacity: 1 }), 0.85);
      mark.at = i;
      layer.addLayer(mark);
    });
    layer.bindTooltip((mark) => `${kind.name[mark.at]} <small>${kind.label}</small>`);
    layer.bindPopup((mark) => `<h3>${kind.name[mark.at]}</h3><table>${row(w.kind, kind.label)}${row(w.town, of(kind.town, mark.at))}${row(w.quality, of(kind.quality, mark.at))}${row(w.source, of(kind.source, mark.at))}</table>`, popup);
  });
  const lying = (kind) => kind.x.some((x) => x !== null);
  quarterhour.kindColour = kindColour;
  // The kinds of the question; the others only when asked for.
  quarterhour.kindsShown = () => {
    const asked = quarterhour.asked(), own = asked ? asked.kinds : [...picture.kinds.keys()];
    return [...picture.kinds.keys()].filter((k) => lying(picture.kinds[k]) && (own.includes(k) || quarterhour.view.others));
  };
  quarterhour.otherKinds = () => {
    const asked = quarterhour.asked();
    return asked ? [...picture.kinds.keys()].filter((k) => lying(picture.kinds[k]) && !asked.kinds.includes(k)) : [];
  };
}
