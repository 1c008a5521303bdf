/** One look at a code: by this device at once, by the server where somebody is logged in and there is a network. */
import { computed, reactive, shallowRef, watch } from 'vue'
import { ask, askOctets, fromBase64url, newKey, type Problem } from '@shared/api'
import { ClockBehind, isPortraitOf, verifyOffline, type OfflineAnswer } from '@shared/live-code/index'
import { useRareFont } from '@shared/rare'
import { ground, heard, keepMemory, learn, now } from './ground'
import { entryOf } from './entry'
import { note, wait, waiting, waitsNoMore } from './history'
import { session } from './session'
import { sound } from './tones'
import { ofDevice, ofServer, ofStrange, strange, wantedOf, type Shown, type Verdict } from './verdict'

export interface Look {
  id: string
  shown: Shown | null
  /** Why there is none: a sentence's key. */
  fault: '' | 'clock_behind' | 'no_ground' | 'bad_trust'
  /** The server is being asked. */
  asking: boolean
  /** Why the server could not be asked: what is shown is this device's own. */
  problem: Problem | null
  waits: boolean
  portrait: string | null
  /** `other`: the picture is not the one the issuer signed. */
  portraitFault: '' | 'other' | 'none'
}

export const look = shallowRef<Look | null>(null)

/** How long a person at the kerb is kept waiting for the server before this device says what it knows. */
const patienceMs = 1500

/** The last code and when it was read: the camera, started again, still sees the same screen. */
let last = { text: '', at: 0 }

export function justRead(text: string): boolean {
  return last.text === text && Date.now() - last.at < 4000
}

/** The last look is on no screen any more: another person has the device. */
export function forgetLook(): void {
  if (look.value?.portrait) URL.revokeObjectURL(look.value.portrait)
  look.value = null
}

// A login that ended by itself is taken up again by the same person, who goes on with what was seen; by another it is not.
let seenBy = session.number
watch(() => session.number, (number) => {
  if (!number || number === seenBy) return
  if (seenBy) forgetLook()
  seenBy = number
}, { flush: 'sync' })

function begin(): Look {
  forgetLook()
  const made: Look = reactive({
    id: newKey(), shown: null, fault: '', asking: false, problem: null, waits: false, portrait: null, portraitFault: '',
  })
  look.value = made
  return made
}

/** A code that was scanned or found in a picture. Answers once something can be shown; the server's word may follow. */
export async function lookAt(text: string, choice: string): Promise<void> {
  last = { text, at: Date.now() }
  const { wantClass, plateKind } = wantedOf(choice)
  const at = now()
  const what = strange(text)
  const mine = begin()
  if (what !== null) return show(mine, ofStrange(what, at))
  const answer = await byDevice(mine, text, at, wantClass)
  const body = { code: text, request: mine.id, ...(wantClass ? { class: wantClass } : {}) }
  // A code that is none need not trouble the server; everything else is its to know: the record is kept there.
  const asks = session.kind !== 'public' && answer?.decision.outcome !== 'unreadable'
  const device = answer && ofDevice(answer, at, plateKind)
  if (!asks) return device ? show(mine, device) : undefined
  if (navigator.onLine === false) {
    if (device) show(mine, device)
    await queue(mine, text, at, choice, answer)
    return
  }
  mine.asking = true
  const server = byServer(body, plateKind).then(
    async (verdict) => {
      heard(true)
      mine.asking = false
      show(mine, verdict)
      if (answer?.verified && verdict.standingVersion !== null) void learn(answer.verified.claims.licenceId, verdict.standingVersion)
      void sendWaiting()
      await portraitOf(mine, verdict, answer)
    },
    async (problem: Problem) => {
      heard(!problem.isOffline)
      mine.problem = problem
      if (device && !mine.shown) show(mine, device)
      if (problem.isOffline || problem.status >= 500) await queue(mine, text, at, choice, answer)
    },
  ).finally(() => (mine.asking = false))
  await Promise.race([server, new Promise((go) => setTimeout(go, patienceMs))])
  if (!mine.shown && device) show(mine, device)
  else if (!mine.shown) await server
}

/** Eight digits the holder read out: only the server knows what they stand for. Throws Problem. */
export async function lookAtDigits(digits: string, choice: string): Promise<void> {
  const { wantClass, plateKind } = wantedOf(choice)
  const body = { short_code: digits, request: newKey(), ...(wantClass ? { class: wantClass } : {}) }
  const shown = await byServer(body, plateKind)
  const mine = begin()
  show(mine, shown)
  void portraitOf(mine, shown, null)
}

async function byDevice(mine: Look, text: string, at: number, wantClass?: string): Promise<OfflineAnswer | null> {
  const stands = ground.value
  if (!stands) {
    mine.fault = 'no_ground'
    return null
  }
  try {
    const { deployment: { lives }, trust, memory, statusData } = stands
    const answer = await verifyOffline(text, trust.bundle, at, { wantClass, memory, lives, statusData })
    void keepMemory()
    return answer
  } catch (fault) {
    mine.fault = fault instanceof ClockBehind ? 'clock_behind' : 'bad_trust'
    return null
  }
}

interface Asks { code?: string; short_code?: string; request: string; class?: string; scanned_at?: string }

async function byServer(asks: Asks, plateKind?: string): Promise<Shown> {
  const body = { code: asks.code ?? null, short_code: asks.short_code ?? null, request: asks.request, class: asks.class ?? null, purpose: null }
  const verdict =
    session.kind === 'officer'
      ? await ask('post', '/staff/verifications', { body: { ...body, scanned_at: asks.scanned_at ?? null } })
      : await ask('post', '/verifier/verifications', { body: { ...body, purpose: purposeOf() } })
  return ofServer(verdict as Verdict, plateKind)
}

/** What a company verifies for: what was chosen, else the first it may. */
function purposeOf(): string | null {
  const able = session.purposes.filter(({ fields }) => fields.includes('may_drive')).map(({ purpose }) => purpose)
  const chosen = sessionStorage.getItem('purpose') ?? ''
  return able.includes(chosen) ? chosen : able[0] ?? null
}

function show(mine: Look, shown: Shown): void {
  const before = mine.shown
  mine.shown = shown
  mine.fault = ''
  if (look.value !== mine) return
  // Of this name alone: what the last one had is let go of.
  void useRareFont(shown.font === null ? null : (fromBase64url(shown.font) as Uint8Array<ArrayBuffer>))
  if (before?.colour !== shown.colour) sound(shown.colour)
  void note(entryOf(mine.id, shown))
}

async function portraitOf(mine: Look, shown: Shown, answer: OfflineAnswer | null): Promise<void> {
  if (!shown.portrait) return
  const [path, query] = shown.portrait.split('?')
  const octets = await askOctets(path!, { query: Object.fromEntries(new URLSearchParams(query)) }).catch(() => null)
  if (octets === null) mine.portraitFault = 'none'
  // The picture is believed because the issuer signed its hash into the code, not because it came over the line.
  else if (answer?.verified && !(await isPortraitOf(octets as Uint8Array<ArrayBuffer>, answer.verified.claims))) mine.portraitFault = 'other'
  else mine.portrait = URL.createObjectURL(new Blob([octets as BlobPart], { type: 'image/jpeg' }))
}

/** For an officer: asked of the server when there is a network. What failed by itself needs no asking. */
async function queue(mine: Look, code: string, at: number, choice: string, answer: OfflineAnswer | null): Promise<void> {
  if (session.kind !== 'officer' || !answer?.verified) return
  mine.waits = true
  await wait({ id: mine.id, code, at, choice, request: mine.id, by: session.number })
}

let sending = false

/** What waits to be asked by whoever is logged in; all of it while nobody is, so that it is not forgotten. */
export const mineWaiting = computed(() => waiting.value.filter(({ by }) => session.kind === 'public' || by === session.number))

/** Asks the server about everything of this officer's that waits. How many it answered. */
export async function sendWaiting(): Promise<number> {
  if (sending || session.kind !== 'officer' || mineWaiting.value.length === 0) return 0
  sending = true
  let sent = 0
  try {
    for (const { id, code, at, choice, request, by } of [...mineWaiting.value]) {
      if (by !== session.number) break // another person has logged in meanwhile
      const { wantClass, plateKind } = wantedOf(choice)
      const scanned_at = new Date(at * 1000).toISOString()
      try {
        const shown = await byServer({ code, request, scanned_at, ...(wantClass ? { class: wantClass } : {}) }, plateKind)
        heard(true)
        await note({ ...entryOf(id, shown), at })
      } catch (problem) {
        // Without a network the rest would fail too; what the server refuses for good would wait for ever.
        const { isOffline, status } = problem as Problem
        if (isOffline || status === 401 || status === 429 || status >= 500) break
      }
      await waitsNoMore(id)
      sent++
    }
  } finally {
    sending = false
  }
  return sent
}
