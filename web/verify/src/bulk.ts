/** Pseudonyms out of what was pasted or read from a file: one a line, the first column of a CSV; repeated ones once. */
export function pseudonymsIn(text: string): string[] {
  const found = text.replace(/^\uFEFF/, '').split(/\r?\n/).map((line) => line.split(/[,;\t]/)[0]!.trim().replace(/^"(.*)"$/, '$1'))
  // A heading names a column and no driver.
  return [...new Set(found.filter((one, place) => one !== '' && !(place === 0 && !/\d/.test(one))))]
}
