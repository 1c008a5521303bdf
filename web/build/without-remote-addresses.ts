import type { Plugin } from 'vite'

/** Vant's icon font and the QR reader name copies of themselves on public hosts; ours are in the build, and no page asks
 *  another host. */
export function withoutRemoteAddresses(): Plugin {
  return {
    name: 'without-remote-addresses',
    enforce: 'pre',
    transform(code, id) {
      const file = id.split('?')[0]
      // Where the reader would look for its module if it were not told; it is told, so an empty address stands there.
      if (file.includes('/zxing-wasm/')) {
        const local = code.replace(/https:\/\/fastly\.jsdelivr\.net\/npm\/zxing-wasm@[^`$]*/g, '/')
        return local === code ? null : { code: local, map: null }
      }
      if (!file.endsWith('.css')) return null
      const local = code.replace(/,?\s*url\(\s*["']?(?:https?:)?\/\/[^)]*\)(?:\s*format\([^)]*\))?/g, '')
      return local === code ? null : { code: local, map: null }
    },
  }
}
