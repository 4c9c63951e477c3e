// Reads what maps/varints.py packs: deflated texts, and columns of whole numbers, each with its length in front.
"use strict";

async function quarterhourInflated(text) {
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
const quarterhourText = async (text) => new TextDecoder().decode(await quarterhourInflated(text));

async function quarterhourColumns(text) {
  const bytes = await quarterhourInflated(text), columns = [];
  let at = 0;
  const next = () => {
    let value = 0, unit = 1;
    for (;; unit *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * unit;
      if (byte < 128) return value % 2 ? -(value + 1) / 2 : value / 2;
    }
  };
  while (at < bytes.length) columns.push(Array.from({ length: next() }, next));
  return columns;
}
