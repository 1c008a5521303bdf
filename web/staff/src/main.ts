import 'element-plus/es/components/base/style/css.mjs'
import 'element-plus/theme-chalk/dark/css-vars.css'
import '@shared/theme.css'
import './console.css'
import { haveCounties } from '@shared/places'
import { createApp } from 'vue'
import App from './App.vue'
import { followEnds } from './ended'
import { router } from './router'
import { words } from './words'

followEnds()
haveCounties(() => import('@shared/places/counties'))
createApp(App).use(words).use(router).mount('#app')
