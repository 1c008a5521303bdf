/** What was typed survives a reload and an ended login, in this tab; never passwords, and never longer than the tab. */
import { reactive, watch } from 'vue'
import { correction, lastRecord } from './casework'

export function draft<T extends object>(name: string, empty: T): T {
  let before: Partial<T> = {}
  try {
    before = JSON.parse(sessionStorage.getItem(name) ?? '{}') as Partial<T>
  } catch {
    // Somebody else's text under this name: begun anew.
  }
  const typed = reactive({ ...empty, ...before }) as T
  watch(typed, () => sessionStorage.setItem(name, JSON.stringify(typed)))
  return typed
}

export function forgetDraft(name: string): void {
  sessionStorage.removeItem(name)
}

/** Where somebody logs out, or somebody else in, nothing of the work stays in the tab, no record that was looked at either. */
export function forgetDrafts(): void {
  lastRecord.value = null
  correction.value = { driver: '', fields: {} }
  const number = sessionStorage.getItem('number')
  sessionStorage.clear()
  if (number) sessionStorage.setItem('number', number)
}
