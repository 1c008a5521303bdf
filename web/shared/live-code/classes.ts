/** 准驾车型: driving classes, what each allows, and the kinds of plate their vehicles carry.
 *
 * Source: Order 162 (公安部令第162号) Annex 1; C6 from 2022-04-01. Plate kinds: the vehicle register's codes (号牌种类, hpzl).
 */
import type {Day} from './claims.ts';

/** In canonical order: what each class also allows. */
const ALSO_ALLOWS = {
  A1: 'A3 B1 B2 C1 C2 C3 C4 M',
  A2: 'B1 B2 C1 C2 C3 C4 C6 M',
  A3: 'C1 C2 C3 C4',
  B1: 'C1 C2 C3 C4 M',
  B2: 'C1 C2 C3 C4 M',
  C1: 'C2 C3 C4',
  C2: '',
  C3: 'C4',
  C4: '',
  C5: '',
  C6: '',
  D: 'E F',
  E: 'F',
  F: '',
  M: '',
  N: '',
  P: '',
} as const;

export type DrivingClass = keyof typeof ALSO_ALLOWS;

export const CLASSES = Object.keys(ALSO_ALLOWS) as DrivingClass[];

/** 2022-04-01, when C6 began. */
const ORDER_162_DAY: Day = 19083;
const LONGEST_FIRST = [...CLASSES].sort((one, other) => other.length - one.length);

export function isClass(text: string): text is DrivingClass {
  return (CLASSES as string[]).includes(text);
}

function exists(cls: DrivingClass, on: Day): boolean {
  return cls !== 'C6' || on >= ORDER_162_DAY;
}

/** Classes of codes run together, in canonical order; 无 gives none. null for what cannot be read as of that day: unknown,
 * twice, or not yet in force. */
export function parseClasses(text: string, on: Day): DrivingClass[] | null {
  const found = new Set<DrivingClass>();
  if (text === '无') return [];
  for (let at = 0; at < text.length; ) {
    const cls = LONGEST_FIRST.find((code) => text.startsWith(code, at));
    if (cls === undefined || found.has(cls) || !exists(cls, on)) return null;
    found.add(cls);
    at += cls.length;
  }
  return found.size > 0 ? CLASSES.filter((cls) => found.has(cls)) : null;
}

/** Whether a licence of `held` lets its holder drive `wanted` on a day. Classes this table does not know allow nothing. */
export function allows(held: string, wanted: string, on: Day): boolean {
  const classes = parseClasses(held, on);
  if (classes === null || !isClass(wanted) || !exists(wanted, on)) return false;
  return classes.some((cls) => cls === wanted || ALSO_ALLOWS[cls].split(' ').includes(wanted));
}

/** A kind of plate: its word, and the classes of which one at least is needed for a vehicle that carries it. The plate does
 * not tell more (a bus and a lorry both carry 01): who verifies chooses among them. */
export interface PlateKind {
  readonly code: string;
  readonly chinese: string;
  readonly english: string;
  readonly classes: readonly DrivingClass[];
}

const LARGE: readonly DrivingClass[] = ['A1', 'A2', 'A3', 'B1', 'B2', 'M'];
const SMALL: readonly DrivingClass[] = ['C1', 'C2', 'C5'];

/** The plates a verifier at the roadside is asked about; kinds that say nothing of the vehicle (拖拉机, 挂车, 试验, 军队 …) are
 * left out. C5 is for its disabled holder only, and C2 for automatic vehicles. Grouping: ours, after Annex 1. */
export const PLATE_KINDS: readonly PlateKind[] = [
  {code: '01', chinese: '大型汽车', english: 'Large vehicle', classes: LARGE},
  {code: '02', chinese: '小型汽车', english: 'Small vehicle', classes: SMALL},
  {code: '51', chinese: '大型新能源汽车', english: 'Large new-energy vehicle', classes: LARGE},
  {code: '52', chinese: '小型新能源汽车', english: 'Small new-energy vehicle', classes: SMALL},
  {code: '07', chinese: '普通摩托车', english: 'Motorcycle', classes: ['D', 'E']},
  {code: '08', chinese: '轻便摩托车', english: 'Moped', classes: ['F']},
  {code: '13', chinese: '低速车', english: 'Low-speed vehicle', classes: ['C3', 'C4']},
];

/** Those classes of a plate kind that a licence of `held` lets its holder drive; none means: may not drive it. undefined
 * for a kind that is not in the table. */
export function allowedOfPlate(held: string, kind: string, on: Day): DrivingClass[] | undefined {
  const plate = PLATE_KINDS.find(({code}) => code === kind);
  return plate?.classes.filter((cls) => allows(held, cls, on));
}
