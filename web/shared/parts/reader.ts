/** QR codes in pictures. The decoder is our own file: by itself the library would fetch it from another host. */
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url'

let prepared = false

/** The text of the first QR code in a picture, or null. */
export async function readQr(picture: ImageData | Blob): Promise<string | null> {
  if (!prepared) {
    prepareZXingModule({ overrides: { locateFile: (path: string, prefix: string) => (path.endsWith('.wasm') ? wasm : prefix + path) } })
    prepared = true
  }
  const found = await readBarcodes(picture, { formats: ['QRCode'], tryHarder: true, maxNumberOfSymbols: 1 })
  return found[0]?.text ?? null
}
