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

// Whether two boxes (west, north, east, south on the plane) have nothing in common.
const quarterhourApart = (one, two) => one[0] > two[2] || one[2] < two[0] || one[1] > two[3] || one[3] < two[1];
const QUARTERHOUR_TILES = 96, QUARTERHOUR_LINES = 50000;

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
    this.forget(box);
    this.drawings = (this.drawings || 0) + 1;
  },
  // Of too many tiles unpacked, those that are not looked at are let go.
  forget(box) {
    const held = this.groups.flatMap((group) => group.tiles).filter((tile) => tile.lines);
    if (held.length > QUARTERHOUR_TILES) for (const tile of held) if (quarterhourApart(tile.box, box)) tile.lines = null;
  },
  stroke(pen, group, { scale, left, top, box, wide }) {
    pen.strokeStyle = group.colour;
    pen.lineWidth = group.weight * wide;
    pen.beginPath();
    for (const tile of group.tiles) {
      if (quarterhourApart(tile.box, box)) continue;
      tile.lines = tile.lines || tile.unpack();
      for (const line of tile.lines) {
        if (quarterhourApart(line.box, box)) continue;
        const xy = line.xy;
        pen.moveTo(xy[0] * scale - left, xy[1] * scale - top);
        for (let i = 2; i < xy.length; i += 2) pen.lineTo(xy[i] * scale - left, xy[i + 1] * scale - top);
      }
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
    const tiles = group.tiles.map(({ box, lines }) => {
      const [west, south, east, north] = box.map((degrees) => degrees / 1e5);
      return { box: [...project(north, west), ...project(south, east)], lines: null, unpack: () => quarterhourUnpacked(lines, project) };
    });
    // Without classes every road is drawn from the start, else minor ones from two steps nearer; of a whole province
    // from where as many are seen as a city has.
    const more = Math.max(0, Math.log(group.count / (sorted ? 1 : 8) / QUARTERHOUR_LINES) / Math.log(4));
    return { tiles, colour: sorted ? stroke : "#b3ab98", weight, from: group.main ? -Infinity : sorted ? 2 + more : more || -Infinity };
  });
  if (groups.some((group) => group.tiles.length)) layers.roads = new QuarterhourRoads(groups, quarterhour.nearer);
}
