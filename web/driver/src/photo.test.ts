import { expect, test } from 'vitest'
import { cut, HEIGHT, judge, measure, WIDTH } from './photo'

function filled(red: number, green: number, blue: number): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray(4 * WIDTH * HEIGHT)
  for (let at = 0; at < pixels.length; at += 4) pixels.set([red, green, blue, 255], at)
  return pixels
}

const marks = (pixels: Uint8ClampedArray, octets = 50_000, width = 800, height = 1200): Record<string, string> =>
  Object.fromEntries(judge(measure(pixels), octets, width, height).map((one) => [one.name, one.mark]))

test('a white ground is good, a blue one is not', () => {
  expect(marks(filled(250, 250, 250)).ground).toBe('good')
  expect(marks(filled(40, 90, 200)).ground).toBe('bad')
})

test('half white is for the reviewer', () => {
  const pixels = filled(250, 250, 250)
  for (let y = 0; y < HEIGHT; y++) for (let x = 0; x < WIDTH / 2; x++) pixels.set([60, 60, 60, 255], 4 * (y * WIDTH + x))
  expect(marks(pixels).ground).toBe('doubt')
})

test('a dark face is a doubt, a small or huge picture a fault', () => {
  expect(marks(filled(20, 20, 20)).light).toBe('doubt')
  expect(marks(filled(200, 180, 160)).light).toBe('good')
  expect(marks(filled(250, 250, 250), 9_000).size).toBe('bad')
  expect(marks(filled(250, 250, 250), 50_000, 259, 378).pixels).toBe('bad')
})

test('grey has no colour', () => {
  expect(marks(filled(128, 128, 128)).colour).toBe('doubt')
  expect(marks(filled(200, 160, 140)).colour).toBe('good')
})

test('what is cut has the shape of the photo and lies inside', () => {
  for (const [width, height] of [[4000, 3000], [3000, 4000], [260, 378], [100, 5000], [5000, 100]]) {
    const part = cut(width, height)
    expect(part.x + part.width).toBeLessThanOrEqual(width)
    expect(part.y + part.height).toBeLessThanOrEqual(height)
    expect(Math.abs(part.width / part.height - WIDTH / HEIGHT)).toBeLessThan(0.02)
  }
})
