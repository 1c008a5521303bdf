/** Rare characters of a name: which they are, their code points for whoever must compare or type them, and their own font. */

/** As `RARE` of src/liangzheng/kernel/ideographs.py, which says why. */
const RARE = /[\u{2e80}-\u{2fdf}\u{31c0}-\u{31ef}\u{3400}-\u{4dbf}\u{9fa6}-\u{9fff}\u{e000}-\u{f8ff}\u{f900}-\u{faff}\u{20000}-\u{3ffff}\u{f0000}-\u{10ffff}]/u

/** The family of class `rare`: it has a few characters only, all others fall to the fonts after it. */
const family = 'holder'
const mostOctets = 1 << 16

let loaded: FontFace | null = null
let wanted = 0

/**
 * The page draws `rare` characters from `octets`, or from no font of ours (null). Only for a font out of a document whose
 * signature held, or one the service sent beside a name. The octets never leave the browser's font sanitiser as anything but
 * outlines, and no address is asked for: the content security policy has nothing to allow.
 */
export async function useRareFont(octets: Uint8Array<ArrayBuffer> | null): Promise<void> {
  const mine = ++wanted
  if (loaded) document.fonts.delete(loaded)
  loaded = null
  if (octets === null || octets.length > mostOctets) return
  try {
    const face = await new FontFace(family, octets).load()
    if (mine !== wanted) return
    document.fonts.add(face)
    loaded = face
  } catch {
    // A font this browser cannot read: the code points are still there.
  }
}

/** The distinct characters of `text` that a phone may not draw, in their order, with their code points. */
export function rareIn(text: string): { character: string; point: string }[] {
  return [...new Set(text)]
    .filter((character) => RARE.test(character))
    .map((character) => ({ character, point: `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}` }))
}
