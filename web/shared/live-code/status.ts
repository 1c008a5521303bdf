/** 驾驶证状态: the letters of a status, the word of each, and which forbid driving. Source: docs/reference.md §3.2. */

interface Letter {
  /** The word people read. */
  readonly zh: string;
  readonly en: string;
  readonly mayDrive: boolean;
  /** Its place in DISPLAYS. */
  readonly shows: number;
}

/** A row for every letter. An authority that reads a row otherwise hands in its own table. */
export type StatusPolicy = Readonly<Record<string, Letter>>;

/** From the least severe to the most: as usual, in red, a message instead, not shown. */
export const DISPLAYS = ['normal', 'red', 'message', 'hidden'] as const;
export type Display = (typeof DISPLAYS)[number];

const letter = (zh: string, en: string, shows: number, mayDrive = false): Letter => ({zh, en, mayDrive, shows});

const NORMAL = 0;
const RED = 1;
const MESSAGE = 2;
const HIDDEN = 3;

export const LETTERS: StatusPolicy = {
  A: letter('正常', 'normal', NORMAL, true),
  B: letter('记满12分', 'points exceeded', RED),
  C: letter('转出', 'transferred out', HIDDEN),
  D: letter('暂扣', 'suspended', RED),
  E: letter('撤销', 'rescinded', HIDDEN),
  F: letter('吊销', 'revoked', HIDDEN),
  G: letter('注销', 'cancelled', HIDDEN),
  H: letter('违法未处理', 'violation pending', NORMAL, true),
  I: letter('事故未处理', 'accident pending', NORMAL, true),
  J: letter('停止使用', 'use stopped', MESSAGE),
  K: letter('扣押', 'seized', RED),
  L: letter('锁定', 'locked', MESSAGE),
  M: letter('逾期未换证', 'renewal overdue', RED),
  N: letter('延期换证', 'renewal extended', RED),
  P: letter('延期体检', 'medical extended', RED),
  R: letter('注销可恢复', 'cancelled restorable', HIDDEN),
  S: letter('逾期未审验', 'review overdue', RED),
  T: letter('延期审验', 'review extended', RED),
  U: letter('扣留', 'retained', RED),
  Z: letter('其他', 'other', MESSAGE),
};

/** The letters of a status in alphabetical order; null for what is no status: an unknown letter, one twice, A beside others.
 */
export function parseStatus(text: string): string[] | null {
  const letters = [...text].sort();
  const isKnown = letters.every((one) => one in LETTERS) && new Set(letters).size === letters.length;
  const isAlone = letters.length === 1 || !letters.includes('A');
  return isKnown && isAlone && letters.length >= 1 && letters.length <= 16 ? letters : null;
}

/** The letters that forbid driving, most severe first; null for what is no status. */
export function lettersAgainst(text: string, policy: StatusPolicy = LETTERS): string[] | null {
  const letters = parseStatus(text);
  if (letters === null) return null;
  const against = letters.filter((one) => !policy[one]!.mayDrive);
  return against.sort((one, other) => policy[other]!.shows - policy[one]!.shows || (one < other ? -1 : 1));
}

/** How the licence appears: the most severe letter decides; null for what is no status. */
export function displayOf(text: string, policy: StatusPolicy = LETTERS): Display | null {
  const letters = parseStatus(text);
  return letters && DISPLAYS[Math.max(...letters.map((one) => policy[one]!.shows))]!;
}
