// Roads, a schematic base: one canvas for all of them, drawn again only when the zoom changes or the view leaves it.
"use strict";

// The lines that columns.packed wrote, each as x, y, x, y ... on the map's plane at zoom 0, and its box.
function quarterhourUnpacked(text, project) {
  const lines = [], value = new Int16Array(128);
  for (let i = 0; i < 64; i++) value["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".charCodeAt(i)] = i;
  let at = 0, x = 0, y = 0;
  const whole = () => {
    for (let number = 0, place = 1; ; place *= 32) {
      const sign = value[text.charCodeAt(at++)];
      number += (sign & 31) * place;
      if (sign < 32) return number;
    }
  };
  const step = () => { const n = whole(); return n % 2 ? -(n + 1) / 2 : n / 2; };
  while (at < text.length) {
    const count = whole(), xy = new Float64Array(2 * count), box = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < count; i++) {
      x += step();
      y += step();
      const [px, py] = project(y / 1e5, x / 1e5);
      xy[2 * i] = px;
      xy[2 * i + 1] = py;
      box[0] = Math.min(box[0], px); box[1] = Math.min(box[1], py); box[2] = Math.max(box[2], px); box[3] = Math.max(box[3], py);
    }
    lines.push({ xy, box });
  }
  return lines;
}

const QuarterhourRoads = L.Renderer.extend({
  options: { pane: "qh-roads", padding: 0.5 },
  initialize(groups, nearer) {
    L.Renderer.prototype.initialize.call(this);
    Object.assign(this, { groups, nearer });
  },
  _initContainer() {
    this._container = document.createElement("canvas");
  },
  _destroyContainer() {
    this._container.remove();
    this._container = null;
    this._bounds = null;
  },
  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    const zoom = this._map.getZoom(), size = this._map.getSize();
    const corner = this._map.containerPointToLayerPoint([0, 0]), seen = L.bounds(corner, corner.add(size));
    if (this._bounds && this.drawn === zoom && this._bounds.contains(seen)) return;
    L.Renderer.prototype._update.call(this);
    this.drawn = zoom;
    this.draw(zoom);
  },
  // Again, whatever was drawn: the window has another size.
  refresh() {
    this.drawn = null;
    if (this._map) this._update();
  },
  draw(zoom) {
    const canvas = this._container, area = this._bounds, size = area.getSize(), sharp = L.Browser.retina ? 2 : 1;
    canvas.width = sharp * size.x;
    canvas.height = sharp * size.y;
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
    L.DomUtil.setPosition(canvas, area.min);
    const pen = canvas.getContext("2d"), scale = this._map.options.crs.scale(zoom), origin = this._map.getPixelOrigin();
    const left = area.min.x + origin.x, top = area.min.y + origin.y;
    const box = [left / scale, top / scale, (left + size.x) / scale, (top + size.y) / scale];
    pen.scale(sharp, sharp);
    pen.lineJoin = "round";
    for (const group of this.groups) if (this.nearer() >= group.from) this.stroke(pen, group, { scale, left, top, box, wide: this.nearer() > 4 ? 1.6 : 1 });
    this.drawings = (this.drawings || 0) + 1;
  },
  stroke(pen, group, { scale, left, top, box, wide }) {
    pen.strokeStyle = group.colour;
    pen.lineWidth = group.weight * wide;
    pen.beginPath();
    for (const line of group.lines) {
      if (line.box[0] > box[2] || line.box[2] < box[0] || line.box[1] > box[3] || line.box[3] < box[1]) continue;
      const xy = line.xy;
      pen.moveTo(xy[0] * scale - left, xy[1] * scale - top);
      for (let i = 2; i < xy.length; i += 2) pen.lineTo(xy[i] * scale - left, xy[i + 1] * scale - top);
    }
    pen.stroke();
  },
});

function quarterhourRoads(quarterhour) {
  const { map, layers, picture, colour } = quarterhour;
  const crs = map.options.crs, whole = crs.scale(0);
  const project = (lat, lng) => { const at = crs.latLngToPoint(L.latLng(lat, lng), 0); return [at.x / whole, at.y / whole]; };
  const sorted = picture.roads.some((group) => group.main);
  const groups = [...picture.roads].reverse().map((group) => {
    const [stroke, weight] = colour.road[group.road_class];
    // Without classes every road is drawn from the start, else minor ones from two steps nearer.
    return { lines: quarterhourUnpacked(group.lines, project), colour: sorted ? stroke : "#b3ab98", weight, from: group.main || !sorted ? -Infinity : 2 };
  });
  if (groups.some((group) => group.lines.length)) layers.roads = new QuarterhourRoads(groups, quarterhour.nearer);
}
