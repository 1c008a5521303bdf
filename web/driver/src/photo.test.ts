import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cut, HEIGHT, judge, measure, WIDTH } from './photo.ts'

function filled(red: number, green: number, blue: number): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray(4 * WIDTH * HEIGHT)
  for (let at = 0; at < pixels.length; at += 4) pixels.set([red, green, blue, 255], at)
  return pixels
}

const marks = (pixels: Uint8ClampedArray, octets = 50_000, width = 800, height = 1200): Record<string, string> =>
  Object.fromEntries(judge(measure(pixels), octets, width, height).map((one) => [one.name, one.mark]))

test('a white ground is good, a blue one is not', () => {
  assert.equal(marks(filled(250, 250, 250)).ground, 'good')
  assert.equal(marks(filled(40, 90, 200)).ground, 'bad')
})

test('half white is for the reviewer', () => {
  const pixels = filled(250, 250, 250)
  for (let y = 0; y < HEIGHT; y++) for (let x = 0; x < WIDTH / 2; x++) pixels.set([60, 60, 60, 255], 4 * (y * WIDTH + x))
  assert.equal(marks(pixels).ground, 'doubt')
})

test('a dark face is a doubt, a small or huge picture a fault', () => {
  assert.equal(marks(filled(20, 20, 20)).light, 'doubt')
  assert.equal(marks(filled(200, 180, 160)).light, 'good')
  assert.equal(marks(filled(250, 250, 250), 9_000).size, 'bad')
  assert.equal(marks(filled(250, 250, 250), 50_000, 259, 378).pixels, 'bad')
})

test('grey has no colour', () => {
  assert.equal(marks(filled(128, 128, 128)).colour, 'doubt')
  assert.equal(marks(filled(200, 160, 140)).colour, 'good')
})

test('what is cut has the shape of the photo and lies inside', () => {
  for (const [width, height] of [[4000, 3000], [3000, 4000], [260, 378], [100, 5000], [5000, 100]]) {
    const part = cut(width, height)
    assert.ok(part.x + part.width <= width)
    assert.ok(part.y + part.height <= height)
    assert.ok(Math.abs(part.width / part.height - WIDTH / HEIGHT) < 0.02)
  }
})
