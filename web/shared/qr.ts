/** A text as a QR symbol (ISO/IEC 18004), ready to be an SVG path. */
import qrcode from 'qrcode-generator'

/** Modules of light around it (§9.1); without them a reader does not find it. */
const quiet = 4
/** What two characters to eleven bits can hold (§7.3.4). */
const alphanumeric = /^[0-9A-Z $%*+\-./:]*$/

export interface Drawn {
  /** One rectangle for each run of dark modules in a row; a module is 1 × 1. */
  path: string
  /** Modules of a side, with the quiet zone. */
  size: number
}

export function symbolOf(text: string, level: 'L' | 'M' = 'M'): Drawn {
  const qr = qrcode(0, level)
  qr.addData(text, alphanumeric.test(text) ? 'Alphanumeric' : 'Byte')
  qr.make()
  const modules = qr.getModuleCount()
  let path = ''
  for (let row = 0; row < modules; row++) {
    for (let column = 0, run = 0; column < modules; column += Math.max(1, run)) {
      for (run = 0; column + run < modules && qr.isDark(row, column + run); run++);
      if (run) path += `M${column + quiet} ${row + quiet}h${run}v1h-${run}z`
    }
  }
  return { path, size: modules + 2 * quiet }
}
