import { createRouter, createWebHashHistory } from 'vue-router'
import Home from './screens/Home.vue'
import Licence from './screens/Licence.vue'
import LiveCode from './screens/LiveCode.vue'

// The two screens that must open at once, without a network, are in the first file; the rest come when asked for.
// Addresses after the # need nothing of a server, so every one of them opens offline too.
export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/', component: Home },
    { path: '/licence', component: Licence },
    { path: '/code', component: LiveCode },
    { path: '/log-in', component: () => import('./screens/LogIn.vue') },
    { path: '/register', component: () => import('./screens/Register.vue') },
    { path: '/apply', component: () => import('./screens/Apply.vue') },
    { path: '/applications/:id', component: () => import('./screens/Progress.vue') },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})
