/** A 亮码 as a QR symbol (ISO/IEC 18004, level L) on a canvas: it turns every few seconds, and a canvas is cheaper to turn than an SVG. */
import qrcode from 'qrcode-generator'

const quiet = 4
/** Pixels of the side, about; a whole number for each module keeps the edges sharp. */
const side = 1024

export function draw(code: string, canvas: HTMLCanvasElement, colour: string): void {
  const qr = qrcode(0, 'L')
  qr.addData(code, 'Alphanumeric')
  qr.make()
  const modules = qr.getModuleCount()
  const scale = Math.max(1, Math.floor(side / (modules + 2 * quiet)))
  canvas.width = canvas.height = (modules + 2 * quiet) * scale
  const brush = canvas.getContext('2d')!
  brush.fillStyle = '#fff'
  brush.fillRect(0, 0, canvas.width, canvas.height)
  brush.fillStyle = colour
  for (let row = 0; row < modules; row++)
    for (let column = 0; column < modules; column++)
      if (qr.isDark(row, column)) brush.fillRect((column + quiet) * scale, (row + quiet) * scale, scale, scale)
  canvas.dataset.code = code
}
