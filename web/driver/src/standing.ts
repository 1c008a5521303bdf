/** What the kept status says at a moment: pure, and the same for 亮证, 亮码 and the first screen. */
import type { SnapshotClaims } from '../../shared/live-code/claims.ts'
import { LETTERS, lettersAgainst } from '../../shared/live-code/status.ts'

/** ok: may drive, heard lately. bad: may not. old: may, heard long ago. unknown: never heard, or too long ago to count. */
export type Mood = 'ok' | 'bad' | 'old' | 'unknown'

export interface Standing {
  mood: Mood
  icon: string
  /** Status letters, those against driving first; empty while unknown. */
  letters: string[]
  /** The letter that says what to do next; none while all is well. */
  first: string | null
  /** The licence's own validity has ended, whatever the status says: whoever verifies sees red. */
  over: boolean
  ageS: number
  expired: boolean
  /** Hours the snapshot still counts, whole. */
  hoursLeft: number
}

const icons: Record<Mood, string> = { ok: '✔', bad: '✖', old: '!', unknown: '?' }

/** The day in China, in days since 1970-01-01. */
export const chinaDay = (nowMs: number): number => Math.floor((nowMs + 28_800_000) / 86_400_000)

/** `claims`: the last snapshot; `amberS`: seconds from which it is marked as old; `validUntil`: the licence's last day, in days
 *  since 1970-01-01, null for one without an end. */
export function standing(claims: SnapshotClaims | null, amberS: number, nowMs: number, validUntil: number | null = null): Standing {
  const nowS = Math.floor(nowMs / 1000)
  const over = validUntil !== null && chinaDay(nowMs) > validUntil
  if (!claims) return { mood: over ? 'bad' : 'unknown', icon: icons[over ? 'bad' : 'unknown'], letters: [], first: null, over, ageS: 0, expired: false, hoursLeft: 0 }
  const ageS = Math.max(0, nowS - claims.asOf)
  const against = lettersAgainst(claims.status) ?? []
  const letters = [...against, ...[...claims.status].filter((letter) => !against.includes(letter))]
  const expired = nowS >= claims.exp
  const mood: Mood = !claims.mayDrive || over ? 'bad' : expired ? 'unknown' : ageS > amberS ? 'old' : 'ok'
  return {
    mood, icon: icons[mood], letters, first: letters[0] === 'A' ? null : (letters[0] ?? null), over, ageS, expired,
    hoursLeft: Math.max(0, Math.floor((claims.exp - nowS) / 3600)),
  }
}

type Say = (key: string) => string

/** What is the matter, in the words of the language: the end of the validity before the status, which may not know of it yet. */
export function statusWords({ letters, over }: Standing, english: boolean, t: Say): string[] {
  const said = letters.filter((letter) => !over || letter !== 'A').map((letter) => letterWord(letter, english))
  return over ? [t('status.over'), ...said] : said
}

export function letterWord(letter: string, english: boolean): string {
  const known = LETTERS[letter]
  return known ? (english ? known.en : known.zh) : letter
}

/** “8 秒前”: how long ago, in the words of the language. */
export function ago(seconds: number, language: string): string {
  if (seconds < 5) return language === 'en' ? 'just now' : '刚刚'
  const say = new Intl.RelativeTimeFormat(language, { numeric: 'always' })
  if (seconds < 60) return say.format(-seconds, 'second')
  if (seconds < 3600) return say.format(-Math.floor(seconds / 60), 'minute')
  if (seconds < 172_800) return say.format(-Math.floor(seconds / 3600), 'hour')
  return say.format(-Math.floor(seconds / 86_400), 'day')
}
