/** When somebody last put a hand to this console, in any of its tabs. A login ends so long after it, however often a screen asks by
 *  itself; and it does not end under the hands of who types. */

const usedAt = 'used-at'
const lookEveryMs = 15_000
/** Well within the time the server waits for a sign of use. */
const keepEveryMs = 240_000

export interface Watched {
  /** Milliseconds without use that end the login; 0 while there is none. */
  idleMs(): number
  end(): void
  /** Tells the server that somebody is there. */
  keep(): void
}

let noted = 0
let kept = Date.now()

const lastUse = (): number => Math.max(noted, Number(localStorage.getItem(usedAt) ?? 0))

export function unusedMs(): number {
  return Date.now() - lastUse()
}

/** A log-in is use as well. */
export function used(): void {
  noted = kept = Date.now()
  localStorage.setItem(usedAt, String(noted))
}

export function watchUse(watched: Watched): void {
  function look(): void {
    const idle = watched.idleMs()
    if (!idle) return
    if (unusedMs() >= idle) return watched.end()
    if (lastUse() > kept && Date.now() - kept > keepEveryMs) {
      kept = Date.now()
      watched.keep()
    }
  }
  function use(): void {
    // A machine that slept ran no clock: what wakes it up comes after the end.
    look()
    if (Date.now() - noted < 5_000) return
    noted = Date.now()
    localStorage.setItem(usedAt, String(noted))
  }
  for (const name of ['pointerdown', 'keydown', 'wheel', 'touchstart']) addEventListener(name, use, { passive: true, capture: true })
  document.addEventListener('visibilitychange', look)
  setInterval(look, lookEveryMs)
}
