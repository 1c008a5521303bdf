/** A licence photo measured on the phone as the server will measure it, so that people hear of a fault before they send. */

export const WIDTH = 260
export const HEIGHT = 378
/** Twice the size of the card's photo, for a reviewer's eyes. */
const KEPT_WIDTH = 2 * WIDTH
const KEPT_HEIGHT = 2 * HEIGHT
const LEAST_OCTETS = 10 * 1024
const MOST_OCTETS = 1024 * 1024
const WHITE_LEAST = 222
const WHITE_SPREAD = 24
const WHITE_LEAST_PERMILLE = 350
const WHITE_GOOD_PERMILLE = 850

export type Mark = 'good' | 'doubt' | 'bad'
export interface Check { name: 'pixels' | 'size' | 'ground' | 'light' | 'colour'; mark: Mark }

export interface Picked {
  jpeg: Blob
  checks: Check[]
  width: number
  height: number
}

export interface Measured { whitePermille: number; brightness: number; colour: number }

/** `pixels`: RGBA of WIDTH × HEIGHT. Ground: upper edge and the upper half of both sides; light: the middle, where the face is. */
export function measure(pixels: Uint8ClampedArray): Measured {
  const side = Math.floor(WIDTH / 16)
  const top = Math.floor(HEIGHT / 32)
  let white = 0, edge = 0, light = 0, middle = 0, spreads = 0
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++) {
      const at = 4 * (y * WIDTH + x)
      const red = pixels[at], green = pixels[at + 1], blue = pixels[at + 2]
      const darkest = Math.min(red, green, blue)
      const spread = Math.max(red, green, blue) - darkest
      spreads += spread
      if (y < top || (y < HEIGHT / 2 && (x < side || x >= WIDTH - side))) {
        edge++
        if (darkest >= WHITE_LEAST && spread <= WHITE_SPREAD) white++
      }
      if (x >= WIDTH / 5 && x < (WIDTH * 4) / 5 && y >= HEIGHT / 6 && y < (HEIGHT * 2) / 3) {
        middle++
        light += 0.299 * red + 0.587 * green + 0.114 * blue
      }
    }
  return { whitePermille: Math.floor((1000 * white) / edge), brightness: light / middle, colour: spreads / (WIDTH * HEIGHT) }
}

export function judge(found: Measured, octets: number, sourceWidth: number, sourceHeight: number): Check[] {
  const { whitePermille, brightness, colour } = found
  return [
    { name: 'pixels', mark: sourceWidth >= WIDTH && sourceHeight >= HEIGHT ? 'good' : 'bad' },
    { name: 'size', mark: octets >= LEAST_OCTETS && octets <= MOST_OCTETS ? 'good' : 'bad' },
    { name: 'ground', mark: whitePermille < WHITE_LEAST_PERMILLE ? 'bad' : whitePermille < WHITE_GOOD_PERMILLE ? 'doubt' : 'good' },
    { name: 'light', mark: brightness < 60 || brightness > 240 ? 'doubt' : 'good' },
    { name: 'colour', mark: colour < 6 ? 'doubt' : 'good' },
  ]
}

/** The largest part of a picture with the shape of a licence photo: the middle across, near the top down. */
export function cut(width: number, height: number): { x: number; y: number; width: number; height: number } {
  const wide = Math.min(width, Math.floor((height * WIDTH) / HEIGHT))
  const high = Math.min(height, Math.floor((wide * HEIGHT) / WIDTH))
  return { x: Math.floor((width - wide) / 2), y: Math.floor((height - high) / 4), width: wide, height: high }
}

/** Not a picture this browser can read. */
export class NotAPicture extends Error {}

/** A file of any size made into a licence photo here, in the browser: cut, shrunk and written anew. */
export async function fromFile(file: Blob): Promise<Picked> {
  const address = URL.createObjectURL(file)
  try {
    const picture = new Image()
    picture.src = address
    try {
      await picture.decode()
    } catch {
      throw new NotAPicture(file.type)
    }
    return await from(picture, picture.naturalWidth, picture.naturalHeight)
  } finally {
    URL.revokeObjectURL(address)
  }
}

export async function fromVideo(video: HTMLVideoElement): Promise<Picked> {
  return from(video, video.videoWidth, video.videoHeight)
}

async function from(source: CanvasImageSource, width: number, height: number): Promise<Picked> {
  const part = cut(width, height)
  if (part.width < 1 || part.height < 1) throw new NotAPicture('empty')
  const large = drawn(source, part, KEPT_WIDTH, KEPT_HEIGHT)
  const small = drawn(source, part, WIDTH, HEIGHT)
  const found = measure(small.getContext('2d')!.getImageData(0, 0, WIDTH, HEIGHT).data)
  let jpeg = await written(large, 0.92)
  if (jpeg.size > MOST_OCTETS) jpeg = await written(large, 0.75)
  else if (jpeg.size < LEAST_OCTETS) jpeg = await written(large, 1)
  return { jpeg, checks: judge(found, jpeg.size, part.width, part.height), width: part.width, height: part.height }
}

function drawn(source: CanvasImageSource, part: ReturnType<typeof cut>, width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const brush = canvas.getContext('2d', { willReadFrequently: true })!
  brush.imageSmoothingQuality = 'high'
  brush.drawImage(source, part.x, part.y, part.width, part.height, 0, 0, width, height)
  return canvas
}

function written(canvas: HTMLCanvasElement, quality: number): Promise<Blob> {
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new NotAPicture('canvas'))), 'image/jpeg', quality))
}
