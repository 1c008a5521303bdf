/** The whole answer for a verifier without a network: what the code proves under the trust bundle, whose licence it is, how
 * old what is known of its status is, and the words for it.
 *
 * The same answer as `liangzheng.verify_offline`. Beyond it, downloaded status lists may make an answer worse and never
 * better: without a snapshot in time it stays `status_not_checked`, never green, and the age of the list is shown.
 */
import {CLASSES, allows, isClass, parseClasses} from './classes.ts';
import type {DrivingClass} from './classes.ts';
import type {CredentialClaims, Day, Sex} from './claims.ts';
import {BadTrust} from './errors.ts';
import {toHex} from './octets.ts';
import {codeIn} from './reading.ts';
import {NO_FACTS, decideAnswer, reasonOf, toneOf} from './rules.ts';
import type {Decision, Facts, Tone} from './rules.ts';
import {LETTERS, displayOf, lettersAgainst} from './status.ts';
import type {Display, StatusPolicy} from './status.ts';
import type {Listed, StatusData} from './statuslist.ts';
import type {TrustBundle} from './trust.ts';
import {LIVES, NotVerifiedStep} from './verdict.ts';
import type {Lives, Outcome, Showing, Step, Verified} from './verdict.ts';
import {Verifier, chinaDay} from './verifier.ts';
import {ICONS, OUTCOMES, ofReason} from './words.ts';
import type {Words} from './words.ts';

/** A bundle older than this is still used, and said to be old: amber, never green. */
export const TRUST_AGES_AFTER_S = 7 * 86400;

const MOST_STANDINGS = 100_000;

/** The verifier's clock stands before the time its trust bundle or its newest status list was made: no answer can be right. */
export class ClockBehind extends Error {}

/** What a verifier remembers between codes. Plain data: keep it in IndexedDB (structured clone) between visits.
 *
 * With it an older trust bundle and an older status are refused, and the same code a second time is known. */
export interface Memory {
  /** Highest version of a trust bundle used; pass it to `TrustBundle.load`. */
  trustVersion: number;
  /** Showings taken (hex), and until when, in epoch seconds, their codes could still pass as fresh. */
  shown: Map<string, number>;
  /** Highest standing version seen, by licence id (hex). */
  standings: Map<string, number>;
}

export function newMemory(): Memory {
  return {trustVersion: 0, shown: new Map(), standings: new Map()};
}

/** Whom the code names, as the issuer signed it; the number is masked. */
export interface Holder {
  readonly name: string;
  readonly maskedNumber: string;
  readonly sex: Sex;
  readonly classes: readonly DrivingClass[];
  readonly validFrom: Day;
  readonly validUntil: Day | null;
  readonly authority: string;
}

/** The standing for a person to read. What it shows and whether it lets drive are two results. */
export interface ShownStanding {
  readonly status: string;
  readonly display: Display;
  readonly mayDrive: boolean;
  readonly points: number;
  readonly version: number;
  readonly asOf: number;
}

export interface OfflineAnswer {
  readonly decision: Decision;
  readonly tone: Tone;
  readonly icon: string;
  readonly headline: Words;
  /** Why it is not a plain yes, the deciding reason first. */
  readonly reasons: readonly Words[];
  /** The step that failed, and its place and rule in English. */
  readonly step: Step | null;
  readonly why: string | null;
  readonly holder: Holder | null;
  readonly standing: ShownStanding | null;
  readonly classAsked: string | null;
  readonly classHeld: boolean | null;
  readonly shownAt: number | null;
  readonly trustVersion: number;
  /** Seconds since the root signed the trust bundle. */
  readonly trustAgeS: number;
  /** Seconds since the status in the code was signed; null when the answer rests on none. */
  readonly statusAgeS: number | null;
  /** What the downloaded list says of this credential, and since when in epoch seconds; null when it was not asked. */
  readonly listed: {readonly listed: Listed; readonly asOf: number} | null;
  /** What was proven; null after a step that failed. For the queue that is checked online later. */
  readonly verified: Verified | null;
}

export interface OfflineAsks {
  readonly wantClass?: string | undefined;
  readonly memory?: Memory | undefined;
  readonly lives?: Lives | undefined;
  readonly trustAgesAfterS?: number | undefined;
  readonly statusData?: StatusData | undefined;
  readonly policy?: StatusPolicy | undefined;
}

/** What the code proves by itself under `trust` at `at` (epoch seconds). Never throws for what is in the code.
 *
 * Throws RangeError for a class there is not, BadTrust for a bundle older than one `memory` has seen, ClockBehind. */
export async function verifyOffline(
  text: string,
  trust: TrustBundle,
  at: number,
  asks: OfflineAsks = {},
): Promise<OfflineAnswer> {
  const {wantClass, memory, lives = LIVES, trustAgesAfterS = TRUST_AGES_AFTER_S} = asks;
  if (wantClass !== undefined && !isClass(wantClass)) throw new RangeError(`class: one of ${CLASSES.join(' ')}`);
  const steps = new Verifier(trust, lives);
  const trustAgeS = at - trust.issuedAt;
  if (memory) meet(memory, trust, trustAgeS, lives);
  const newest = asks.statusData?.newest ?? null;
  if (newest !== null && at < newest - lives.skew) throw new ClockBehind('a status list was made later than now by this clock');
  const trustAged = trustAgeS > trustAgesAfterS;
  let showing: Showing | null = null;
  try {
    showing = await steps.open(codeIn(text), at);
    const isFirst = memory ? take(memory, toHex(await showing.id()), steps.forgetAt(showing), at) : true;
    const verified = await steps.conclude(showing, at, isFirst, {
      ...(wantClass === undefined ? {} : {wantClass}),
      allows: (held, wanted) => allows(held, wanted, chinaDay(at)),
      ...(memory ? {knownStandings: memory.standings} : {}),
    });
    if (memory) trim(memory);
    return answerOf(verified, trustAged, asks);
  } catch (fault) {
    if (fault instanceof NotVerifiedStep) return refusalOf(fault, showing, trust, at, trustAged);
    throw fault;
  }
}

/** The bundle is used from now on. */
function meet(memory: Memory, trust: TrustBundle, trustAgeS: number, lives: Lives): void {
  if (trust.version < memory.trustVersion) {
    throw new BadTrust(`trust bundle: version ${trust.version} is older than ${memory.trustVersion}, seen before`);
  }
  if (trustAgeS < -lives.skew) throw new ClockBehind('the trust bundle was made later than now by this clock');
  memory.trustVersion = trust.version;
}

/** Whether this showing is met for the first time. */
function take(memory: Memory, showing: string, until: number, at: number): boolean {
  for (const [known, end] of memory.shown) if (end < at) memory.shown.delete(known);
  if (memory.shown.has(showing)) return false;
  memory.shown.set(showing, until);
  return true;
}

/** Bounded: the licences met longest ago are forgotten first. */
function trim(memory: Memory): void {
  for (const licence of memory.standings.keys()) {
    if (memory.standings.size <= MOST_STANDINGS) return;
    memory.standings.delete(licence);
  }
}

function answerOf(verified: Verified, trustAged: boolean, {statusData, policy = LETTERS}: OfflineAsks): OfflineAnswer {
  const {showing, at, wantClass, classAllowed, trustVersion} = verified.proven;
  const claims = verified.claims;
  const listed = statusData?.of(claims.statusList, claims.statusIndex, at) ?? null;
  const decision = decideAnswer({...factsOf(verified, listed, policy), trustAged});
  return {
    ...spoken(decision),
    step: null,
    why: null,
    holder: holderOf(claims, at),
    standing: shownStanding(verified, policy),
    classAsked: wantClass,
    classHeld: classAllowed,
    shownAt: showing.code.shownAt,
    trustVersion,
    trustAgeS: verified.trustAgeS,
    statusAgeS: verified.standingAgeS,
    listed,
    verified,
  };
}

function refusalOf(
  failure: NotVerifiedStep,
  showing: Showing | null,
  trust: TrustBundle,
  at: number,
  trustAged: boolean,
): OfflineAnswer {
  // Genuine, but with a status this verifier knows to be old: whose it is may be said.
  const isGenuine = showing !== null && failure.outcome === 'status_superseded';
  const decision = decideAnswer({...NO_FACTS, failed: reasonOf(failure.step, failure.outcome), trustAged});
  return {
    ...spoken(decision),
    step: failure.step,
    why: failure.why,
    holder: isGenuine ? holderOf(showing.credential, at) : null,
    standing: null,
    classAsked: null,
    classHeld: null,
    shownAt: null,
    trustVersion: trust.version,
    trustAgeS: at - trust.issuedAt,
    statusAgeS: null,
    listed: null,
    verified: null,
  };
}

function spoken(decision: Decision): Pick<OfflineAnswer, 'decision' | 'tone' | 'icon' | 'headline' | 'reasons'> {
  const tone = toneOf(decision);
  const headline: Words = OUTCOMES[decision.outcome as Outcome];
  return {decision, tone, icon: ICONS[tone], headline, reasons: decision.reasons.map(ofReason)};
}

function factsOf(verified: Verified, listed: OfflineAnswer['listed'], policy: StatusPolicy): Facts {
  const {standing, snapshotRanOut, classAllowed} = verified.proven;
  const against = standing === null ? null : lettersAgainst(standing.status, policy);
  const isKnown = against !== null;
  // Of list and snapshot the newer one says whether driving is suspended; a credential that ended does not come back.
  const isSuspended = listed?.listed === 'suspended' && (standing === null || listed.asOf >= standing.asOf);
  return {
    ...NO_FACTS,
    knowledge: snapshotRanOut ? 'snapshot_expired' : !isKnown ? 'none' : verified.amber ? 'snapshot_aged' : 'snapshot',
    against: against ?? [],
    forbidden: isSuspended || (standing !== null && !standing.mayDrive),
    credentialEnded: listed?.listed === 'invalid',
    classHeld: classAllowed,
  };
}

function holderOf(claims: CredentialClaims, at: number): Holder {
  const {name, maskedNumber, sex, validFrom, validUntil, authority} = claims;
  const classes = parseClasses(claims.classes, chinaDay(at)) ?? [];
  return {name, maskedNumber, sex, classes, validFrom, validUntil, authority};
}

function shownStanding(verified: Verified, policy: StatusPolicy): ShownStanding | null {
  const said = verified.proven.standing;
  const display = said && displayOf(said.status, policy);
  if (said === null || display === null) return null;
  const mayDrive = said.mayDrive && lettersAgainst(said.status, policy)?.length === 0;
  const status = [...said.status].sort().join('');
  return {status, display, mayDrive, points: said.points, version: said.standingVersion, asOf: said.asOf};
}
