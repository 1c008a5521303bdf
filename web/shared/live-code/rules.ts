/** Facts in, answer out: which of the things a verifier can hear. */
import type {Outcome, Step} from './verdict.ts';

/** The colour of an answer; it never stands without its icon and word. */
export type Tone = 'green' | 'amber' | 'red';

/** One reason, in order of precedence within an answer. */
export const BECAUSE = [
  'not_decoded',
  'unknown_issuer',
  'issuer_signature',
  'against_the_format',
  'not_issued',
  'device_signature',
  'snapshot_forged',
  'clock_ahead',
  'too_old',
  'already_shown',
  'status',
  'not_in_force',
  'not_yet_valid',
  'validity_ended',
  'credential_superseded',
  'credential_ended',
  'licence_withdrawn',
  'class_not_held',
  'status_superseded',
  'register_behind',
  'no_snapshot',
  'snapshot_expired',
  'snapshot_aged',
  'trust_aged',
] as const;
export type Because = (typeof BECAUSE)[number];

/** They turn green to amber and say why; nothing is wrong. */
const NOTES: readonly Because[] = ['snapshot_aged', 'trust_aged'];

/** Why an answer is not a plain yes. `letter` stands with `status` only. */
export interface Reason {
  readonly because: Because;
  readonly letter: string | null;
}

/** Where the status comes from, best first. */
export type Knowledge = 'live' | 'snapshot' | 'snapshot_aged' | 'snapshot_expired' | 'none';

/** Everything an offline answer is decided on. */
export interface Facts {
  readonly failed: Because | null;
  readonly knowledge: Knowledge;
  /** Letters that forbid driving, most severe first. */
  readonly against: readonly string[];
  /** Whoever signed the status says may not drive, whatever the letters. */
  readonly forbidden: boolean;
  /** The status list says that this credential has ended for good. */
  readonly credentialEnded: boolean;
  /** null: no class was asked. */
  readonly classHeld: boolean | null;
  readonly trustAged: boolean;
}

export const NO_FACTS: Facts = {
  failed: null,
  knowledge: 'none',
  against: [],
  forbidden: false,
  credentialEnded: false,
  classHeld: null,
  trustAged: false,
};

/** The outcome and its reasons, the first being the one that decided. */
export interface Decision {
  readonly outcome: Outcome;
  readonly reasons: readonly Reason[];
}

const OUTCOME: Readonly<Partial<Record<Because, Outcome>>> = {
  not_decoded: 'unreadable',
  unknown_issuer: 'forged',
  issuer_signature: 'forged',
  against_the_format: 'forged',
  not_issued: 'forged',
  device_signature: 'forged',
  snapshot_forged: 'forged',
  clock_ahead: 'clock_ahead',
  too_old: 'too_old',
  already_shown: 'already_shown',
  status: 'may_not_drive',
  not_in_force: 'not_in_force',
  not_yet_valid: 'not_in_force',
  validity_ended: 'not_in_force',
  credential_superseded: 'not_in_force',
  credential_ended: 'not_in_force',
  licence_withdrawn: 'not_in_force',
  class_not_held: 'may_not_drive',
  status_superseded: 'status_superseded',
  register_behind: 'status_not_checked',
  no_snapshot: 'status_not_checked',
  snapshot_expired: 'status_not_checked',
};

const OF_KNOWLEDGE: Readonly<Partial<Record<Knowledge, Because>>> = {
  none: 'no_snapshot',
  snapshot_expired: 'snapshot_expired',
  snapshot_aged: 'snapshot_aged',
};

const FAILED: Readonly<Record<string, Because>> = {
  'decodes unreadable': 'not_decoded',
  'trusted issuer forged': 'unknown_issuer',
  'issuer signature forged': 'issuer_signature',
  'in force forged': 'against_the_format',
  'in force not_in_force': 'not_in_force',
  'device signature forged': 'device_signature',
  'fresh too_old': 'too_old',
  'fresh clock_ahead': 'clock_ahead',
  'first showing already_shown': 'already_shown',
  'snapshot forged': 'snapshot_forged',
  'snapshot status_superseded': 'status_superseded',
};

/** After these nothing is known of the person or the licence. */
const ALONE: readonly Outcome[] = ['unreadable', 'forged', 'too_old', 'clock_ahead'];
/** Nothing is wrong with the person: read again, set the clock, show again, go online. */
const AMBER: readonly Outcome[] = ['unreadable', 'clock_ahead', 'too_old', 'status_not_checked'];

/** Why a step failed. A pair that is not known is a forgery: deny by default. */
export function reasonOf(step: Step, outcome: Outcome): Because {
  return FAILED[`${step} ${outcome}`] ?? 'against_the_format';
}

/** Green only for a valid answer without a note. */
export function toneOf({outcome, reasons}: Decision): Tone {
  if (outcome === 'valid') return reasons.length > 0 ? 'amber' : 'green';
  return AMBER.includes(outcome) ? 'amber' : 'red';
}

/** What the verifier hears: the most important reason decides, the others stand behind it.
 *
 * A no that the issuer signed stands although the status could not be asked; a yes does not: without a known status the
 * answer is never valid. */
export function decideAnswer(facts: Facts): Decision {
  const failed = facts.failed;
  if (failed !== null && ALONE.includes(outcomeOf(failed))) {
    return {outcome: outcomeOf(failed), reasons: [{because: failed, letter: null}]};
  }
  const reasons = reasonsOf(facts).sort((one, other) => place(one) - place(other));
  const first = reasons[0];
  if (!first || NOTES.includes(first.because)) return {outcome: 'valid', reasons};
  const outcome = outcomeOf(first.because);
  return {outcome, reasons: outcome === 'forged' || outcome === 'already_shown' ? [first] : reasons};
}

function outcomeOf(because: Because): Outcome {
  return OUTCOME[because] ?? 'valid';
}

function place(reason: Reason): number {
  return BECAUSE.indexOf(reason.because);
}

/** Everything that stands against a plain yes, in no order but that of the letters. */
function reasonsOf(facts: Facts): Reason[] {
  const reasons: Reason[] = facts.against.map((letter) => ({because: 'status', letter}));
  const put = (holds: boolean, because: Because | null | undefined): void => {
    if (holds && because) reasons.push({because, letter: null});
  };
  put(facts.failed !== null, facts.failed);
  put(facts.credentialEnded, 'credential_ended');
  put(facts.forbidden && facts.against.length === 0, 'status');
  put(facts.classHeld === false, 'class_not_held');
  put(true, OF_KNOWLEDGE[facts.knowledge]);
  put(facts.trustAged, 'trust_aged');
  return reasons;
}
