import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

const worthIt = /\.(html|js|css|json|webmanifest|wasm|svg|txt)$/

/** Beside every file worth it a .br and a .gz, so that the server compresses nothing while people wait. */
export function compressed(): Plugin {
  let folder = ''
  return {
    name: 'compressed',
    apply: 'build',
    configResolved(config) {
      folder = config.build.outDir
    },
    closeBundle: {
      order: 'post',
      handler() {
        for (const file of filesIn(folder)) {
          if (!worthIt.test(file) || statSync(file).size < 1024) continue
          const octets = readFileSync(file)
          writeFileSync(`${file}.gz`, gzipSync(octets, { level: 9 }))
          writeFileSync(
            `${file}.br`,
            brotliCompressSync(octets, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
          )
        }
      },
    },
  }
}

export function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesIn(join(folder, entry.name)) : [join(folder, entry.name)],
  )
}
