import 'vant/es/button/style'
import 'vant/es/cell/style'
import 'vant/es/cell-group/style'
import 'vant/es/checkbox/style'
import 'vant/es/config-provider/style'
import 'vant/es/field/style'
import 'vant/es/form/style'
import 'vant/es/step/style'
import 'vant/es/steps/style'
import '@shared/theme.css'
import { keepOffline } from '@shared/offline'
import { whenLoggedOut } from '@shared/api'
import { createApp } from 'vue'
import App from './App.vue'
import { phone } from './phone'
import { router } from './router'
import { loggedOut } from './session'
import { words } from './words'

whenLoggedOut(loggedOut)

// What this phone keeps is read before the first screen: the licence shows without a login and without a network.
void phone.load().finally(() => {
  createApp(App).use(words).use(router).mount('#app')
  keepOffline()
})
