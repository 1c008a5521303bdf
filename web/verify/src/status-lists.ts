/** Which status lists to fetch, and the answer they come in: a CBOR sequence (RFC 8742), read as it arrives. */
import { readArgument, readByteString } from '../../shared/live-code/cbor.ts'
import { Malformed } from '../../shared/live-code/errors.ts'
import { concat, type Octets } from '../../shared/live-code/octets.ts'

/** A list the server has, as it says without a signature: a reason to fetch, never one to believe. */
export interface Offered { number: number; version: number; changed_at: string; octets: number }

/** A list on this device. `made`: epoch seconds at which it was signed. */
export interface Held { version: number; made: number }

export interface Arrived { number: number; version: number; octets: Octets }

/** No list of a million entries is larger, however little it shrank when it was packed. */
const mostOctets = 2 << 20

/** What is offered and not held as it is now, or was signed longer ago than `agedS`: its age is what a result shows. */
export function missing(offered: readonly Offered[], held: ReadonlyMap<number, Held>, now: number, agedS: number): Offered[] {
  return offered.filter(({ number, version, changed_at }) => {
    const mine = held.get(number)
    return !mine || mine.version !== version || mine.made < Date.parse(changed_at) / 1000 || mine.made < now - agedS
  })
}

/** `1-12,15` of rising numbers. */
export function ranges(numbers: readonly number[]): string {
  const found: [number, number][] = []
  for (const number of numbers) {
    const last = found.at(-1)
    if (last && last[1] === number - 1) last[1] = number
    else found.push([number, number])
  }
  return found.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}

/** Items `[number, version, list]` out of pieces as the network cut them. */
export class Arriving {
  #rest: Octets = new Uint8Array()

  /** What is whole now. Throws Malformed for what is no such sequence. */
  take(piece: Uint8Array): Arrived[] {
    const octets = concat(this.#rest, piece)
    const found: Arrived[] = []
    let at = 0
    for (let end = endOf(octets, at); end !== null; end = endOf(octets, at)) {
      const [number, afterNumber] = readArgument(octets, at + 1, 0)
      const [version, afterVersion] = readArgument(octets, afterNumber, 0)
      const [list] = readByteString(octets, afterVersion)
      found.push({ number: Number(number), version: Number(version), octets: list })
      at = end
    }
    this.#rest = octets.slice(at)
    if (this.#rest.length > mostOctets) throw new Malformed('status lists: one larger than any can be')
    return found
  }

  /** Whether nothing is left half. */
  get isWhole(): boolean {
    return this.#rest.length === 0
  }
}

/** Where the item that begins at `at` ends; null while it is not all there. */
function endOf(octets: Octets, at: number): number | null {
  if (at >= octets.length) return null
  if (octets[at] !== 0x83) throw new Malformed('status lists: not an array of three')
  let next = at + 1
  for (const major of [0, 0, 2]) {
    const first = octets[next]
    if (first === undefined) return null
    const low = first & 0x1f
    const afterHead = next + 1 + (low >= 24 && low <= 27 ? 1 << (low - 24) : 0)
    if (afterHead > octets.length) return null
    const [argument] = readArgument(octets, next, major)
    next = major === 2 ? afterHead + Number(argument) : afterHead
  }
  return next <= octets.length ? next : null
}

/** The longest silence in the middle of a download before it counts as broken. */
const silenceMs = 20_000

/** Fetches these lists, `each` as it comes. Throws what `each` throws, and an Error when the network broke or fell silent:
 * what came until then is good. */
export async function download(numbers: readonly number[], each: (list: Arrived) => Promise<void>, stop: AbortSignal): Promise<void> {
  const silence = new AbortController()
  const halt = (): void => silence.abort()
  stop.addEventListener('abort', halt)
  let timer = setTimeout(halt, silenceMs)
  try {
    const answer = await fetch(`/api/open/status-lists/sequence?lists=${ranges(numbers)}`, { signal: silence.signal, cache: 'no-store' })
    if (!answer.ok || !answer.body) throw new Error(`status lists: ${answer.status}`)
    const reader = answer.body.getReader()
    const arriving = new Arriving()
    for (;;) {
      const { done, value } = await reader.read()
      clearTimeout(timer)
      if (done) break
      for (const list of arriving.take(value)) await each(list)
      if (stop.aborted) throw new Error('status lists: stopped')
      timer = setTimeout(halt, silenceMs)
    }
    if (!arriving.isWhole) throw new Error('status lists: ends in the middle of one')
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', halt)
    silence.abort()
  }
}
