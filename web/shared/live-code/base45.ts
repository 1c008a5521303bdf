/** Base45 (RFC 9285): octets as QR alphanumeric characters, two octets in three characters. */
import {Malformed} from './errors.ts';
import type {Octets} from './octets.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

const VALUE_OF = new Int8Array(128).fill(-1);
for (let value = 0; value < ALPHABET.length; value++) VALUE_OF[ALPHABET.charCodeAt(value)] = value;

/** Throws Malformed for a foreign character (small letters are foreign), a length that cannot be, or characters worth
 * more than their octets hold. */
export function decode(text: string): Octets {
  const rest = text.length % 3;
  if (rest === 1) throw new Malformed('base45: the length cannot be');
  const octets = new Uint8Array(((text.length - rest) / 3) * 2 + (rest ? 1 : 0));
  let at = 0;
  for (let i = 0; i < text.length; i += 3) {
    const isLast = i + 2 === text.length;
    const worth = value(text, i) + 45 * value(text, i + 1) + (isLast ? 0 : 2025 * value(text, i + 2));
    if (worth > (isLast ? 0xff : 0xffff)) throw new Malformed('base45: characters worth more than their octets hold');
    if (!isLast) octets[at++] = worth >> 8;
    octets[at++] = worth & 0xff;
  }
  return octets;
}

/** Always ASCII: three characters for each pair and two for a last single octet. */
export function encode(octets: Uint8Array): string {
  let text = '';
  for (let i = 0; i < octets.length; i += 2) {
    const isLast = i + 1 === octets.length;
    const worth = isLast ? octets[i]! : octets[i]! * 256 + octets[i + 1]!;
    text += ALPHABET[worth % 45]! + ALPHABET[Math.floor(worth / 45) % 45]!;
    if (!isLast) text += ALPHABET[Math.floor(worth / 2025)]!;
  }
  return text;
}

function value(text: string, at: number): number {
  const found = VALUE_OF[text.charCodeAt(at)] ?? -1;
  if (found < 0) throw new Malformed('base45: a character outside the alphabet');
  return found;
}
