/** CBOR in its one deterministic form (RFC 8949 §4.2.1), and nothing else.
 *
 * Everything signed is hashed as it arrived, so a value must have one encoding only: lengths and integers are minimal,
 * maps are sorted by their encoded keys, no key stands twice, nothing follows the value. Tags, floats, `undefined`,
 * indefinite lengths and integers beyond 64 bits are refused; so are size and depth beyond the limits.
 */
import {Malformed} from './errors.ts';
import {concat, octetsOf, textOf, utf8} from './octets.ts';
import type {Octets} from './octets.ts';

/** Integers are numbers where a number holds them exactly, else bigints. Maps keep the order of their octets. */
export type Value = number | bigint | string | boolean | null | Octets | Value[] | Map<Value, Value>;

export const MAX_OCTETS = 1 << 20;
export const MAX_DEPTH = 8;

const UNSIGNED = 0;
const NEGATIVE = 1;
const OCTETS = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const SHORTEST = [24, 0x100, 0x10000, 0x100000000];

/** The value in `octets`. Throws Malformed unless they are its deterministic encoding and nothing more. */
export function decode(octets: Octets, maxOctets = MAX_OCTETS): Value {
  if (octets.length > maxOctets) throw new Malformed(`cbor: ${octets.length} octets, at most ${maxOctets} are read`);
  const [value, end] = read(octets, 0, MAX_DEPTH);
  if (end !== octets.length) throw new Malformed('cbor: something follows the value');
  return value;
}

function read(octets: Octets, at: number, depth: number): [Value, number] {
  const first = octets[at];
  if (first === undefined) throw new Malformed('cbor: ends too soon');
  if (depth === 0) throw new Malformed('cbor: nested too deep');
  if (first === 0xf4 || first === 0xf5) return [first === 0xf5, at + 1];
  if (first === 0xf6) return [null, at + 1];
  const major = first >> 5;
  if (major > MAP) throw new Malformed('cbor: a tag, a float or a simple value has no place here');
  const [argument, start] = readArgument(octets, at, major);
  if (major === UNSIGNED) return [argument, start];
  if (major === NEGATIVE) return [negative(argument), start];
  const length = Number(argument);
  // Every item takes an octet at least: a length beyond the end is refused before anything is made of it.
  if (length > octets.length - start) throw new Malformed('cbor: ends too soon');
  if (major === OCTETS) return [octets.slice(start, start + length), start + length];
  if (major === TEXT) return [textOf(octets.subarray(start, start + length)), start + length];
  if (major === ARRAY) return readArray(octets, start, length, depth - 1);
  return readMap(octets, start, length, depth - 1);
}

function negative(argument: number | bigint): number | bigint {
  const value = -1n - BigInt(argument);
  return value >= BigInt(Number.MIN_SAFE_INTEGER) ? Number(value) : value;
}

function readArray(octets: Octets, start: number, length: number, depth: number): [Value, number] {
  const items: Value[] = [];
  let at = start;
  for (let i = 0; i < length; i++) {
    const [item, end] = read(octets, at, depth);
    items.push(item);
    at = end;
  }
  return [items, at];
}

function readMap(octets: Octets, start: number, length: number, depth: number): [Value, number] {
  const entries = new Map<Value, Value>();
  let before: Octets | null = null;
  let at = start;
  for (let i = 0; i < length; i++) {
    const [key, afterKey] = read(octets, at, depth);
    if (typeof key !== 'number' && typeof key !== 'bigint' && typeof key !== 'string') {
      throw new Malformed('cbor: the key of a map is a number or a text');
    }
    const encoded = octets.slice(at, afterKey);
    // Strictly rising: neither unsorted nor twice.
    if (before !== null && !isBefore(before, encoded)) throw new Malformed('cbor: keys unsorted or twice');
    before = encoded;
    const [value, end] = read(octets, afterKey, depth);
    entries.set(key, value);
    at = end;
  }
  return [entries, at];
}

function isBefore(one: Octets, other: Octets): boolean {
  for (let i = 0; i < one.length && i < other.length; i++) {
    if (one[i] !== other[i]) return one[i]! < other[i]!;
  }
  return one.length < other.length;
}

/** The deterministic encoding. Throws Malformed for a number that is no integer or does not fit. */
export function encode(value: Value): Octets {
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (typeof value === 'number' || typeof value === 'bigint') return encodeInteger(value);
  if (typeof value === 'string') {
    const octets = utf8(value);
    return concat(head(TEXT, octets.length), octets);
  }
  if (value instanceof Uint8Array) return byteString(value);
  if (Array.isArray(value)) return concat(head(ARRAY, value.length), ...value.map(encode));
  const entries = [...value].map(([key, held]): [Octets, Octets] => [encode(key), encode(held)]);
  entries.sort(([one], [other]) => (isBefore(one, other) ? -1 : 1));
  return concat(head(MAP, entries.length), ...entries.flat());
}

function encodeInteger(value: number | bigint): Octets {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new Malformed('cbor: not an integer');
  return value >= 0 ? head(UNSIGNED, value) : head(NEGATIVE, -1n - BigInt(value));
}

/** First octets of an item: major type 0–7 and its shortest argument. Throws Malformed beyond 64 bits. */
export function head(major: number, argument: number | bigint): Octets {
  const top = major << 5;
  if (argument < 24) return Uint8Array.of(top | Number(argument));
  for (let size = 0; size < 4; size++) {
    const octets = 1 << size;
    if (BigInt(argument) < 1n << BigInt(8 * octets)) {
      return concat(Uint8Array.of(top | (24 + size)), octetsOf(argument, octets));
    }
  }
  throw new Malformed('cbor: an integer beyond 64 bits');
}

export function byteString(octets: Uint8Array): Octets {
  return concat(head(OCTETS, octets.length), octets);
}

/** Argument of the item of type `major` that begins at `at`, and the place after its head.
 *
 * Throws Malformed for another type, a longer form than needed, or an end too soon. */
export function readArgument(octets: Uint8Array, at: number, major: number): [number | bigint, number] {
  const first = octets[at];
  if (first === undefined) throw new Malformed('cbor: ends too soon');
  const low = first - (major << 5);
  if (low >= 0 && low < 24) return [low, at + 1];
  if (low < 24 || low > 27) throw new Malformed(`cbor: not an item of major type ${major}`);
  const end = at + 1 + (1 << (low - 24));
  if (end > octets.length) throw new Malformed('cbor: ends too soon');
  let argument: number | bigint = 0;
  for (let i = at + 1; i < end; i++) {
    const next: number = Number(argument) * 256 + octets[i]!;
    argument = Number.isSafeInteger(next) ? next : BigInt(argument) * 256n + BigInt(octets[i]!);
  }
  if (argument < SHORTEST[low - 24]!) throw new Malformed('cbor: a longer form than needed');
  return [argument, end];
}

/** The byte string that begins at `at`, and the place after it. Throws Malformed as `readArgument`. */
export function readByteString(octets: Octets, at: number): [Octets, number] {
  const [length, start] = readArgument(octets, at, OCTETS);
  const end = start + Number(length);
  if (end > octets.length) throw new Malformed('cbor: ends too soon');
  return [octets.slice(start, end), end];
}

/** The text that begins at `at`, and the place after it. Throws Malformed. */
export function readText(octets: Octets, at: number): [string, number] {
  const [length, start] = readArgument(octets, at, TEXT);
  const end = start + Number(length);
  if (end > octets.length) throw new Malformed('cbor: ends too soon');
  return [textOf(octets.subarray(start, end)), end];
}

/** The unsigned integer that begins at `at`, and the place after it. Beyond 2^53 it is Infinity, which no claim allows.
 * Throws Malformed. */
export function readUint(octets: Octets, at: number): [number, number] {
  const [value, end] = readArgument(octets, at, UNSIGNED);
  return [typeof value === 'number' ? value : Infinity, end];
}
