// The whole city in the free part of the window, at any size, and on a sheet of paper.
"use strict";

function quarterhourFit(quarterhour) {
  const { map, layers, picture, popup } = quarterhour;
  const bounds = picture.bounds && L.latLngBounds(picture.bounds);
  const narrow = () => window.innerWidth <= 640;

  // What covers the map: the panel at the left, or on a phone the sheet at the bottom.
  function free() {
    const panel = quarterhour.panel.getBoundingClientRect(), size = map.getSize();
    if (narrow()) {
      const sheet = Math.min(size.y * 0.6, size.y - panel.top), legend = Math.min(size.y * 0.25, quarterhour.legend.getBoundingClientRect().bottom);
      return { paddingTopLeft: [12, legend + 8], paddingBottomRight: [50, sheet + 8] };
    }
    const legend = quarterhour.legend.getBoundingClientRect(), corner = [panel.right + 12, 12];
    // Beside the legend or above it, whichever leaves the city larger.
    const ways = [[Math.max(56, size.x - legend.left + 8), 12], [56, size.y - legend.top + 8]];
    const zoom = ([x, y]) => map.getBoundsZoom(bounds, false, L.point(corner[0] + x, corner[1] + y));
    return { paddingTopLeft: corner, paddingBottomRight: bounds && exactly(() => zoom(ways[1]) > zoom(ways[0])) ? ways[1] : ways[0] };
  }
  quarterhour.free = free;
  function settle() {
    const around = free();
    popup.autoPanPaddingTopLeft = around.paddingTopLeft;
    popup.autoPanPaddingBottomRight = [12, narrow() ? around.paddingBottomRight[1] : 12];
    return around;
  }
  // Between the steps of the zoom buttons.
  function exactly(act) {
    const snap = map.options.zoomSnap;
    map.options.zoomSnap = 0.02;
    const done = act();
    map.options.zoomSnap = snap;
    return done;
  }
  const whole = (around) => exactly(() => map.fitBounds(bounds, { ...around, maxZoom: 15, animate: false }));
  quarterhour.home = () => {
    if (!bounds) return;
    whole(settle());
    quarterhour.homeZoom = map.getZoom();
    // Dots as large as leaves them apart: by the pixels that the city has, and how many lie in it.
    const wide = map.latLngToLayerPoint(bounds.getNorthEast()).x - map.latLngToLayerPoint(bounds.getSouthWest()).x;
    const apart = wide / 6 / Math.sqrt(Math.max(1, picture.communities.x.length));
    quarterhour.dotSize = apart > 2.4 ? 2.8 : apart > 1.6 ? 2 : 1.4;  // a canvas draws whole pixels: 3, 2, and 1 or 2
  };
  if (bounds) {
    quarterhour.home();
    map.setMinZoom(Math.max(0, quarterhour.homeZoom - 1.5));
    map.setMaxBounds(bounds.pad(5));  // wide enough to stand above the sheet of a phone
  } else {
    map.setView([0, 0], 2);
  }
  map.on("resize", settle);

  // --- paper: a sheet of fixed size (A4 across; A3 is the same, enlarged by the style) --------------
  let before = null;
  // Now, not at the next frame: paper does not wait for one. And as pictures: of canvases drawn while it prints,
  // Chromium prints the strokes in a row, and what wipes one clean then wipes all below it.
  const pictures = [];
  const redraw = () => map.eachLayer((canvas) => {
    if (!(canvas instanceof L.Renderer)) return;
    if (canvas instanceof L.Canvas) {
      L.Util.cancelAnimFrame(canvas._redrawRequest);
      canvas._redrawRequest = canvas._redrawBounds = null;
      canvas._draw();
    } else {
      canvas.refresh();
    }
    const drawn = canvas._container, picture = new Image();
    picture.src = drawn.toDataURL();
    picture.style.cssText = drawn.style.cssText;
    picture.className = drawn.className;
    drawn.after(picture);
    drawn.style.display = "none";
    pictures.push([drawn, picture]);
  });
  const unpicture = () => {
    for (const [drawn, picture] of pictures.splice(0)) {
      drawn.style.display = "";
      picture.remove();
    }
  };
  function toPaper() {
    if (before) return;
    before = { centre: map.getCenter(), zoom: map.getZoom(), retina: L.Browser.retina };
    document.documentElement.classList.add("qh-paper");
    map.closePopup();
    L.Browser.retina = true;  // twice as many dots, as paper is looked at closely
    map.invalidateSize({ animate: false, pan: false });
    const panel = quarterhour.panel.offsetWidth;
    if (bounds) whole({ paddingTopLeft: [panel + 24, 14], paddingBottomRight: [24, 14] });
    redraw();
  }
  function fromPaper() {
    if (!before) return;
    document.documentElement.classList.remove("qh-paper");
    unpicture();
    L.Browser.retina = before.retina;
    map.invalidateSize({ animate: false, pan: false });
    exactly(() => map.setView(before.centre, before.zoom, { animate: false }));
    before = null;
    if (layers.roads) layers.roads.refresh();
  }
  window.addEventListener("beforeprint", toPaper);
  window.addEventListener("afterprint", fromPaper);
}
