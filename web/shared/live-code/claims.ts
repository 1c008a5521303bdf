/** What the signed halves of a 亮码 say: the credential and the status snapshot. docs/live-code.md has the same as CDDL.
 *
 * Each is a CWT (RFC 8392) whose private claim says what it is: no object can be read as another. Every item has one
 * encoding, and nothing follows the last.
 */
import {readText, readUint} from './cbor.ts';
import {Malformed} from './errors.ts';
import {concat, fromHex, standsAt, textOf} from './octets.ts';
import type {Octets} from './octets.ts';

/** Days since 1970-01-01, calendar days of China. */
export type Day = number;

export const STATUS_LIST_SIZE = 1 << 20;

const FIRST_SECOND = 1 << 16;
const LAST_SECOND = 2 ** 32 - 1;
/** 9999-12-31, the last day of the calendar. */
const LAST_DAY = 2932896;
/** 0001-01-01. */
const FIRST_DAY = -719162;
const SEX: readonly (Sex | undefined)[] = [undefined, 'male', 'female'];
const STARS = '*'.repeat(11);

/** Control characters, zero-width and bidirectional marks, lone surrogates: they make a name look like another. */
const UNSAFE =
  /[\u{0}-\u{1f}\u{7f}-\u{9f}\u{61c}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{2069}\u{feff}\u{d800}-\u{dfff}\u{fff9}-\u{fffb}]/u;

export type Sex = 'male' | 'female';

/** The issuer-signed half of a 亮码, bound to one phone's key. */
export interface CredentialClaims {
  /** Province of the document signer, such as CN-32. */
  readonly issuer: string;
  /** Short code of the issuing authority, such as 苏E. */
  readonly authority: string;
  /** 16 octets. */
  readonly licenceId: Octets;
  readonly version: number;
  readonly statusList: number;
  readonly statusIndex: number;
  readonly name: string;
  /** As a person sees it, 320***********1234; never the whole number. */
  readonly maskedNumber: string;
  readonly sex: Sex;
  /** Codes run together, such as A1A2D. */
  readonly classes: string;
  readonly validFrom: Day;
  /** Last day, in force to its end; null is 长期. */
  readonly validUntil: Day | null;
  /** First 16 octets of SHA-256 of the portrait. */
  readonly portraitHash: Octets;
  /** P-256, compressed, 33 octets. */
  readonly phoneKey: Octets;
  /** Epoch seconds; so is `exp`. */
  readonly iat: number;
  readonly exp: number;
}

/** The standing of a licence at one moment, signed by the status signer. */
export interface SnapshotClaims {
  readonly licenceId: Octets;
  /** Of the licence. */
  readonly version: number;
  /** Status letters, such as A or BDJ. */
  readonly status: string;
  readonly points: number;
  readonly mayDrive: boolean;
  /** Grows with every change of standing; a verifier never goes back to a lower one. */
  readonly standingVersion: number;
  /** Epoch seconds; so is `exp`. */
  readonly asOf: number;
  readonly exp: number;
}

/** Reads items one after the other. */
class Items {
  readonly octets: Octets;
  at = 0;

  constructor(octets: Octets) {
    this.octets = octets;
  }

  /** Throws Malformed unless exactly these octets come next. */
  expect(hex: string): void {
    const octets = fromHex(hex);
    demand(standsAt(this.octets, this.at, octets), 'not the claims they should be');
    this.at += octets.length;
  }

  take(length: number): Octets {
    const taken = this.octets.slice(this.at, this.at + length);
    demand(taken.length === length, 'ends too soon');
    this.at += length;
    return taken;
  }

  octet(): number {
    return this.take(1)[0]!;
  }

  seconds(): number {
    return new DataView(this.take(4).buffer).getUint32(0);
  }

  uint(): number {
    const [value, end] = readUint(this.octets, this.at);
    this.at = end;
    return value;
  }

  text(): string {
    const [value, end] = readText(this.octets, this.at);
    this.at = end;
    return value;
  }

  boolean(): boolean {
    const octet = this.octet();
    demand(octet === 0xf4 || octet === 0xf5, 'not a yes or no');
    return octet === 0xf5;
  }

  dayOrNull(): Day | null {
    if (this.octets[this.at] !== 0xf6) return this.uint();
    this.at += 1;
    return null;
  }

  end(): void {
    demand(this.at === this.octets.length, 'something follows them');
  }
}

/** Throws Malformed unless `payload` is the one encoding of some credential's claims. */
export function decodeCredential(payload: Octets): CredentialClaims {
  const items = new Items(payload);
  items.expect('a50165'); // {1: iss
  const issuer = textOf(items.take(5));
  items.expect('041a'); // 4: exp
  const exp = items.seconds();
  items.expect('061a'); // 6: iat
  const iat = items.seconds();
  items.expect('08a101a401022001215820'); // 8: {1: {1: 2, -1: 1, -2: x
  const x = items.take(32);
  items.expect('22'); // -3: whether y is odd
  const phoneKey = concat(Uint8Array.of(items.boolean() ? 3 : 2), x);
  items.expect('3a000100008b50'); // -65537: [licence id, ten more
  const licenceId = items.take(16);
  const version = items.uint();
  const name = items.text();
  const number = items.text();
  const sex = SEX[items.octet()];
  const classes = items.text();
  const validFrom = items.uint();
  const validUntil = items.dayOrNull();
  const authority = items.text();
  const status = items.uint();
  items.expect('50');
  const portraitHash = items.take(16);
  items.end();
  const maskedNumber = withStars(number);
  demand(withoutStars(number) === number, 'a number in a second form');
  demand(/^CN-[0-9]{2}$/.test(issuer), 'issuer is not a province');
  demand(version < 2 ** 32, 'version');
  demand(status < 2 ** 51, 'status list or index');
  demand(isText(name, 50), 'name: 1 to 50 characters, none of them invisible');
  demand(isText(maskedNumber, 18), 'number');
  demand(isCodes(classes, 34), 'classes');
  demand(isText(authority, 8), 'issuing authority');
  demandValidity(validFrom, validUntil);
  demandTimes(iat, exp);
  if (sex === undefined) throw new Malformed('claims: sex');
  return {
    issuer,
    authority,
    licenceId,
    version,
    statusList: Math.floor(status / STATUS_LIST_SIZE),
    statusIndex: status % STATUS_LIST_SIZE,
    name,
    maskedNumber,
    sex,
    classes,
    validFrom,
    validUntil,
    portraitHash,
    phoneKey,
    iat,
    exp,
  };
}

/** Throws Malformed unless `payload` is the one encoding of some snapshot's claims. */
export function decodeSnapshot(payload: Octets): SnapshotClaims {
  const items = new Items(payload);
  items.expect('a3041a'); // {4: exp
  const exp = items.seconds();
  items.expect('061a'); // 6: as of
  const asOf = items.seconds();
  items.expect('3a000100018650'); // -65538: [licence id, five more
  const licenceId = items.take(16);
  const version = items.uint();
  const status = items.text();
  const points = items.uint();
  const mayDrive = items.boolean();
  const standingVersion = items.uint();
  items.end();
  demand(version < 2 ** 32, 'version');
  demand(isCodes(status, 16), 'status letters');
  demand(points < 1000, 'points');
  demand(standingVersion < 2 ** 53, 'standing version');
  demandTimes(asOf, exp);
  return {licenceId, version, status, points, mayDrive, standingVersion, asOf, exp};
}

export function demand(holds: boolean, what: string): void {
  if (!holds) throw new Malformed(`claims: ${what}`);
}

/** 1 to `most` characters, none of them invisible. */
export function isText(value: unknown, most: number): value is string {
  if (typeof value !== 'string') return false;
  const length = [...value].length;
  return length > 0 && length <= most && !UNSAFE.test(value);
}

/** Capital letters and digits with at least one letter: driving classes, status letters. */
export function isCodes(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most && /^[A-Z0-9]*[A-Z][A-Z0-9]*$/.test(value);
}

/** Throws Malformed unless both are days in their order; no last day is 长期. */
export function demandValidity(from: Day, until: Day | null): void {
  demandDay(from);
  if (until !== null) demandDay(until);
  demand(until === null || from <= until, 'validity ends before it begins');
}

export function demandDay(day: unknown): asserts day is Day {
  demand(typeof day === 'number' && day >= FIRST_DAY && day <= LAST_DAY, 'a day outside the calendar');
}

/** Throws Malformed unless both are epoch seconds in their order. */
export function demandTimes(start: unknown, end: unknown): void {
  const inOrder = typeof start === 'number' && typeof end === 'number' && FIRST_SECOND <= start && start < end;
  demand(inOrder && (end as number) <= LAST_SECOND, 'expires before it is made, or is of another age');
}

/** A resident's masked number is three characters, eleven stars, four characters: the stars are not carried. */
function withStars(number: string): string {
  const characters = [...number];
  if (number.includes('*')) return number;
  return characters.slice(0, 3).join('') + STARS + characters.slice(3).join('');
}

function withoutStars(masked: string): string {
  const characters = [...masked];
  const isUsual = characters.slice(3, 14).join('') === STARS && masked.split('*').length === STARS.length + 1;
  return isUsual ? characters.slice(0, 3).join('') + characters.slice(14).join('') : masked;
}

/** `2027-06-09`. */
export function isoDay(day: Day): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
