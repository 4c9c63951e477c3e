// Roads, a schematic base.
"use strict";

function quarterhourRoads(quarterhour) {
  const { layers, picture, colour, flat } = quarterhour;
  const road = flat("qh-roads");
  picture.roads.forEach((group) => {
    const lines = group.lines.map(quarterhourUnstepped);
    const [stroke, weight] = colour.road[group.road_class];
    layers[group.main ? "roads_main" : "roads_minor"].addLayer(L.polyline(lines, { ...road, color: stroke, weight, opacity: 1, smoothFactor: 1.5 }));
  });
}
