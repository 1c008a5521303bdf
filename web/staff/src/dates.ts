/** Days and minutes as they are written all over the console, whatever language the browser has. */

export function isDay(text: string): boolean {
  return isDate(text, /^\d{4}-\d\d-\d\d$/)
}

/** `2026-11-22 10:53`. */
export function isMinute(text: string): boolean {
  return isDate(text.replace(' ', 'T'), /^\d{4}-\d\d-\d\dT\d\d:\d\d$/)
}

function isDate(text: string, form: RegExp): boolean {
  if (!form.test(text)) return false
  const read = new Date(`${text.length === 10 ? `${text}T00:00` : text}Z`)
  // 31 February would be read as a day of March.
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(text)
}
