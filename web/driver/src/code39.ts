/** Code 39 (ISO/IEC 16388): the bar code of the card-core number. */

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. *'
// Bars and gaps of each letter in turn, nine of them; w is wide, n is narrow.
const forms = (
  'nnnwwnwnn wnnwnnnnw nnwwnnnnw wnwwnnnnn nnnwwnnnw wnnwwnnnn nnwwwnnnn nnnwnnwnw wnnwnnwnn nnwwnnwnn ' +
  'wnnnnwnnw nnwnnwnnw wnwnnwnnn nnnnwwnnw wnnnwwnnn nnwnwwnnn nnnnnwwnw wnnnnwwnn nnwnnwwnn nnnnwwwnn ' +
  'wnnnnnnww nnwnnnnww wnwnnnnwn nnnnwnnww wnnnwnnwn nnwnwnnwn nnnnnnwww wnnnnnwwn nnwnnnwwn nnnnwnwwn ' +
  'wwnnnnnnw nwwnnnnnw wwwnnnnnn nwnnwnnnw wwnnwnnnn nwwnwnnnn nwnnnnwnw wwnnnnwnn nwwnnnwnn nwnnwnwnn'
).split(' ')
const wide = 3

export interface Bars {
  /** Begin and width of each bar, in narrow bars. */
  bars: { at: number; width: number }[]
  /** Whole width with ten narrow bars of quiet zone on either side. */
  width: number
}

/** The bars of `text` between its start and stop marks; null for letters Code 39 has not. */
export function code39(text: string): Bars | null {
  const shown = `*${text}*`
  const bars: Bars['bars'] = []
  let at = 10
  for (const [place, letter] of [...shown].entries()) {
    const form = forms[letters.indexOf(letter)]
    if (!form || (letter === '*' && place > 0 && place < shown.length - 1)) return null
    for (const [number, size] of [...form].entries()) {
      const width = size === 'w' ? wide : 1
      if (number % 2 === 0) bars.push({ at, width })
      at += width
    }
    at += 1 // the gap between letters
  }
  return { bars, width: at - 1 + 10 }
}
