/** The service worker: the app opens without a network. */

interface Policies {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): { createScriptURL(address: string): string }
}

const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes
const policy = policies?.createPolicy('liangzheng', {
  createScriptURL(address) {
    if (address !== '/sw.js') throw new TypeError('only our own service worker')
    return address
  },
})

export function keepOffline(): void {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return
  const address = policy ? policy.createScriptURL('/sw.js') : '/sw.js'
  void navigator.serviceWorker.register(address).catch(() => undefined)
}
