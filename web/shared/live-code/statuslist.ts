/** Token Status List (draft-ietf-oauth-status-list): the status of a million credentials in a few kilobytes, signed by the
 * status signer. Whoever holds the lists asks nobody about a single credential.
 */
import * as cbor from './cbor.ts';
import type {Value} from './cbor.ts';
import {STATUS_LIST_SIZE, demandTimes, isText} from './claims.ts';
import * as cose from './cose.ts';
import {BadSignature, Malformed} from './errors.ts';
import {inflate} from './inflate.ts';
import type {Octets} from './octets.ts';
import {standsAt} from './octets.ts';
import {whyNotAt} from './trust.ts';
import type {TrustBundle} from './trust.ts';

const SUB = 2;
const EXP = 4;
const IAT = 6;
const LIST = 65533;
const TTL = 65534;
const TAG = Uint8Array.of(0xd2);
const BITS = [1, 2, 4, 8];

/** What a list says of a credential; reversible states are `suspended`, never `invalid`. */
export type Listed = 'valid' | 'invalid' | 'suspended';
const LISTED: readonly Listed[] = ['valid', 'invalid', 'suspended'];

/** A verified list. Times are epoch seconds. */
export interface StatusList {
  readonly uri: string;
  /** When it was made: how old what it says is. */
  readonly iat: number;
  readonly exp: number;
  /** Seconds after which to fetch it anew. */
  readonly ttl: number;
  readonly bits: number;
  /** Unpacked when it is asked for: the packed lists of a whole nation fit a phone, the unpacked ones do not. */
  readonly octets: Octets;
}

/** Where list number `list` is published. */
export function uriOf(list: number): string {
  return `/open/status-lists/${list}`;
}

/** Entry `index`, as a number. Throws RangeError beyond the end: a credential that names no entry must not pass as valid. */
export function entryOf(list: StatusList, index: number): number {
  const place = index * list.bits;
  const octet = Number.isInteger(index) && index >= 0 ? list.octets[Math.floor(place / 8)] : undefined;
  if (octet === undefined) throw new RangeError(`status list: no entry ${index}`);
  return (octet >> place % 8) & ((1 << list.bits) - 1);
}

/** The list published at `uri`, valid at `at` (epoch seconds). Throws Malformed for its form, BadSignature when its signer
 * is not to be trusted, or it is another list or has run out. */
export async function openStatusList(octets: Octets, trust: TrustBundle, uri: string, at: number): Promise<StatusList> {
  if (!standsAt(octets, 0, TAG)) throw new Malformed('status list: not a tagged COSE_Sign1');
  const signed = cose.parse(octets.slice(1), cose.STATUS_LIST);
  const list = readClaims(cbor.decode(signed.payload, 2 * STATUS_LIST_SIZE));
  const entry = trust.find(signed.kid, 'status');
  if (!entry || signed.alg !== entry.key.alg) {
    throw new BadSignature('status list: not a status signer of the trust bundle');
  }
  const why = whyNotAt(entry, list.iat);
  if (why !== null) throw new BadSignature(`status list: ${why}`);
  await entry.key.verify(signed.toBeSigned, signed.signature);
  if (list.uri !== uri) throw new BadSignature('status list: another list than the one asked for');
  if (at >= list.exp) throw new BadSignature('status list: it has run out');
  return list;
}

function readClaims(claims: Value): StatusList {
  const isList = claims instanceof Map && claims.size === 5 && [SUB, EXP, IAT, LIST, TTL].every((key) => claims.has(key));
  if (!isList) throw new Malformed('status list: not the claims of a status list token');
  const [uri, exp, iat, member, ttl] = [SUB, EXP, IAT, LIST, TTL].map((key) => claims.get(key));
  if (!isText(uri, 500) || typeof ttl !== 'number' || ttl < 0 || ttl >= 2 ** 32) {
    throw new Malformed('status list: uri or ttl');
  }
  demandTimes(iat, exp);
  const {bits, packed} = readMember(member);
  const unpacked = () => inflate(packed, STATUS_LIST_SIZE);
  unpacked();
  return {
    uri, iat: iat as number, exp: exp as number, ttl, bits,
    get octets() {
      return unpacked();
    },
  }; // prettier-ignore
}

function readMember(member: Value | undefined): {bits: number; packed: Octets} {
  if (!(member instanceof Map)) throw new Malformed('status list: not a status list');
  const bits = member.get('bits');
  const packed = member.get('lst');
  const extra = member.size - (member.has('aggregation_uri') ? 1 : 0);
  if (extra !== 2 || typeof bits !== 'number' || !BITS.includes(bits) || !(packed instanceof Uint8Array)) {
    throw new Malformed('status list: not a status list');
  }
  return {bits, packed};
}

/** The lists a verifier has downloaded, by their number. */
export class StatusData {
  readonly #lists = new Map<number, StatusList>();

  /** Keeps a list that `openStatusList` verified, unless a newer one of that number is here. Whether it was kept. */
  put(number: number, list: StatusList): boolean {
    if (list.uri !== uriOf(number)) throw new RangeError('status list: kept under the number of another');
    const held = this.#lists.get(number);
    if (held && held.iat > list.iat) return false;
    this.#lists.set(number, list);
    return true;
  }

  /** What is known of a credential at `at`, and when that was so; null without a list of its number that is in time. An entry
   * that does not exist, or a value that is not known, is `invalid`: deny by default. */
  of(statusList: number, statusIndex: number, at: number): {readonly listed: Listed; readonly asOf: number} | null {
    const held = this.#lists.get(statusList);
    if (!held || at >= held.exp) return null;
    const list = {...held};
    const isThere = statusIndex * list.bits < 8 * list.octets.length;
    return {listed: (isThere && LISTED[entryOf(list, statusIndex)]) || 'invalid', asOf: list.iat};
  }

  /** How many there are. */
  get size(): number {
    return this.#lists.size;
  }

  /** When the oldest list was made; null without any. */
  get oldest(): number | null {
    const made = [...this.#lists.values()].map((list) => list.iat);
    return made.length > 0 ? Math.min(...made) : null;
  }

  /** When the newest list was made: no clock that is right stands before it. null without any. */
  get newest(): number | null {
    const made = [...this.#lists.values()].map((list) => list.iat);
    return made.length > 0 ? Math.max(...made) : null;
  }
}
