// Makes the PNG of a screenshot small: at most 256 colours, which a page of text and lines hardly
// has more of, and the strongest compression.
// https://www.w3.org/TR/png-3/
import { deflateSync, inflateSync } from 'node:zlib';

const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const coloursMax = 256;
const frequentMax = 176;

/** @param {Buffer} png eight bits a channel, not interlaced, as browsers write it */
export function shrinkPng(png) {
  const { width, height, channels, data } = read(png);
  const pixels = unfiltered(data, { width, height, channels });
  const colours = coloursOf(pixels, channels);
  const palette = paletteOf(colours);
  const indexes = nearestIndexes(colours, palette);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += channels) {
      rows[y * (width + 1) + 1 + x] = indexes.get(colourAt(pixels, at));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const entries = palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(entries)),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function read(png) {
  const parts = [];
  let header;
  for (let at = signature.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header = body;
    if (type === 'IDAT') parts.push(body);
    at += length + 12;
  }
  const channels = { 2: 3, 6: 4 }[header[9]];
  if (header[8] !== 8 || channels === undefined || header[12] !== 0) {
    throw new Error('the picture is not of the kind that browsers write');
  }
  const data = inflateSync(Buffer.concat(parts));
  return { width: header.readUInt32BE(0), height: header.readUInt32BE(4), channels, data };
}

/** Each row begins with a number that says how its bytes follow from their neighbours. */
function unfiltered(data, { width, height, channels }) {
  const stride = width * channels;
  const pixels = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y += 1) {
    const filter = data[y * (stride + 1)];
    for (let x = 0; x < stride; x += 1) {
      const at = y * stride + x;
      const left = x >= channels ? pixels[at - channels] : 0;
      const up = y > 0 ? pixels[at - stride] : 0;
      const corner = x >= channels && y > 0 ? pixels[at - stride - channels] : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      pixels[at] = data[y * (stride + 1) + 1 + x] + guess;
    }
  }
  return pixels;
}

function paeth(left, up, corner) {
  const sum = left + up - corner;
  const [a, b, c] = [Math.abs(sum - left), Math.abs(sum - up), Math.abs(sum - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

const colourAt = (pixels, at) => (pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2];

/** The most frequent first. */
function coloursOf(pixels, channels) {
  const counts = new Map();
  for (let at = 0; at < pixels.length; at += channels) {
    const colour = colourAt(pixels, at);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return [...counts].toSorted((a, b) => b[1] - a[1]).map(([colour]) => colour);
}

const distance = (a, b) =>
  ((a >> 16) - (b >> 16)) ** 2 +
  (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 +
  ((a & 255) - (b & 255)) ** 2;

/** The most frequent, and those that are least like any of them: a small icon keeps its colour. */
function paletteOf(colours) {
  if (colours.length <= coloursMax) return colours;
  const palette = colours.slice(0, frequentMax);
  const others = colours.slice(frequentMax).map((colour) => ({
    colour,
    away: Math.min(...palette.map((one) => distance(one, colour))),
  }));
  while (palette.length < coloursMax) {
    let farthest = others[0];
    for (const other of others) if (other.away > farthest.away) farthest = other;
    palette.push(farthest.colour);
    for (const other of others) {
      other.away = Math.min(other.away, distance(farthest.colour, other.colour));
    }
  }
  return palette;
}

function nearestIndexes(colours, palette) {
  const known = new Map(palette.map((colour, index) => [colour, index]));
  return new Map(
    colours.map((colour) => {
      if (known.has(colour)) return [colour, known.get(colour)];
      let best = 0;
      for (let one = 1; one < palette.length; one += 1) {
        if (distance(colour, palette[one]) < distance(colour, palette[best])) best = one;
      }
      return [colour, best];
    }),
  );
}

function chunk(type, body) {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const whole = Buffer.alloc(named.length + 8);
  whole.writeUInt32BE(body.length, 0);
  whole.set(named, 4);
  whole.writeUInt32BE(crc(named), named.length + 4);
  return whole;
}

const table = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ table[(value ^ byte) & 255];
  return (value ^ 0xffffffff) >>> 0;
}
