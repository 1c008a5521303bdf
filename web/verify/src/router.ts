import { ref } from 'vue'
import { createRouter, createWebHashHistory } from 'vue-router'
import Result from './screens/Result.vue'
import Scan from './screens/Scan.vue'

// Scanning and its result are in the first file; the rest come when asked for, and from the cache without a network.
export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/', component: Scan },
    { path: '/result', component: Result },
    { path: '/digits', component: () => import('./screens/Digits.vue') },
    { path: '/history', component: () => import('./screens/History.vue') },
    { path: '/lists', component: () => import('./screens/Lists.vue') },
    { path: '/me', component: () => import('./screens/Me.vue') },
    { path: '/log-in', component: () => import('./screens/LogIn.vue') },
    { path: '/passkeys', component: () => import('./screens/Passkeys.vue') },
    { path: '/retain', component: () => import('./screens/Retain.vue') },
    { path: '/ask', component: () => import('./screens/Ask.vue') },
    { path: '/bulk', component: () => import('./screens/Bulk.vue') },
    { path: '/notices', component: () => import('./screens/Notices.vue') },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})

/** A screen is being fetched, or could not be: its address. */
export const coming = ref(false)
export const missed = ref('')

router.beforeEach(() => { coming.value = true })
router.afterEach(() => {
  coming.value = false
  missed.value = ''
})
router.onError((_error, to) => {
  coming.value = false
  missed.value = to.fullPath
})
