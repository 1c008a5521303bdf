/** DER (X.690): values one inside the other, lengths in their one form. */
import {BadCertificate} from './errors.ts';
import {toHex} from './octets.ts';
import type {Octets} from './octets.ts';

export interface Tlv {
  readonly tag: number;
  readonly contents: Octets;
  /** With its tag and length, as it came. */
  readonly whole: Octets;
}

export const SEQUENCE = 0x30;
export const INTEGER = 0x02;
export const BOOLEAN = 0x01;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OID = 0x06;

/** The values that follow each other in `octets`, to its end. Throws BadCertificate. */
export function values(octets: Octets): Tlv[] {
  const found: Tlv[] = [];
  for (let at = 0; at < octets.length; ) {
    const [value, end] = next(octets, at);
    found.push(value);
    at = end;
  }
  return found;
}

/** The one value of that tag in `octets`, with nothing after it. Throws BadCertificate. */
export function only(octets: Octets, tag: number): Tlv {
  const [value, ...more] = values(octets);
  if (more.length > 0) throw new BadCertificate('something after its end');
  return tagged(value, tag);
}

/** `value` itself. Throws BadCertificate for none or one of another tag. */
export function tagged(value: Tlv | undefined, tag: number): Tlv {
  if (value?.tag !== tag) throw new BadCertificate('something stands where another thing must');
  return value;
}

function next(octets: Octets, at: number): [Tlv, number] {
  const [tag, first] = [octets[at], octets[at + 1]];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new BadCertificate('not in DER');
  const more = first < 0x80 ? 0 : first & 0x7f;
  let length = more === 0 ? first : 0;
  if (first === 0x80 || more > 3) throw new BadCertificate('not in DER');
  const start = at + 2 + more;
  for (let i = at + 2; i < start; i++) length = length * 256 + (octets[i] ?? NaN);
  const end = start + length;
  const isShortest = more === 0 || length >= (more === 1 ? 0x80 : 256 ** (more - 1));
  if (!isShortest || !(end <= octets.length)) throw new BadCertificate('not in DER');
  return [{tag, contents: octets.slice(start, end), whole: octets.slice(at, end)}, end];
}

/** A positive number of at most 256 bits in 32 octets, from its minimal form. Throws BadCertificate. */
export function uint256(value: Tlv | undefined): Octets {
  const {contents} = tagged(value, INTEGER);
  const isPadded = contents[0] === 0;
  const number = isPadded ? contents.subarray(1) : contents;
  const isMinimal = contents.length > 0 && (isPadded ? contents.length === 1 || contents[1]! >= 0x80 : contents[0]! < 0x80);
  if (!isMinimal || number.length > 32) throw new BadCertificate('not a positive number of 256 bits');
  const octets = new Uint8Array(32);
  octets.set(number, 32 - number.length);
  return octets;
}

/** Contents of a named identifier, `2a8648ce3d040302`. Throws BadCertificate. */
export function oidHex(value: Tlv | undefined): string {
  return toHex(tagged(value, OID).contents);
}

/** Epoch seconds of a UTCTime (RFC 5280 §4.1.2.5.1) or GeneralizedTime, both to the second and in Z. Throws
 * BadCertificate. */
export function seconds(value: Tlv | undefined): number {
  const text = String.fromCharCode(...(value?.contents ?? []));
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (!match || value!.tag !== (text.length === 13 ? 0x17 : 0x18)) throw new BadCertificate('a time in another form');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number];
  const century = text.length === 15 ? 0 : year < 50 ? 2000 : 1900;
  const at = Date.UTC(century + year, month - 1, day, hour, minute, second);
  const digits = new Date(at).toISOString().replace(/[-T:]|\.000/g, '');
  if (!digits.endsWith(text)) throw new BadCertificate('a time there is not');
  return at / 1000;
}
