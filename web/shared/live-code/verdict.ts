/** The words of a verification: its steps, its settings, what it is told about a standing, and what it answers. */
import type {CredentialClaims} from './claims.ts';
import type {Sign1} from './cose.ts';
import {concat, octetsOf, sha256} from './octets.ts';
import type {Octets} from './octets.ts';

/** The steps in their order; the same names as everywhere (docs/live-code.md). */
export const STEPS = [
  'decodes',
  'trusted issuer',
  'issuer signature',
  'in force',
  'device signature',
  'fresh',
  'first showing',
  'snapshot',
  'class',
  'purpose',
] as const;
export type Step = (typeof STEPS)[number];

/** What a person who looked should be told. */
export type Outcome =
  | 'valid'
  | 'may_not_drive'
  | 'status_not_checked'
  | 'not_in_force'
  | 'forged'
  | 'too_old'
  | 'clock_ahead'
  | 'already_shown'
  | 'status_superseded'
  | 'unreadable'
  | 'not_permitted';

/** A step that did not hold. The message holds nothing personal. */
export class NotVerifiedStep extends Error {
  readonly step: Step;
  readonly why: string;
  readonly outcome: Outcome;

  constructor(step: Step, why: string, outcome: Outcome = 'forged') {
    super(`${step}: ${why}`);
    this.step = step;
    this.why = why;
    this.outcome = outcome;
  }
}

/** How long things live; every one a setting of the deployment, in seconds. */
export interface Lives {
  /** The phone makes a new code this often. */
  readonly rotate: number;
  /** A code is taken this long after it was made, */
  readonly accepted: number;
  /** and this much more for clocks that differ, either way. */
  readonly skew: number;
  readonly snapshot: number;
  /** A snapshot older than this is still taken, and marked. */
  readonly amber: number;
  readonly credential: number;
}

export const LIVES: Lives = {
  rotate: 15,
  accepted: 30,
  skew: 60,
  snapshot: 72 * 3600,
  amber: 24 * 3600,
  credential: 365 * 86400,
};

/** What the snapshot and a live standing both say. */
export interface Standing {
  readonly licenceId: Octets;
  readonly version: number;
  readonly status: string;
  readonly points: number;
  readonly mayDrive: boolean;
  readonly standingVersion: number;
  /** Epoch seconds. */
  readonly asOf: number;
}

/** A code taken apart. It decodes; nothing else about it is known. */
export interface Code {
  readonly signed: Sign1;
  readonly claims: CredentialClaims;
  readonly snapshot: Octets | null;
  /** Epoch seconds, by the phone's clock. */
  readonly shownAt: number;
  /** Eight octets of the phone's choice. */
  readonly nonce: Octets;
  readonly deviceSigns: Octets;
  readonly deviceSignature: Octets;
}

/** Whoever holds this can make the two guarded values below; verifier.ts does, and nothing else may. */
export const MINT = Symbol('mint');

/** A code that passed the steps up to `fresh`. Made by `Verifier.open` only; not yet a verdict. */
export class Showing {
  readonly code: Code;
  /** By the verifier's clock; below nought when the phone's is ahead of it. */
  readonly ageS: number;

  constructor(mint: symbol, code: Code, ageS: number) {
    if (mint !== MINT) throw new TypeError('a Showing is made by Verifier.open');
    this.code = code;
    this.ageS = ageS;
  }

  /** What the issuer signed. */
  get credential(): CredentialClaims {
    return this.code.claims;
  }

  /** What tells this showing from every other: phone key, time and nonce, never signatures, of which one message may have
   * several. */
  get message(): Octets {
    return concat(this.code.claims.phoneKey, octetsOf(this.code.shownAt, 8), this.code.nonce);
  }

  /** The first 16 octets of SHA-256 of `message`, for keeping. */
  async id(): Promise<Octets> {
    return (await sha256(this.message)).slice(0, 16);
  }
}

/** What a `Verified` holds. */
export interface Proven {
  readonly showing: Showing;
  /** From the snapshot or live; null when the status was not checked. */
  readonly standing: Standing | null;
  /** Whether `standing` came from the register and not from the phone. */
  readonly live: boolean;
  readonly snapshotRanOut: boolean;
  readonly wantClass: string | null;
  /** Answer to `wantClass`; null when none was asked. */
  readonly classAllowed: boolean | null;
  /** When, in epoch seconds by the verifier's clock. */
  readonly at: number;
  readonly lives: Lives;
  readonly trustVersion: number;
  readonly trustIssuedAt: number;
}

/** A code that passed every step. Made by `Verifier.conclude` only, so that whoever holds one may rely on it. */
export class Verified {
  readonly proven: Proven;

  constructor(mint: symbol, proven: Proven) {
    if (mint !== MINT) throw new TypeError('a Verified is made by Verifier.conclude');
    this.proven = proven;
  }

  get claims(): CredentialClaims {
    return this.proven.showing.credential;
  }

  /** How old the standing is; null when there is none. */
  get standingAgeS(): number | null {
    return this.proven.standing === null ? null : this.proven.at - this.proven.standing.asOf;
  }

  /** The snapshot is genuine and in time but older than `Lives.amber`. */
  get amber(): boolean {
    const ageS = this.standingAgeS;
    return !this.proven.live && ageS !== null && ageS > this.proven.lives.amber;
  }

  get trustAgeS(): number {
    return this.proven.at - this.proven.trustIssuedAt;
  }

  /** `valid` only when the standing is known and allows driving, and the class asked for is held. */
  get outcome(): Outcome {
    if (this.proven.classAllowed === false) return 'may_not_drive';
    if (this.proven.standing === null) return 'status_not_checked';
    return this.proven.standing.mayDrive ? 'valid' : 'may_not_drive';
  }
}
