import 'element-plus/es/components/base/style/css.mjs'
import 'element-plus/theme-chalk/dark/css-vars.css'
import '@shared/theme.css'
import './console.css'
import { whenLoggedOut } from '@shared/api'
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router'
import { loggedOut } from './session'
import { words } from './words'

whenLoggedOut(() => {
  loggedOut()
  const { meta, fullPath } = router.currentRoute.value
  if (!meta.open) void router.push({ path: '/log-in', query: { next: fullPath } })
})

createApp(App).use(words).use(router).mount('#app')
