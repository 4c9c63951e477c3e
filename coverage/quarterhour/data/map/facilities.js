// Facilities, a layer a kind.
"use strict";

function quarterhourFacilities(quarterhour) {
  const { layers, picture, w, colour, of, row, top, grown, popup } = quarterhour;
  const kindColour = (kind, k) => kind.colour || colour.kinds[k % colour.kinds.length];
  picture.kinds.forEach((kind, k) => {
    const layer = layers[`kind_${k}`], fill = kindColour(kind, k);
    kind.x.forEach((x, i) => {
      if (x === null) return;
      const mark = grown(new QuarterhourMark([kind.y[i], x], { symbol: kind.symbol, renderer: top, weight: 0.5, color: "#fff", fillColor: fill, fillOpacity: 1 }), 0.75);
      mark.at = i;
      layer.addLayer(mark);
    });
    layer.bindTooltip((mark) => `${kind.name[mark.at]} <small>${kind.label}</small>`);
    layer.bindPopup((mark) => `<h3>${kind.name[mark.at]}</h3><table>${row(w.kind, kind.label)}${row(w.town, of(kind.town, mark.at))}${row(w.quality, of(kind.quality, mark.at))}${row(w.source, of(kind.source, mark.at))}</table>`, popup);
  });
  quarterhour.kindColour = kindColour;
}
