import '@shared/theme.css'
import './screen.css'
import { keepOffline } from '@shared/offline'
import { whenLoggedOut } from '@shared/api'
import { createApp } from 'vue'
import App from './App.vue'
import * as ground from './ground'
import * as history from './history'
import { sendWaiting } from './look'
import { followTheSun } from './night'
import { router } from './router'
import { load as loadSession, loggedOut } from './session'
import { words } from './words'

whenLoggedOut(loggedOut)
followTheSun()
void loadSession().then(sendWaiting)
void history.load()
addEventListener('online', () => void sendWaiting())
ground.keepUp(() => void sendWaiting())

// What is kept is read before the first screen: a code can be verified without a network at once.
void ground.load().finally(() => {
  createApp(App).use(words).use(router).mount('#app')
  keepOffline()
})
