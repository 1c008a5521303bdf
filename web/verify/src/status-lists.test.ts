import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byteString, head } from '../../shared/live-code/cbor.ts'
import { Malformed } from '../../shared/live-code/errors.ts'
import { concat } from '../../shared/live-code/octets.ts'
import { Arriving, download, missing, ranges } from './status-lists.ts'

const item = (number: number, version: number, octets: Uint8Array) => concat(Uint8Array.of(0x83), head(0, number), head(0, version), byteString(octets))
const lists = [item(1, 23, Uint8Array.of(1)), item(300, 70_000, new Uint8Array(300).fill(2)), item(301, 1, new Uint8Array())]
const whole = concat(...lists)

test('numbers become ranges', () => {
  assert.equal(ranges([]), '')
  assert.equal(ranges([7]), '7')
  assert.equal(ranges([1, 2, 3, 5, 7, 8]), '1-3,5,7-8')
})

test('what is not held, is another version, or was signed too long ago is missing', () => {
  const offer = (number: number, version = 1, octets = 10) => ({ number, version, changed_at: '2026-11-21T00:00:00Z', octets })
  const changed = Date.parse('2026-11-21T00:00:00Z') / 1000
  const held = new Map([[1, { version: 1, made: changed }], [2, { version: 1, made: changed }], [3, { version: 2, made: changed - 1 }]])
  const numbers = (at: number) => missing([offer(1), offer(2, 2), offer(3, 2), offer(4)], held, at, 100).map(({ number }) => number)
  assert.deepEqual(numbers(changed + 100), [2, 3, 4])
  assert.deepEqual(numbers(changed + 101), [1, 2, 3, 4])
})

test('a sequence is read wherever the network cuts it', () => {
  for (const size of [1, 2, 7, whole.length]) {
    const arriving = new Arriving()
    const found = []
    for (let at = 0; at < whole.length; at += size) found.push(...arriving.take(whole.slice(at, at + size)))
    assert.deepEqual(found.map(({ number, version, octets }) => [number, version, octets.length]), [[1, 23, 1], [300, 70_000, 300], [301, 1, 0]])
    assert.ok(arriving.isWhole)
  }
  const half = new Arriving()
  assert.equal(half.take(whole.slice(0, -1)).length, 2)
  assert.equal(half.isWhole, false)
})

test('what is no such sequence is refused, and nothing is kept without end', () => {
  for (const bad of ['80', '84', '8320', '830120', '83010160', '831800', '83010158', '83d2']) {
    const octets = Uint8Array.from(bad.match(/../g)!, (pair) => parseInt(pair, 16))
    if (bad === '83010158') assert.deepEqual(new Arriving().take(octets), [])
    else assert.throws(() => new Arriving().take(octets), Malformed, bad)
  }
  const arriving = new Arriving()
  arriving.take(concat(Uint8Array.of(0x83, 1, 1), head(2, 3 << 20)))
  assert.throws(() => arriving.take(new Uint8Array((2 << 20) + 1)), Malformed)
})

/** A server that answers in these pieces, and then breaks where it must. */
function serve(pieces: Uint8Array[], breaks = false): string[] {
  const asked: string[] = []
  globalThis.fetch = (async (address: string) => {
    asked.push(address)
    return new Response(new ReadableStream({
      start(control) {
        for (const piece of pieces) control.enqueue(piece)
      },
      pull(control) {
        if (breaks) control.error(new TypeError('network'))
        else control.close()
      },
    }, { highWaterMark: 0 }))
  }) as typeof fetch
  return asked
}

test('a download that breaks has given what came before', async () => {
  const got: number[] = []
  const each = async ({ number }: { number: number }) => void got.push(number)
  const asked = serve([whole.slice(0, 40), whole.slice(40, -1)], true)
  await assert.rejects(download([1, 300, 301], each, new AbortController().signal))
  assert.deepEqual([got, asked], [[1, 300], ['/api/open/status-lists/sequence?lists=1,300-301']])
  serve([lists[2]!])
  await download([301], each, new AbortController().signal)
  assert.deepEqual(got, [1, 300, 301])
  serve([whole.slice(0, -1)])
  await assert.rejects(download([1], each, new AbortController().signal), /in the middle/)
  globalThis.fetch = (async () => new Response(null, { status: 503 })) as typeof fetch
  await assert.rejects(download([1], each, new AbortController().signal), /503/)
})

test('a download can be stopped', async () => {
  const stop = new AbortController()
  serve([lists[0]!, lists[1]!])
  const got: number[] = []
  await assert.rejects(download([1, 300], async ({ number }) => { got.push(number); stop.abort() }, stop.signal))
  assert.deepEqual(got, [1])
})
