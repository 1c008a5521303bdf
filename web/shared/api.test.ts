import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import type { Problem } from './api.ts'

// What a browser has and the module may look at when it is loaded.
const kept = new Map<string, string>()
Object.assign(globalThis, {
  addEventListener: () => undefined,
  localStorage: { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, text: string) => kept.set(name, text), removeItem: (name: string) => kept.delete(name) },
})
const { ask, askOctets } = await import('./api.ts')

type Answer = (signal: AbortSignal) => Response | Promise<Response>
const own = globalThis.fetch
const octets = (text: string): Uint8Array => new TextEncoder().encode(text)
/** Runs what waits for promises, without a timer. */
const settled = async (): Promise<void> => { for (let turn = 0; turn < 50; turn++) await Promise.resolve() }

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
afterEach(() => {
  mock.timers.reset()
  globalThis.fetch = own
})

function answered(answer: Answer): void {
  globalThis.fetch = ((_address: string, { signal }: { signal: AbortSignal }) => answer(signal)) as typeof fetch
}

const never: Answer = (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

/** An answer of these parts, which then stops coming. */
function halting(feed: (send: (text: string) => void) => void): Answer {
  return (signal) => new Response(new ReadableStream({
    start(to) {
      feed((text) => to.enqueue(octets(text)))
      signal.addEventListener('abort', () => to.error(signal.reason))
    },
  }))
}

const problemOf = (asked: Promise<unknown>): Promise<Problem> => asked.then(() => assert.fail('it was answered'), (problem: Problem) => problem)

test('an answer is read', async () => {
  answered(() => Response.json({ level: 2 }))
  assert.deepEqual(await ask('get', '/holder/sessions/current'), { level: 2 })
  answered(() => new Response(null, { status: 204 }))
  assert.equal(await ask('delete', '/holder/sessions/current'), undefined)
})

test('a refusal has its code, a page of a proxy its status', async () => {
  answered(() => Response.json({ code: 'conflict', place: 'request' }, { status: 409 }))
  const refused = await problemOf(ask('get', '/holder/account'))
  assert.deepEqual([refused.code, refused.status, refused.place, refused.isOffline], ['conflict', 409, 'request', false])
  answered(() => new Response('<h1>Bad gateway</h1>', { status: 502 }))
  assert.equal((await problemOf(ask('get', '/holder/account'))).code, 'http-502')
})

test('no network and no answer in time are told apart', async () => {
  answered(() => Promise.reject(new TypeError('failed')))
  assert.equal((await problemOf(ask('get', '/holder/account'))).code, 'offline')
  answered(never)
  const waiting = problemOf(ask('get', '/holder/account'))
  mock.timers.tick(20_001)
  const late = await waiting
  assert.deepEqual([late.code, late.isOffline], ['slow', true])
})

test('an answer that stops half-way does not hang', async () => {
  answered(halting((send) => send('{"half":')))
  const waiting = problemOf(ask('get', '/holder/account'))
  await settled()
  mock.timers.tick(20_001)
  assert.equal((await waiting).code, 'slow')
})

test('a long answer may take its time while it keeps coming', async () => {
  let feed: (text: string) => void = () => undefined
  answered(halting((send) => (feed = send)))
  let ended = ''
  const waiting = problemOf(askOctets('/open/trust-bundle')).then((problem) => (ended = problem.code))
  for (let part = 0; part < 5; part++) {
    await settled()
    feed('x')
    await settled()
    mock.timers.tick(15_000)
  }
  await settled()
  assert.equal(ended, '', '75 seconds, and still listening')
  mock.timers.tick(20_001)
  await waiting
  assert.equal(ended, 'slow')
})

test('a large body is given the time a slow network needs', async () => {
  answered(never)
  let ended = ''
  const body = { source: 'album', picture: 'A'.repeat(1_400_000), taken_on: null } as const
  const waiting = problemOf(ask('post', '/holder/photos', { body, key: 'one-wish' })).then((problem) => (ended = problem.code))
  mock.timers.tick(100_000)
  await settled()
  assert.equal(ended, '')
  mock.timers.tick(61_000)
  await waiting
  assert.equal(ended, 'slow')
})
