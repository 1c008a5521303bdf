import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

// Code that needs no browser; the builds of the apps have vite.config.ts.
export default defineConfig({
  resolve: { alias: { '@shared': resolve(import.meta.dirname, 'shared') } },
  test: { include: ['**/*.test.ts'], exclude: ['node_modules'] },
})
