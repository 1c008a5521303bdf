/** Octets: joined, compared, as hex and as text. */
import {Malformed} from './errors.ts';

/** Octets that WebCrypto takes: never on memory shared with another thread. */
export type Octets = Uint8Array<ArrayBuffer>;

const READER = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
const WRITER = new TextEncoder();

export function concat(...parts: readonly Uint8Array[]): Octets {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Only public values are compared here, so the time it takes says nothing worth hiding. */
export function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((octet, at) => octet === other[at]);
}

/** Whether `part` stands in `octets` at `at`. */
export function standsAt(octets: Uint8Array, at: number, part: Uint8Array): boolean {
  return at + part.length <= octets.length && part.every((octet, i) => octet === octets[at + i]);
}

export function toHex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
}

/** Throws Malformed. */
export function fromHex(text: string): Octets {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new Malformed('hex: pairs of 0-9 and a-f');
  const octets = new Uint8Array(text.length / 2);
  for (let i = 0; i < octets.length; i++) octets[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return octets;
}

export function utf8(text: string): Octets {
  return WRITER.encode(text) as Octets;
}

/** Strict: no surrogates, no long forms. Throws Malformed. */
export function textOf(octets: Uint8Array): string {
  try {
    return READER.decode(octets);
  } catch {
    throw new Malformed('text: not in UTF-8');
  }
}

/** The number in big-endian `octets`. */
export function bigIntOf(octets: Uint8Array): bigint {
  return BigInt('0x0' + toHex(octets));
}

/** `length` octets, big-endian; the number must fit. */
export function octetsOf(number: bigint | number, length: number): Octets {
  return fromHex(number.toString(16).padStart(2 * length, '0'));
}

export async function sha256(octets: Octets): Promise<Octets> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', octets));
}
