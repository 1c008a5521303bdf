import assert from 'node:assert/strict'
import { test } from 'node:test'
import qrcode from 'qrcode-generator'
import { symbolOf } from './qr.ts'

/** The modules a path fills, row by row, one character each. */
function filled(path: string, size: number): string[] {
  const rows = Array.from({ length: size }, () => Array<string>(size).fill('.'))
  for (const [, x, y, wide, back] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-(\d+)z/g)) {
    assert.equal(back, wide)
    rows[Number(y)].fill('#', Number(x), Number(x) + Number(wide))
  }
  return rows.map((row) => row.join(''))
}

const texts = ['LZ1:0123456789ABCDEF', 'otpauth://totp/亮证:P000001?secret=JBSWY3DPEHPK3PXP&issuer=x', 'lz-check:prs_1:fck_1', 'A']

for (const text of texts) test(`${text}: what is dark in the symbol is filled, and nothing else`, () => {
  const { path, size } = symbolOf(text)
  const same = qrcode(0, 'M')
  same.addData(text, /^[0-9A-Z:]*$/.test(text) ? 'Alphanumeric' : 'Byte')
  same.make()
  const modules = same.getModuleCount()
  assert.equal(size, modules + 8)
  const drawn = filled(path, size)
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const inside = Math.min(row, column) >= 4 && Math.max(row, column) < size - 4
      assert.equal(drawn[row][column] === '#', inside && same.isDark(row - 4, column - 4), `${row} ${column}`)
    }
})

test('a run of modules is one piece of the path', () => {
  const { path, size } = symbolOf('A')
  const [first] = path.split('M').slice(1)
  assert.equal(first, '4 4h7v1h-7z')
  assert.match(filled(path, size)[4], /^\.{4}#{7}\./)
})

test('capitals make a smaller symbol than the same in small letters, which are read too', () => {
  const text = 'LZ1:'.padEnd(150, 'AB0')
  assert.ok(symbolOf(text).size < symbolOf(text.toLowerCase()).size)
})

test('a level that mends less is smaller', () => {
  const text = 'ABC'.repeat(60)
  assert.ok(symbolOf(text, 'L').size < symbolOf(text, 'M').size)
})
