import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { authorityName, beside, divisionName, inWords, known, nothing, rows } from './names.ts'

const file = (name: string): string => readFileSync(new URL(`../../../src/liangzheng/data/${name}.csv`, import.meta.url), 'utf8')
const all = known(file('divisions_prefecture'), file('issuing_authorities'))
const counties = rows(file('divisions_county')).map(([code, name]) => [code!, name!] as const)
const whole = { ...all, divisions: new Map([...all.divisions, ...counties]) }

test('no field of the files is quoted, and every row has its name', () => {
  for (const name of ['divisions_prefecture', 'divisions_county', 'issuing_authorities']) assert.ok(!file(name).includes('"'))
  for (const [code, name] of [...all.divisions, ...counties]) assert.ok(/^\d{6}$/.test(code) && name, code)
})

test('a division has a name by two, four and six digits', () => {
  assert.equal(divisionName('32', whole, 'zh-CN'), '江苏省')
  assert.equal(divisionName('3205', whole, 'zh-CN'), '苏州市')
  assert.equal(divisionName('320508', whole, 'zh-CN'), '苏州市姑苏区')
  assert.equal(divisionName('110101', whole, 'zh-CN'), '北京市东城区')
  assert.equal(divisionName('419001', whole, 'zh-CN'), '济源市')
  for (const nowhere of ['', '99', '000000', '329900', '32050x', 'nationwide']) assert.equal(divisionName(nowhere, whole, 'zh-CN'), '', nowhere)
})

test('in English a province has its name; below it the name stands as it is', () => {
  assert.equal(divisionName('320000', all, 'en'), 'Jiangsu')
  assert.equal(divisionName('3205', all, 'en'), '苏州市, Jiangsu')
  assert.equal(inWords('320000', '江苏省', 'en'), 'Jiangsu')
  assert.equal(inWords('320500', '苏州市', 'en'), '苏州市, Jiangsu (320500)')
  assert.equal(inWords('320500', '苏州市', 'zh-CN'), '苏州市')
  assert.equal(inWords('', '', 'en'), '')
})

test('every authority there is has a name in both languages', () => {
  for (const code of all.authorities.keys()) for (const language of ['zh-CN', 'en'] as const) assert.ok(authorityName(code, all, language), code)
  assert.equal(authorityName('苏E', all, 'zh-CN'), '苏州市')
  assert.equal(authorityName('苏E', all, 'en'), '苏州市, Jiangsu')
  assert.equal(authorityName('京A', all, 'en'), 'Beijing')
  assert.equal(authorityName('鲁O', all, 'zh-CN'), '山东省省直机关')
  assert.equal(authorityName('苏Z', all, 'zh-CN'), '')
})

test('the code is beside the name, and alone where there is none', () => {
  assert.equal(beside('苏州市', '苏E', 'zh-CN'), '苏州市（苏E）')
  assert.equal(beside(authorityName('苏E', all, 'en'), '苏E', 'en'), '苏州市, Jiangsu (苏E)')
  assert.equal(beside(authorityName('苏E', nothing, 'en'), '苏E', 'en'), '苏E')
})
