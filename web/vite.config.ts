import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { compressed } from './build/compressed'
import { offline } from './build/offline'
import { withoutRemoteAddresses } from './build/without-remote-addresses'

const apps = ['driver', 'verify', 'staff', 'open'] as const
const app = process.env.APP as (typeof apps)[number]
if (!apps.includes(app)) throw new Error(`APP is one of ${apps.join(', ')}`)

// One app a build: a service worker, a manifest and a list of files of its own, and one face can be deployed alone.
export default defineConfig({
  root: resolve(import.meta.dirname, app),
  publicDir: resolve(import.meta.dirname, app, 'public'),
  base: '/',
  resolve: { alias: { '@shared': resolve(import.meta.dirname, 'shared'), '@data': resolve(import.meta.dirname, '../src/liangzheng/data') } },
  plugins: [
    // The phone apps and Vant are written with `setup` alone: a tenth of Vue need not be sent.
    vue({ features: { optionsAPI: app === 'staff' || app === 'open' } }),
    withoutRemoteAddresses(),
    ...(app === 'verify' ? [offline()] : []),
    // A company's request is opened online: a driver's phone need not keep what reads its QR code.
    ...(app === 'driver' ? [offline({ without: /\.wasm$/ })] : []),
    compressed(),
  ],
  build: {
    outDir: resolve(import.meta.dirname, '../src/liangzheng/web', app),
    emptyOutDir: true,
    // What old WebViews of phones in use understand.
    target: ['es2020', 'chrome79', 'safari14'],
    assetsInlineLimit: 2048,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
  },
  define: { __VUE_I18N_FULL_INSTALL__: false, __VUE_I18N_LEGACY_API__: false, __INTLIFY_PROD_DEVTOOLS__: false },
})
