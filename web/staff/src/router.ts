import { createRouter, createWebHashHistory } from 'vue-router'
import { entries } from './menu'
import { askSession, mayDo, session } from './session'

export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/log-in', component: () => import('./screens/LogIn.vue'), meta: { open: true } },
    { path: '/enrol', component: () => import('./screens/Enrol.vue'), meta: { open: true } },
    ...entries.map(({ path, component, acts }) => ({ path, component, meta: { acts } })),
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})

router.beforeEach(async (to) => {
  if (to.meta.open) return true
  if (session.is === 'unknown') await askSession().catch(() => undefined)
  if (session.is !== 'in') return { path: '/log-in', query: { next: to.fullPath, ...(session.ended ? { ended: session.ended } : {}) } }
  // The server refuses too; this only spares people a screen that could not do anything.
  const acts = (to.meta.acts as string[] | undefined) ?? []
  return acts.length === 0 || mayDo(...acts) ? true : { path: '/' }
})
