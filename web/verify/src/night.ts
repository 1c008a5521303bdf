/** Dark from 18:00 to 07:00 by China's clock, so that no white screen dazzles at the kerb; a choice of the person stays. */
import { light } from '@shared/theme'
import { isNight } from './times'

const chosen = 'light-chosen'

export function followTheSun(): void {
  const turn = (): void => {
    if (localStorage.getItem(chosen) !== 'yes') light.value = isNight(new Date()) ? 'dark' : 'auto'
  }
  turn()
  setInterval(turn, 60_000)
}

export function choose(what: 'light' | 'dark' | 'sun'): void {
  localStorage.setItem(chosen, what === 'sun' ? 'no' : 'yes')
  light.value = what === 'sun' ? (isNight(new Date()) ? 'dark' : 'auto') : what
}

export function chosenLight(): 'light' | 'dark' | 'sun' {
  return localStorage.getItem(chosen) === 'yes' && light.value !== 'auto' ? light.value : 'sun'
}
