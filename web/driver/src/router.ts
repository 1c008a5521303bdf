import { ref } from 'vue'
import { createRouter, createWebHashHistory } from 'vue-router'
import Home from './screens/Home.vue'
import Licence from './screens/Licence.vue'
import LiveCode from './screens/LiveCode.vue'
import { wasLoggedIn } from './session'

// The screens that must open at once, without a network, are in the first file; the rest come when asked for.
// Addresses after the # need nothing of a server, so every one of them opens offline too.
export const router = createRouter({
  history: createWebHashHistory(),
  scrollBehavior: (_to, _from, before) => before ?? { top: 0 },
  routes: [
    { path: '/', component: Home },
    { path: '/licence', component: Licence },
    { path: '/code', component: LiveCode },
    { path: '/log-in', component: () => import('./screens/LogIn.vue') },
    { path: '/register', component: () => import('./screens/Register.vue') },
    { path: '/reset', component: () => import('./screens/ResetPassword.vue') },
    { path: '/stop', component: () => import('./screens/StopChange.vue') },
    ...Object.entries({
      '/apply': () => import('./screens/Apply.vue'),
      '/photo': () => import('./screens/ReplacePhoto.vue'),
      '/bind': () => import('./screens/Bind.vue'),
      '/applications/:id': () => import('./screens/Progress.vue'),
      '/services': () => import('./screens/Applications.vue'),
      '/messages': () => import('./screens/Messages.vue'),
      '/looks': () => import('./screens/Looks.vue'),
      '/scan': () => import('./screens/Scan.vue'),
      '/consent': () => import('./screens/Consent.vue'),
      '/consents': () => import('./screens/Consents.vue'),
      '/me': () => import('./screens/Me.vue'),
      '/data': () => import('./screens/MyData.vue'),
      '/agreements': () => import('./screens/Agreements.vue'),
      '/mobile': () => import('./screens/ChangeMobile.vue'),
      '/devices': () => import('./screens/Devices.vue'),
      '/passkeys': () => import('./screens/Passkeys.vue'),
      '/close': () => import('./screens/Close.vue'),
    }).map(([path, component]) => ({ path, component, meta: { login: true } })),
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})

/** A screen is on its way and takes its time: a tap that nothing answers is tapped again. */
export const isTurning = ref(false)
let turning = 0
router.beforeEach(() => {
  clearTimeout(turning)
  turning = window.setTimeout(() => (isTurning.value = true), 300)
})
function turned(): void {
  clearTimeout(turning)
  isTurning.value = false
}

router.beforeEach((to) => (to.meta.login && !wasLoggedIn() ? { path: '/log-in', query: { then: to.fullPath } } : true))
// A screen that cannot be fetched: a newer app has taken the place of this one. It is opened anew, once.
const anew = 'opened-anew'
router.onError((_error, to) => {
  turned()
  if (!navigator.onLine || sessionStorage.getItem(anew) === to.fullPath) {
    void router.replace('/')
    return
  }
  sessionStorage.setItem(anew, to.fullPath)
  location.hash = to.fullPath
  location.reload()
})
router.afterEach(() => {
  turned()
  sessionStorage.removeItem(anew)
})
