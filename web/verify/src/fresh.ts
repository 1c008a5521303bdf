/** Acts that want the second factor minutes old: it is asked for on the same screen, with all that was typed still there. */
import { ref, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { ask, Problem } from '@shared/api'
import { sentence } from '@shared/words'

export interface Fresh {
  /** Whether a one-time code is to be asked for. */
  needed: Ref<boolean>
  totp: Ref<string>
  /** The act, after the code where one was typed. Throws Problem. */
  attempt<T>(act: () => Promise<T>): Promise<T>
  say(problem: Problem): string
}

export function useFresh(): Fresh {
  const { t } = useI18n()
  const needed = ref(false)
  const totp = ref('')

  async function attempt<T>(act: () => Promise<T>): Promise<T> {
    if (needed.value) {
      await ask('post', '/staff/sessions/current/proofs', { body: { totp: totp.value.trim() } })
      needed.value = false
      totp.value = ''
    }
    try {
      return await act()
    } catch (problem) {
      needed.value = problem instanceof Problem && problem.rule === 'second-factor-not-fresh'
      throw problem
    }
  }

  function say(problem: Problem): string {
    if (problem.rule === 'second-factor-not-fresh') return t('log_in.prove')
    // The code is wrong: what the server calls a login that ended would be said by the login itself.
    if (needed.value && (problem.status === 401 || problem.place === 'totp')) return t('log_in.wrong_totp')
    return sentence(problem, t)
  }

  return { needed, totp, attempt, say }
}
