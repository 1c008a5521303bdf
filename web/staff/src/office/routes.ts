import type { Entry } from '../menu'

/** The office's screens. */
export const office: Entry[] = []
