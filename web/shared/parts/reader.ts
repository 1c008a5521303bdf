/** QR symbols out of frames and pictures, by zxing-wasm; the module is ours and comes from our own host. */
import { prepareZXingModule, readBarcodes, type ReaderOptions } from 'zxing-wasm/reader'
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url'

/** Frames: quick, and hard enough for night and a turned phone. */
const options: ReaderOptions = { formats: ['QRCode'], tryHarder: true, maxNumberOfSymbols: 1, tryDownscale: true }

let prepared: Promise<unknown> | null = null

/** The module, fetched and compiled, so that the first frame does not wait for it. Rejects where it cannot be fetched; asked
 * for again it is tried again. */
export function ready(): Promise<unknown> {
  prepared ??= prepareZXingModule({
    overrides: { locateFile: (path: string, prefix: string) => (path.endsWith('.wasm') ? wasm : prefix + path) },
    fireImmediately: true,
  }).catch((problem: unknown) => {
    prepared = null
    throw problem
  })
  return prepared
}

export async function readFrame(frame: ImageData): Promise<string | null> {
  await ready()
  const [found] = await readBarcodes(frame, options)
  return found?.isValid ? found.text : null
}

/** Longest side a picture is read at: a code fills much of any picture worth sending, and memory of phones is small. */
const longest = 2400

/** The code in a picture from the album. null: none found. Throws for what is no picture. */
export async function readPicture(file: Blob): Promise<string | null> {
  const bitmap = await createImageBitmap(file)
  for (const side of [longest, 1200]) {
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.max(1, Math.round(bitmap.width * scale))
    canvas.height = Math.max(1, Math.round(bitmap.height * scale))
    const brush = canvas.getContext('2d', { willReadFrequently: true })!
    brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
    const text = await readFrame(brush.getImageData(0, 0, canvas.width, canvas.height))
    if (text !== null) return text
  }
  return null
}
