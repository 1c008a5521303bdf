/** What the desk of photos and the desk of faces have in common. */

export interface Waiting {
  id: string
  authority: string
  submitted_at: string
  due_day: string
  provisional: boolean
  in_hand_until: string | null
}

/** A picture as an object address, revoked by who shows it. */
export interface Picture {
  address: string
  words: string
}

export interface Pictures {
  shown: Picture[]
  archived: Picture | null
}

export interface Desk<T extends Waiting> {
  list(late: boolean, after: string | null): Promise<{ reviews: T[]; next: string | null }>
  reasons(): Promise<{ code: string; zh: string; en: string }[]>
  take(id: string): Promise<T>
  putBack(review: T): Promise<unknown>
  /** No reasons: approved. */
  decide(review: T, reasons: string[], key: string): Promise<unknown>
  pictures(review: T): Promise<Pictures>
}

export function jpeg(octets: Uint8Array): string {
  return URL.createObjectURL(new Blob([octets.slice().buffer], { type: 'image/jpeg' }))
}
