// The ground reached, a picture.
"use strict";

// Whole 1e-5 degrees, the first point and then steps, as latitude and longitude.
function quarterhourUnstepped(steps) {
  let x = 0, y = 0;
  const line = [];
  for (let i = 0; i < steps.length; i += 2) line.push([(y += steps[i + 1]) / 1e5, (x += steps[i]) / 1e5]);
  return line;
}

function quarterhourGrounds(quarterhour) {
  const { map, layers, picture, colour, flat } = quarterhour;
  const groundOpacity = 0.7;
  map.getPane("qh-grounds").style.opacity = groundOpacity;
  const ground = flat("qh-grounds"), groundColour = (bands, b) => colour.ground[Math.min(bands.length - 1 - b, colour.ground.length - 1)];
  picture.grounds.forEach((drawn, g) => {
    layers[`ground_${g}`] = L.layerGroup();
    drawn.bands.forEach((band, b) => {
      const fill = groundColour(drawn.bands, b);
      layers[`ground_${g}`].addLayer(L.polygon(band.shapes.map((rings) => rings.map(quarterhourUnstepped)), { ...ground, color: fill, weight: 1, fillColor: fill, fillOpacity: 1, fillRule: "nonzero" }));
    });
  });
  Object.assign(quarterhour, { groundOpacity, groundColour });
}
