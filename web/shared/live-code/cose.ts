/** COSE_Sign1 (RFC 9052 §4.2) in the one shape this platform signs and reads.
 *
 *     COSE_Sign1 = [protected: bstr .cbor {4: kid}, unprotected: {}, payload: bstr, signature: bstr .size 64]
 *
 * Untagged. The header holds eight octets of key id and nothing else: no certificate, no address, nothing critical and no
 * algorithm, since a key has one and only the trust bundle says which. What was signed is used as it came, never written
 * again. The status list token is the exception its standard asks for: its header holds algorithm and type as well.
 */
import * as cbor from './cbor.ts';
import {Malformed} from './errors.ts';
import {ES256, KID_OCTETS, SM2} from './keys.ts';
import type {Alg} from './keys.ts';
import {concat, standsAt, utf8} from './octets.ts';
import type {Octets} from './octets.ts';

const SIGN1 = Uint8Array.of(0x84);
const CONTEXT = concat(Uint8Array.of(0x84, 0x6a), utf8('Signature1'));
const NO_EXTERNAL_DATA = Uint8Array.of(0x40);
const NO_UNPROTECTED = Uint8Array.of(0xa0);
const SIGNATURE_HEAD = Uint8Array.of(0x58, 0x40);
const SIGNATURE_OCTETS = 64;

/** A COSE_Sign1 that was read but not verified. */
export interface Sign1 {
  /** As the header says; null where it does not. */
  readonly alg: Alg | null;
  readonly kid: Octets;
  readonly payload: Octets;
  readonly signature: Octets;
  readonly toBeSigned: Octets;
}

/** What stands before and after the key id. */
interface Shape {
  readonly starts: readonly (readonly [Alg | null, Octets])[];
  readonly afterKid: Octets;
}

function shapeStart(header: Octets, afterKid: Octets): Octets {
  return concat(SIGN1, cbor.head(2, header.length + KID_OCTETS + afterKid.length), header);
}

function shapeOf(mediaType: string | null): Shape {
  const kid = Uint8Array.of(0x04, 0x40 | KID_OCTETS);
  if (mediaType === null) {
    const none = new Uint8Array();
    return {starts: [[null, shapeStart(concat(Uint8Array.of(0xa1), kid), none)]], afterKid: none};
  }
  const afterKid = concat(cbor.encode(16), cbor.encode(mediaType));
  const starts = ([ES256, SM2] as const).map((alg) => {
    const header = concat(Uint8Array.of(0xa3), cbor.encode(1), cbor.encode(alg), kid);
    return [alg, shapeStart(header, afterKid)] as const;
  });
  return {starts, afterKid};
}

export const PLAIN = shapeOf(null);
export const STATUS_LIST = shapeOf('application/statuslist+cwt');

/** Read a COSE_Sign1 of exactly that shape; the signature is not looked at. Throws Malformed. */
export function parse(octets: Octets, shape: Shape = PLAIN): Sign1 {
  const found = shape.starts.find(([, start]) => standsAt(octets, 0, start));
  if (!found) throw new Malformed('cose: not an untagged Sign1 with the header it must have');
  const [alg, start] = found;
  const afterKid = start.length + KID_OCTETS;
  const afterHeader = afterKid + shape.afterKid.length;
  if (!standsAt(octets, afterKid, concat(shape.afterKid, NO_UNPROTECTED))) {
    throw new Malformed('cose: the unprotected header must be empty, the type the expected one');
  }
  const [payload, end] = cbor.readByteString(octets, afterHeader + 1);
  const signatureAt = end + SIGNATURE_HEAD.length;
  if (!standsAt(octets, end, SIGNATURE_HEAD) || octets.length !== signatureAt + SIGNATURE_OCTETS) {
    throw new Malformed('cose: not one signature of 64 octets at the end');
  }
  return {
    alg,
    kid: octets.slice(start.length, afterKid),
    payload,
    signature: octets.slice(signatureAt),
    toBeSigned: concat(
      CONTEXT,
      octets.subarray(1, afterHeader),
      NO_EXTERNAL_DATA,
      octets.subarray(afterHeader + 1, end),
    ),
  };
}
