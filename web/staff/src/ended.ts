/** A login that ends without its person: what is on the screen goes, the log-in says why, and leads back. */
import { endLogin, whenLoggedOut } from '@shared/api'
import { proving, question } from './dialogs'
import { forgetDrafts } from './drafts'
import { unusedMs, watchUse } from './idle'
import { router } from './router'
import { askSession, idleMs, left, loggedOut, mark, session, type Ended } from './session'

function drop(why: Ended): void {
  if (session.is !== 'in') return
  question.value?.answer(false)
  proving.value?.answer(false)
  loggedOut(why)
  const { meta, fullPath } = router.currentRoute.value
  if (!meta.open) void router.push({ path: '/log-in', query: { next: fullPath, ended: why } })
}

export function followEnds(): void {
  whenLoggedOut(() => drop(unusedMs() >= idleMs() ? 'idle' : 'over'))
  watchUse({
    idleMs: () => (session.is === 'in' ? idleMs() : 0),
    end() {
      drop('idle')
      void endLogin('/staff/sessions/current')
    },
    keep: () => void askSession().catch(() => undefined),
  })
  addEventListener('storage', ({ key, newValue }) => {
    if (key !== mark) return
    // Whoever logs out leaves nothing in any tab.
    if (newValue === left) forgetDrafts()
    if (session.is !== 'in' || newValue === session.officer?.number) return
    if (newValue === left) drop('left')
    else if (newValue === null) drop(unusedMs() >= idleMs() ? 'idle' : 'over')
    else {
      // Somebody else has logged in in another tab: nothing of before stays in this one.
      forgetDrafts()
      location.hash = '#/'
      location.reload()
    }
  })
}
