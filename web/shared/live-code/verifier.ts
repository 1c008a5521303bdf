/** The numbered steps by which a stranger verifies a 亮码 (docs/live-code.md), in the browser, without a network.
 *
 * Steps, in order: decodes · trusted issuer · issuer signature · in force · device signature · fresh · first showing ·
 * snapshot · class · purpose. A step that does not hold throws NotVerifiedStep. What passed is a `Verified`, and only
 * `Verifier.conclude` makes one. No clock is read here: the time is handed in.
 */
import * as base45 from './base45.ts';
import {readByteString} from './cbor.ts';
import {decodeCredential, decodeSnapshot} from './claims.ts';
import type {CredentialClaims, SnapshotClaims} from './claims.ts';
import * as cose from './cose.ts';
import {BadKey, BadSignature, Malformed} from './errors.ts';
import {verifyCompressedEs256} from './keys.ts';
import {concat, same, standsAt, toHex, utf8} from './octets.ts';
import type {Octets} from './octets.ts';
import {whyNotAt} from './trust.ts';
import type {TrustBundle, TrustEntry} from './trust.ts';
import {LIVES, MINT, NotVerifiedStep, Showing, Verified} from './verdict.ts';
import type {Code, Lives, Outcome, Standing, Step} from './verdict.ts';

export const PREFIX = 'LZ1:';
/** With names of fifty four-octet characters and a snapshot a code has under 1,000 characters. */
export const MAX_CHARACTERS = 1600;

const CODE = Uint8Array.of(0x85);
const DEVICE_SIGNS = concat(Uint8Array.of(0x85, 0x63), utf8('LZ1'));
const NO_SNAPSHOT = 0xf6;

/** What follows the snapshot has one length: heads and values of time, nonce and signature in turn. */
const TAIL_OCTETS = 80;
const TIME_HEAD = Uint8Array.of(0x1a);
const NONCE_HEAD = Uint8Array.of(0x48);
const SIGNATURE_HEAD = Uint8Array.of(0x58, 0x40);
const FIRST_SECOND = 1 << 16;

/** China has one time zone and no summer time: its civil day begins at 16:00 UTC. */
const CHINA_AHEAD = 8 * 3600;
const DAY = 86400;

/** What a verifier asks besides whether the code is good. */
export interface Asks {
  readonly wantClass?: string;
  /** Whether a holder of the first may drive the second, as of today. */
  readonly allows?: (held: string, wanted: string) => boolean;
  readonly purpose?: string;
  /** The reason of a refusal, or null. A purpose without anybody to judge it is refused. */
  readonly permits?: (purpose: string, claims: CredentialClaims) => string | null;
  /** Highest standing version seen by licence id (hex); raised when a higher one is met. */
  readonly knownStandings?: Map<string, number>;
}

/** Showings a verifier has taken, kept as long as their codes would pass `fresh`. Bounded.
 *
 * When it is full of showings that could still be repeated, no further one is taken: forgetting one would let it be shown
 * again. */
export class Seen {
  readonly #most: number;
  #requestOf = new Map<string, {readonly request: string | null; readonly forgetAt: number}>();

  constructor(most = 4096) {
    this.#most = most;
  }

  /** Whether `showing` comes for the first time, or by the same request again. No request is never the same. */
  note(showing: Octets, request: string | null, forgetAt: number, now: number): boolean {
    const known = this.#requestOf.get(toHex(showing));
    if (known) return request !== null && known.request === request;
    if (this.#requestOf.size >= this.#most) {
      this.#requestOf = new Map([...this.#requestOf].filter(([, kept]) => kept.forgetAt >= now));
    }
    if (this.#requestOf.size >= this.#most) {
      throw new NotVerifiedStep('first showing', 'too many showings at once to tell them apart', 'already_shown');
    }
    this.#requestOf.set(toHex(showing), {request, forgetAt});
    return true;
  }
}

/** Verifies 亮码 under one trust bundle. Times are epoch seconds, fractions allowed. */
export class Verifier {
  readonly trust: TrustBundle;
  readonly lives: Lives;
  readonly seen: Seen;

  constructor(trust: TrustBundle, lives: Lives = LIVES, seen: Seen = new Seen()) {
    this.trust = trust;
    this.lives = lives;
    this.seen = seen;
  }

  /** Every step. `request`: the same code under the same key again is the same look (a retry), not a second showing. Throws
   * NotVerifiedStep. */
  async verify(code: string, at: number, asks: Asks = {}, request: string | null = null): Promise<Verified> {
    const showing = await this.open(code, at);
    const isFirst = this.seen.note(showing.message, request, this.forgetAt(showing), at);
    return this.conclude(showing, at, isFirst, asks);
  }

  /** Until when the code of `showing` could still pass as fresh. */
  forgetAt(showing: Showing): number {
    return showing.code.shownAt + this.lives.accepted + this.lives.skew;
  }

  /** The steps that need nothing but the code: `decodes` to `fresh`. Throws NotVerifiedStep. */
  async open(code: string, at: number): Promise<Showing> {
    const read = decode(code);
    const entry = this.#trustedIssuer(read);
    await holds('issuer signature', () => entry.key.verify(read.signed.toBeSigned, read.signed.signature));
    this.#inForce(read.claims, at);
    await holds('device signature', () =>
      verifyCompressedEs256(read.claims.phoneKey, read.deviceSigns, read.deviceSignature),
    );
    return new Showing(MINT, read, this.#fresh(read.shownAt, at));
  }

  /** The steps from `first showing` on. `isFirst`: what the memory of showings said. `live`: the standing from the
   * register, used instead of the snapshot. Throws NotVerifiedStep. */
  async conclude(
    showing: Showing,
    at: number,
    isFirst: boolean,
    asks: Asks = {},
    live: Standing | null = null,
  ): Promise<Verified> {
    if (!isFirst) throw new NotVerifiedStep('first showing', 'this code was taken before', 'already_shown');
    const claims = showing.credential;
    let standing: Standing | null = live;
    let snapshotRanOut = false;
    if (live === null && showing.code.snapshot !== null) {
      const snapshot = await this.#snapshot(showing.code.snapshot, at);
      standing = snapshot;
      snapshotRanOut = at >= snapshot.exp;
    }
    if (standing !== null) {
      // Before its age: another licence's snapshot does not become harmless by lying about.
      demandSameLicence(standing, claims);
      standing = snapshotRanOut ? null : standing;
    }
    if (standing !== null && asks.knownStandings) demandNewest(standing, asks.knownStandings);
    const classAllowed = answerClass(claims, asks);
    judgePurpose(claims, asks);
    return new Verified(MINT, {
      showing,
      standing,
      live: live !== null,
      snapshotRanOut,
      wantClass: asks.wantClass ?? null,
      classAllowed,
      at,
      lives: this.lives,
      trustVersion: this.trust.version,
      trustIssuedAt: this.trust.issuedAt,
    });
  }

  /** Step 2: a document signer of the credential's own province, at the time it signed. */
  #trustedIssuer(read: Code): TrustEntry {
    const entry = this.trust.find(read.signed.kid, 'document');
    if (!entry) throw new NotVerifiedStep('trusted issuer', 'not a document signer of the trust bundle');
    if (read.claims.issuer !== entry.province) throw new NotVerifiedStep('trusted issuer', 'a key of another province');
    const why = whyNotAt(entry, read.claims.iat);
    if (why !== null) throw new NotVerifiedStep('trusted issuer', why);
    return entry;
  }

  /** Step 4: the credential in epoch time, the licence in civil days of China. */
  #inForce(claims: CredentialClaims, at: number): void {
    const fail = (why: string, outcome: Outcome): never => {
      throw new NotVerifiedStep('in force', why, outcome);
    };
    if (claims.exp - claims.iat > this.lives.credential) fail('the credential lives longer than any may', 'forged');
    if (claims.iat > at + this.lives.skew) fail('the credential is from the future', 'not_in_force');
    if (claims.exp <= at) fail('the credential has run out', 'not_in_force');
    const today = chinaDay(at);
    if (today < claims.validFrom) fail('the licence is not in force yet', 'not_in_force');
    if (claims.validUntil !== null && today > claims.validUntil) fail('the licence has run out', 'not_in_force');
  }

  /** Step 6: both ends count as inside. The age in seconds. */
  #fresh(shownAt: number, at: number): number {
    const ageS = at - shownAt;
    if (ageS < -this.lives.skew) {
      throw new NotVerifiedStep('fresh', `made ${(-ageS).toFixed(0)} s ahead of this clock`, 'clock_ahead');
    }
    if (ageS > this.lives.accepted + this.lives.skew) {
      throw new NotVerifiedStep('fresh', `made ${ageS.toFixed(0)} s ago`, 'too_old');
    }
    return ageS;
  }

  /** Step 8: form, signer, signature and times. One that merely ran out is no forgery: it is read and not relied on. */
  async #snapshot(octets: Octets, at: number): Promise<SnapshotClaims> {
    const [signed, claims] = readSnapshot(octets);
    const entry = this.trust.find(signed.kid, 'status');
    if (!entry) throw new NotVerifiedStep('snapshot', 'not a status signer of the trust bundle');
    const why = whyNotAt(entry, claims.asOf);
    if (why !== null) throw new NotVerifiedStep('snapshot', why);
    await holds('snapshot', () => entry.key.verify(signed.toBeSigned, signed.signature));
    if (claims.exp - claims.asOf > this.lives.snapshot) {
      throw new NotVerifiedStep('snapshot', 'it lives longer than any may');
    }
    if (claims.asOf > at + this.lives.skew) throw new NotVerifiedStep('snapshot', 'it is from the future');
    return claims;
  }
}

/** The calendar day in China at `at`, in days since 1970-01-01. */
export function chinaDay(at: number): number {
  return Math.floor(Math.trunc(at + CHINA_AHEAD) / DAY);
}

async function holds(step: Step, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (fault) {
    if (fault instanceof BadKey || fault instanceof BadSignature) throw new NotVerifiedStep(step, fault.message);
    throw fault;
  }
}

function readSnapshot(octets: Octets): [cose.Sign1, SnapshotClaims] {
  try {
    const signed = cose.parse(octets);
    return [signed, decodeSnapshot(signed.payload)];
  } catch (fault) {
    throw fault instanceof Malformed ? new NotVerifiedStep('snapshot', fault.message) : fault;
  }
}

function demandSameLicence(standing: Standing, claims: CredentialClaims): void {
  if (!same(standing.licenceId, claims.licenceId)) {
    throw new NotVerifiedStep('snapshot', "the standing is another licence's");
  }
  if (standing.version !== claims.version) {
    throw new NotVerifiedStep('snapshot', 'the standing is of another version of the licence', 'status_superseded');
  }
}

function demandNewest(standing: Standing, known: Map<string, number>): void {
  const licence = toHex(standing.licenceId);
  if (standing.standingVersion < (known.get(licence) ?? 0)) {
    throw new NotVerifiedStep('snapshot', 'a newer standing was seen before', 'status_superseded');
  }
  known.set(licence, standing.standingVersion);
}

/** Step 9. A class that is not held is an answer, not a failure; not being able to answer is one. */
function answerClass(claims: CredentialClaims, {wantClass, allows}: Asks): boolean | null {
  if (wantClass === undefined) return null;
  if (!allows) throw new NotVerifiedStep('class', 'no table of classes to answer by', 'not_permitted');
  return allows(claims.classes, wantClass);
}

/** Step 10. */
function judgePurpose(claims: CredentialClaims, {purpose, permits}: Asks): void {
  if (purpose === undefined) return;
  const why = permits ? permits(purpose, claims) : 'no rule for purposes at hand';
  if (why !== null) throw new NotVerifiedStep('purpose', why, 'not_permitted');
}

/** Step 1. */
function decode(code: string): Code {
  try {
    return takeApart(code);
  } catch (fault) {
    throw fault instanceof Malformed ? new NotVerifiedStep('decodes', fault.message, 'unreadable') : fault;
  }
}

/** The parts of a code, with the octets the phone signed as they came. Throws Malformed. */
function takeApart(code: string): Code {
  if (code.length > MAX_CHARACTERS) throw new Malformed('live code: too long');
  if (!code.startsWith(PREFIX)) throw new Malformed('live code: does not begin with LZ1:');
  const octets = base45.decode(code.slice(PREFIX.length));
  const tail = octets.length - TAIL_OCTETS;
  if (!standsAt(octets, 0, CODE) || tail < 1) throw new Malformed('live code: not an array of five');
  const shownAt = new DataView(octets.buffer).getUint32(tail + 1);
  const hasTail =
    standsAt(octets, tail, TIME_HEAD) &&
    standsAt(octets, tail + 5, NONCE_HEAD) &&
    standsAt(octets, tail + 14, SIGNATURE_HEAD);
  if (!hasTail || shownAt < FIRST_SECOND) {
    throw new Malformed('live code: does not end in time, nonce of 8 octets and signature of 64');
  }
  const [credential, afterCredential] = readByteString(octets, 1);
  let at = afterCredential + 1;
  let snapshot: Octets | null = null;
  if (octets[afterCredential] !== NO_SNAPSHOT) [snapshot, at] = readByteString(octets, afterCredential);
  if (at !== tail) throw new Malformed('live code: something more or less than a credential and a snapshot');
  const signed = cose.parse(credential);
  return {
    signed,
    claims: decodeCredential(signed.payload),
    snapshot,
    shownAt,
    nonce: octets.slice(tail + 6, tail + 14),
    // 66 octets of signature with its head are what the phone did not sign; the rest it signed as it stands.
    deviceSigns: concat(DEVICE_SIGNS, octets.subarray(1, -66)),
    deviceSignature: octets.slice(-64),
  };
}
