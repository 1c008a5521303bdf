/** The front camera, and why there is none. */

export type NoCamera = 'denied' | 'missing' | 'busy' | 'camera_slow'

/** A phone whose camera hangs would leave people before a black circle. */
const patienceMs = 10_000

export class CameraFault extends Error {
  readonly why: NoCamera

  constructor(why: NoCamera) {
    super(why)
    this.why = why
  }
}

/** The stream, shown in `video`. Throws CameraFault. */
export async function openCamera(video: HTMLVideoElement, width: number, height: number): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new CameraFault('missing')
  let stream: MediaStream
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user', width, height }, audio: false })
  } catch (problem) {
    const { name } = problem as DOMException
    if (name === 'NotAllowedError' || name === 'SecurityError') throw new CameraFault('denied')
    throw new CameraFault(name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'missing')
  }
  video.srcObject = stream
  let timer = 0
  const late = new Promise<never>((_, reject) => { timer = window.setTimeout(() => reject(new CameraFault('camera_slow')), patienceMs) })
  try {
    await Promise.race([video.play(), late])
  } catch (problem) {
    closeCamera(stream)
    throw problem instanceof CameraFault ? problem : new CameraFault('busy')
  } finally {
    clearTimeout(timer)
  }
  return stream
}

export function closeCamera(stream: MediaStream | null): void {
  stream?.getTracks().forEach((track) => track.stop())
}
