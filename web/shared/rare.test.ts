import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rareIn } from './rare.ts'

const points = (text: string): string[] => rareIn(text).map((one) => one.point)

test('usual characters, letters and the middle dot are drawn by every phone', () => {
  assert.deepEqual(points('张示例欧阳头一龥〇'), [])
  assert.deepEqual(points('阿布都热西提·虚拟江 JOSÉ ǹ'), [])
})

test('extensions, private use and compatibility ideographs are rare, each once', () => {
  assert.deepEqual(points('例𬭚𠮷𬭚'), ['U+2CB5A', 'U+20BB7'])
  assert.deepEqual(points('䶮鿬\ue863\uf92c𮯠⺁'), ['U+4DAE', 'U+9FEC', 'U+E863', 'U+F92C', 'U+2EBE0', 'U+2E81'])
})
