/** A photo sent to be applied with: kept by the server for a day, or refused with every fault. */
import { ask, base64url } from '@shared/api'
import type { Check } from './photo'

export type Source = 'archived' | 'camera' | 'album'

export interface Choice {
  source: Source
  jpeg?: Blob
  checks?: Check[]
  /** YYYY-MM-DD, as the holder states it. */
  takenOn?: string
  /** The same at every retry with this picture. */
  key?: string
}

export interface Finding { code: string; zh: string; en: string }

export interface Sent {
  photoId: string | null
  until: string | null
  faults: Finding[]
  doubts: Finding[]
}

export async function sendPhoto(choice: Choice): Promise<Sent> {
  const octets = new Uint8Array(await choice.jpeg!.arrayBuffer())
  const taken = choice.source === 'album' && choice.takenOn ? choice.takenOn : null
  const answer = await ask('post', '/holder/photos', {
    key: choice.key, body: { source: choice.source === 'camera' ? 'camera' : 'album', picture: base64url(octets), taken_on: taken },
  })
  return { photoId: answer.photo_id, until: answer.usable_until, faults: answer.faults, doubts: answer.doubts }
}

export function isUsable(choice: Choice): boolean {
  return choice.source === 'archived' || (choice.jpeg !== undefined && !choice.checks?.some((check) => check.mark === 'bad'))
}
