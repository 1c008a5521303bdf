/** The rear camera and what it sees, frame by frame. */

export type Refused = 'denied' | 'missing' | 'busy'

export interface Camera {
  readonly hasTorch: boolean
  torch(on: boolean): Promise<void>
  stop(): void
}

export async function openCamera(video: HTMLVideoElement): Promise<Camera | Refused> {
  if (!navigator.mediaDevices?.getUserMedia) return 'missing'
  let stream: MediaStream
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } },
    })
  } catch (refusal) {
    const { name } = refusal as DOMException
    if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
    return name === 'NotFoundError' || name === 'OverconstrainedError' ? 'missing' : 'busy'
  }
  video.srcObject = stream
  await video.play().catch(() => undefined)
  const track = stream.getVideoTracks()[0]!
  const able = (track.getCapabilities?.() ?? {}) as MediaTrackCapabilities & { torch?: boolean }
  return {
    hasTorch: able.torch === true,
    torch: (on) => track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] }).catch(() => undefined),
    stop() {
      for (const each of stream.getTracks()) each.stop()
      video.srcObject = null
    },
  }
}

/** Whether the camera was allowed before, so that it may start by itself; unknown in browsers that do not say. */
export async function cameraIsAllowed(): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name: 'camera' as PermissionName })).state === 'granted'
  } catch {
    return false
  }
}
