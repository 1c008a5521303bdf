/** Several tabs of this app: what one does to the phone's key, licence or login, the others learn. */

type Word = 'phone' | 'session'

const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('driver')

export function tellTabs(word: Word): void {
  channel?.postMessage(word)
}

export function whenTabSays(word: Word, act: () => void): void {
  channel?.addEventListener('message', (said: MessageEvent<Word>) => {
    if (said.data === word) act()
  })
}
