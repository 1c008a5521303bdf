/** One act of a screen: what it may not twice at once, and what to tell people when it fails. */
import { ref, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { Problem } from '@shared/api'
import { sentence } from '@shared/words'
import { provedAgain } from './dialogs'

export interface Acting {
  busy: Ref<boolean>
  fault: Ref<string>
  /** The act done, or undefined and a sentence in `fault`. Where the second factor is too old it is asked for, and the act
   *  done then: nothing typed is lost over it. */
  attempt<T>(act: () => Promise<T>): Promise<T | undefined>
  /** Something read for the screen, also while an act or an earlier reading is on its way: the answer to the last choice counts,
   *  however slow the one before was. */
  look<T>(read: () => Promise<T>, take: (found: T) => void): Promise<void>
  tell(problem: unknown): string
}

export function useActing(): Acting {
  const { t, te } = useI18n()
  const busy = ref(false)
  const fault = ref('')

  function tell(problem: unknown): string {
    if (!(problem instanceof Problem)) return t('problem.other', { code: (problem as Error).name })
    // A rule of the register has a sentence of its own; the API's English one is only for those that have none.
    if (/^[a-z-]+$/.test(problem.rule ?? '') && te(`rule.${problem.rule}`)) return t(`rule.${problem.rule}`)
    if (problem.code === 'too-many' && problem.retryAfterS === undefined) return t('rule.over-budget')
    const place = (problem.place ?? '').replace(/^body\./, '').replaceAll(/[ -]/g, '_')
    if (problem.code === 'invalid' && /^[a-z_]+$/.test(place) && te(`place.${place}`)) return t(`place.${place}`)
    if (problem.code === 'invalid' && /^[A-Z]\w*Id$/.test(place)) return t('place.id')
    return sentence(problem, t)
  }

  async function attempt<T>(act: () => Promise<T>): Promise<T | undefined> {
    if (busy.value) return undefined
    busy.value = true
    fault.value = ''
    try {
      try {
        return await act()
      } catch (problem) {
        if (!(problem instanceof Problem) || problem.rule !== 'second-factor-not-fresh') throw problem
        if (await provedAgain()) return await act()
        fault.value = t('rule.second-factor-not-fresh')
        return undefined
      }
    } catch (problem) {
      fault.value = tell(problem)
      return undefined
    } finally {
      busy.value = false
    }
  }

  let looks = 0
  async function look<T>(read: () => Promise<T>, take: (found: T) => void): Promise<void> {
    const mine = ++looks
    fault.value = ''
    try {
      const found = await read()
      if (mine === looks) take(found)
    } catch (problem) {
      if (mine === looks) fault.value = tell(problem)
    }
  }

  return { busy, fault, attempt, look, tell }
}
