/** SM3 (GB/T 32905-2016), a hash of 32 octets. */
import type {Octets} from './octets.ts';

const START = [
  0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e,
];
const BLOCK = 64;

/** SM3 of `octets`. */
export function sm3(octets: Uint8Array): Octets {
  const state = Int32Array.from(START);
  const whole = padded(octets);
  const words = new DataView(whole.buffer);
  for (let at = 0; at < whole.length; at += BLOCK) compress(state, words, at);
  const digest = new Uint8Array(32);
  const out = new DataView(digest.buffer);
  state.forEach((word, i) => out.setInt32(4 * i, word));
  return digest;
}

/** §5.2: a bit 1, noughts, and the length in bits in the last 64. */
function padded(octets: Uint8Array): Octets {
  const whole = new Uint8Array(Math.ceil((octets.length + 9) / BLOCK) * BLOCK);
  whole.set(octets);
  whole[octets.length] = 0x80;
  const end = new DataView(whole.buffer, whole.length - 8);
  end.setUint32(0, Math.floor(octets.length / 0x20000000));
  end.setUint32(4, octets.length << 3);
  return whole;
}

/** §5.3: expansion to 68 words, then 64 rounds. */
function compress(state: Int32Array, words: DataView, at: number): void {
  const w = new Int32Array(68);
  for (let j = 0; j < 16; j++) w[j] = words.getInt32(at + 4 * j);
  for (let j = 16; j < 68; j++) {
    w[j] = p1(w[j - 16]! ^ w[j - 9]! ^ turn(w[j - 3]!, 15)) ^ turn(w[j - 13]!, 7) ^ w[j - 6]!;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let j = 0; j < 64; j++) {
    const isEarly = j < 16;
    const ss1 = turn((turn(a, 12) + e + turn(isEarly ? 0x79cc4519 : 0x7a879d8a, j % 32)) | 0, 7);
    const ff = isEarly ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
    const gg = isEarly ? e ^ f ^ g : (e & f) | (~e & g);
    const tt1 = (ff + d + (ss1 ^ turn(a, 12)) + (w[j]! ^ w[j + 4]!)) | 0;
    const tt2 = (gg + h + ss1 + w[j]!) | 0;
    d = c;
    c = turn(b, 9);
    b = a;
    a = tt1;
    h = g;
    g = turn(f, 19);
    f = e;
    e = tt2 ^ turn(tt2, 9) ^ turn(tt2, 17);
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i]! ^= word));
}

function p1(x: number): number {
  return x ^ turn(x, 15) ^ turn(x, 23);
}

function turn(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}
