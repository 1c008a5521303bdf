/** Rare characters of a name: the font that came with the licence, and the code points for whoever must type them. */

export const rareFont = 'holder'

/** The holder's own few characters, drawn from what the licence carries; without it the phone's fonts must do. */
export async function useRareFont(octets: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    const face = new FontFace(rareFont, octets)
    await face.load()
    document.fonts.add(face)
  } catch {
    // A font this browser cannot read: the code points are still there.
  }
}

/** Characters many phones cannot draw: all beyond the first plane, and extension A. */
export function rareIn(text: string): { character: string; point: string }[] {
  return [...text]
    .filter((character) => {
      const point = character.codePointAt(0)!
      return point > 0xffff || (point >= 0x3400 && point <= 0x4dbf)
    })
    .map((character) => ({ character, point: `U+${character.codePointAt(0)!.toString(16).toUpperCase()}` }))
}
