/** Heard and felt without looking: two rising tones, a long low one, three short ones. */
import type { Colour } from './verdict'

let context: AudioContext | null = null

/** Browsers let sound begin only after a touch: called at one. */
export function allowSound(): void {
  try {
    context ??= new AudioContext()
    void context.resume()
  } catch {
    // A browser without sound still vibrates and shows.
  }
}

function tone(hertz: number, from: number, length: number): void {
  const made = context!
  const source = made.createOscillator()
  const loudness = made.createGain()
  source.frequency.value = hertz
  loudness.gain.setValueAtTime(0.25, made.currentTime + from)
  loudness.gain.exponentialRampToValueAtTime(0.001, made.currentTime + from + length)
  source.connect(loudness).connect(made.destination)
  source.start(made.currentTime + from)
  source.stop(made.currentTime + from + length)
}

const sounds: Record<Colour, [number, number, number][]> = {
  green: [[660, 0, 0.14], [990, 0.15, 0.2]],
  red: [[180, 0, 0.8]],
  amber: [[520, 0, 0.09], [520, 0.15, 0.09], [520, 0.3, 0.09]],
  grey: [[520, 0, 0.09], [520, 0.15, 0.09], [520, 0.3, 0.09]],
}
const shakes: Record<Colour, number[]> = { green: [80], red: [600], amber: [60, 60, 60, 60, 60], grey: [60, 60, 60, 60, 60] }

export function sound(colour: Colour): void {
  if (localStorage.getItem('mute') !== 'yes' && context?.state === 'running') {
    for (const [hertz, from, length] of sounds[colour]) tone(hertz, from, length)
  }
  // Before the first touch a browser refuses, and says so on its console.
  if (navigator.userActivation?.hasBeenActive !== false) navigator.vibrate?.(shakes[colour])
}
