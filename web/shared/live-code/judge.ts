/** One look at a code as the tests write it down, and what this verifier says of it. For the tests, here and in Python. */
import {fromHex} from './octets.ts';
import {TrustBundle} from './trust.ts';
import {LIVES, NotVerifiedStep} from './verdict.ts';
import type {Standing} from './verdict.ts';
import {Seen, Verifier} from './verifier.ts';
import type {Asks} from './verifier.ts';

export interface Look {
  readonly code: string;
  readonly at: number;
  readonly request?: string | null;
  readonly class?: string | null;
  /** Whether there is a table of classes to answer by. */
  readonly table?: boolean;
  readonly purpose?: string | null;
  /** What the judge of purposes says; null: there is none. */
  readonly permits?: boolean | null;
  readonly live?: (Omit<Standing, 'licenceId'> & {readonly licenceId: string}) | null;
}

export interface Case extends Look {
  readonly before?: readonly Look[];
  readonly memory?: number | null;
  readonly known?: Readonly<Record<string, number>> | null;
}

/** The step that failed or null, and the outcome. */
export type Judged = readonly [string | null, string];

export async function judge(trust: TrustBundle, shown: Case): Promise<Judged> {
  const verifier = new Verifier(trust, LIVES, shown.memory == null ? new Seen() : new Seen(shown.memory));
  const known = shown.known == null ? undefined : new Map(Object.entries(shown.known));
  for (const earlier of shown.before ?? []) {
    await verifier.verify(earlier.code, earlier.at, asksOf(earlier, known), earlier.request ?? null);
  }
  try {
    if (!shown.live) {
      const verified = await verifier.verify(shown.code, shown.at, asksOf(shown, known), shown.request ?? null);
      return [null, verified.outcome];
    }
    const live = {...shown.live, licenceId: fromHex(shown.live.licenceId)};
    const showing = await verifier.open(shown.code, shown.at);
    return [null, (await verifier.conclude(showing, shown.at, true, asksOf(shown, known), live)).outcome];
  } catch (fault) {
    if (fault instanceof NotVerifiedStep) return [fault.step, fault.outcome];
    throw fault;
  }
}

function asksOf(look: Look, known: Map<string, number> | undefined): Asks {
  return {
    ...(look.class == null ? {} : {wantClass: look.class}),
    ...(look.table ? {allows: (held: string, wanted: string) => held.includes(wanted)} : {}),
    ...(look.purpose == null ? {} : {purpose: look.purpose}),
    ...(look.permits == null ? {} : {permits: () => (look.permits ? null : 'refused')}),
    ...(known ? {knownStandings: known} : {}),
  };
}

/** The bundle in hex under the root in hex. */
export async function trustOf(bundle: string, root: string): Promise<TrustBundle> {
  return TrustBundle.load(fromHex(bundle), fromHex(root));
}

