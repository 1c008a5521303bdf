/** Comma-separated values (RFC 4180) that a spreadsheet shows and does not carry out. */

/** What begins a formula, in the wide forms of Chinese and Japanese keyboards too. */
const formula = /^[=+\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]/

function cell(value: string): string {
  const tame = formula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame
}

export function csv(rows: string[][]): string {
  return rows.map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n'
}

/** The byte order mark tells spreadsheets that it is UTF-8. */
export function saveCsv(name: string, rows: string[][]): void {
  const address = URL.createObjectURL(new Blob(['\uFEFF', csv(rows)], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 1000)
}
