import { expect, it } from 'vitest'
import { csv } from './csv'

it('quotes what needs it', () => {
  expect(csv([['a', 'b,c', 'say "no"', 'two\nlines', '张三']])).toBe('a,"b,c","say ""no""","two\nlines",张三\r\n')
})

it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx'])('%j is shown and not carried out', (text) => {
  expect(csv([[text]])).toBe(`'${text}\r\n`)
})
