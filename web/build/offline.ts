import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Plugin } from 'vite'
import { writeFileSync } from 'node:fs'
import { filesIn } from './compressed'

/** sw.js: the service worker of build/service-worker.js with the list of files of this build written into it, but for those
 *  that are of use only with a network.
 *
 *  Small enough to be read; a tool for it would bring more packages than the rest of the apps together. */
export function offline({ without }: { without?: RegExp } = {}): Plugin {
  let folder = ''
  return {
    name: 'offline',
    apply: 'build',
    configResolved(config) {
      folder = config.build.outDir
    },
    closeBundle() {
      const files = filesIn(folder)
        .map((file) => `/${relative(folder, file)}`)
        .filter((file) => !/(\.(br|gz|map)|\/sw\.js)$/.test(file) && !without?.test(file))
        .sort()
      const digest = createHash('sha256')
      for (const file of files) digest.update(file).update(readFileSync(join(folder, file)))
      const version = digest.digest('hex').slice(0, 16)
      const text = readFileSync(resolve(import.meta.dirname, 'service-worker.js'), 'utf8')
        .replace("'VERSION'", JSON.stringify(version))
        .replace("['FILES']", JSON.stringify(files.map((file) => (file === '/index.html' ? '/' : file))))
      writeFileSync(join(folder, 'sw.js'), text)
    },
  }
}
