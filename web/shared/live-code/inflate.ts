/** One zlib stream (RFC 1950, RFC 1951) unpacked, strictly and never beyond a limit.
 *
 * The browsers' own DecompressionStream is missing in the older ones we serve and does not stop at a limit.
 */
import {Malformed} from './errors.ts';
import type {Octets} from './octets.ts';

const MAX_BITS = 15;
const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193,
  12289, 16385, 24577,
];
const DISTANCE_EXTRA = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const END_OF_BLOCK = 256;

function demand(holds: boolean): void {
  if (!holds) throw new Malformed('status list: not one zlib stream of a list');
}

/** How many symbols have each length, and the symbols in the order of their codes. */
interface Codes {
  readonly count: Uint16Array;
  readonly symbols: Uint16Array;
}

/** RFC 1951 §3.2.2. One code of one bit is the only incomplete set that is allowed. */
function codesOf(lengths: readonly number[]): Codes {
  const count = new Uint16Array(MAX_BITS + 1);
  for (const length of lengths) count[length]! += 1;
  let left = 1;
  for (let bits = 1; bits <= MAX_BITS; bits++) {
    left = 2 * left - count[bits]!;
    demand(left >= 0);
  }
  const used = lengths.length - count[0]!;
  demand(left === 0 || used === 0 || (used === 1 && count[1] === 1));
  const next = new Uint16Array(MAX_BITS + 2);
  for (let bits = 1; bits <= MAX_BITS; bits++) next[bits + 1] = next[bits]! + count[bits]!;
  const symbols = new Uint16Array(used);
  lengths.forEach((length, symbol) => {
    if (length > 0) symbols[next[length]!++] = symbol;
  });
  return {count, symbols};
}

const FIXED_LENGTHS = codesOf(Array.from({length: 288}, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)));
const FIXED_DISTANCES = codesOf(new Array<number>(32).fill(5));

class Unpacker {
  readonly #packed: Octets;
  readonly #most: number;
  #at = 2;
  #bits = 0;
  #held = 0;
  #out = new Uint8Array(1 << 12);
  #length = 0;

  constructor(packed: Octets, most: number) {
    this.#packed = packed;
    this.#most = most;
  }

  whole(): Octets {
    const [method = 0, flags = 0] = this.#packed;
    // Deflate, a window of at most 32 kB, no dictionary (RFC 1950 §2.2).
    demand((method & 0x0f) === 8 && method >> 4 <= 7 && (method * 256 + flags) % 31 === 0 && (flags & 0x20) === 0);
    while (!this.#block());
    const out = this.#out.slice(0, this.#length);
    const check = this.#packed.slice(this.#at, this.#at + 4);
    demand(check.length === 4 && this.#at + 4 === this.#packed.length);
    demand(new DataView(check.buffer).getUint32(0) === adler32(out));
    return out;
  }

  /** Whether it was the last one. */
  #block(): boolean {
    const isLast = this.#take(1) === 1;
    const kind = this.#take(2);
    demand(kind !== 3);
    if (kind === 0) this.#stored();
    else if (kind === 1) this.#coded(FIXED_LENGTHS, FIXED_DISTANCES);
    else this.#coded(...this.#tables());
    return isLast;
  }

  #take(count: number): number {
    while (this.#bits < count) {
      demand(this.#at < this.#packed.length);
      this.#held |= this.#packed[this.#at++]! << this.#bits;
      this.#bits += 8;
    }
    const value = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#bits -= count;
    return value;
  }

  #symbol({count, symbols}: Codes): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let bits = 1; bits <= MAX_BITS; bits++) {
      code |= this.#take(1);
      const here = count[bits]!;
      if (code - here < first) return symbols[index + code - first]!;
      index += here;
      first = (first + here) << 1;
      code <<= 1;
    }
    throw new Malformed('status list: not one zlib stream of a list');
  }

  #put(octet: number): void {
    demand(this.#length < this.#most);
    if (this.#length === this.#out.length) {
      const larger = new Uint8Array(2 * this.#out.length);
      larger.set(this.#out);
      this.#out = larger;
    }
    this.#out[this.#length++] = octet;
  }

  #stored(): void {
    this.#bits = 0;
    this.#held = 0;
    const [a, b, c, d] = this.#packed.subarray(this.#at, this.#at + 4);
    demand(d !== undefined && (a! | (b! << 8)) === (~(c! | (d << 8)) & 0xffff));
    const start = this.#at + 4;
    this.#at = start + (a! | (b! << 8));
    demand(this.#at <= this.#packed.length);
    for (let i = start; i < this.#at; i++) this.#put(this.#packed[i]!);
  }

  #tables(): [Codes, Codes] {
    const lengths = this.#take(5) + 257;
    const distances = this.#take(5) + 1;
    const sizes = new Array<number>(19).fill(0);
    const given = this.#take(4) + 4;
    demand(lengths <= 286 && distances <= 30);
    for (let i = 0; i < given; i++) sizes[CODE_LENGTH_ORDER[i]!] = this.#take(3);
    const codes = codesOf(sizes);
    const all: number[] = [];
    while (all.length < lengths + distances) {
      const symbol = this.#symbol(codes);
      demand(symbol !== 16 || all.length > 0);
      if (symbol < 16) all.push(symbol);
      else if (symbol === 16) repeat(all, all[all.length - 1]!, 3 + this.#take(2));
      else if (symbol === 17) repeat(all, 0, 3 + this.#take(3));
      else repeat(all, 0, 11 + this.#take(7));
    }
    demand(all.length === lengths + distances && all[END_OF_BLOCK]! > 0);
    return [codesOf(all.slice(0, lengths)), codesOf(all.slice(lengths))];
  }

  #coded(lengths: Codes, distances: Codes): void {
    for (;;) {
      const symbol = this.#symbol(lengths);
      if (symbol === END_OF_BLOCK) return;
      if (symbol < END_OF_BLOCK) this.#put(symbol);
      else this.#copy(symbol - 257, distances);
    }
  }

  #copy(kind: number, distances: Codes): void {
    demand(kind < LENGTH_BASE.length);
    const length = LENGTH_BASE[kind]! + this.#take(LENGTH_EXTRA[kind]!);
    const far = this.#symbol(distances);
    demand(far < DISTANCE_BASE.length);
    const from = this.#length - DISTANCE_BASE[far]! - this.#take(DISTANCE_EXTRA[far]!);
    demand(from >= 0);
    for (let i = 0; i < length; i++) this.#put(this.#out[from + i]!);
  }
}

function repeat(all: number[], value: number, times: number): void {
  for (let i = 0; i < times; i++) all.push(value);
}

function adler32(octets: Octets): number {
  let a = 1;
  let b = 0;
  for (let start = 0; start < octets.length; start += 3800) {
    for (const octet of octets.subarray(start, start + 3800)) {
      a += octet;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return b * 65536 + a;
}

/** The octets in `packed`, at most `most`. Throws Malformed for what is not one zlib stream with nothing after it. */
export function inflate(packed: Octets, most: number): Octets {
  return new Unpacker(packed, most).whole();
}
