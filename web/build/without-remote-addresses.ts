import type { Plugin } from 'vite'

/** Vant's icon font names a copy of itself on a public host; ours is in the build, and no page asks another host. */
export function withoutRemoteAddresses(): Plugin {
  return {
    name: 'without-remote-addresses',
    enforce: 'pre',
    transform(code, id) {
      if (!id.split('?')[0].endsWith('.css')) return null
      const local = code.replace(/,?\s*url\(\s*["']?(?:https?:)?\/\/[^)]*\)(?:\s*format\([^)]*\))?/g, '')
      return local === code ? null : { code: local, map: null }
    },
  }
}
