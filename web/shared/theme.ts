/** Light or dark, usual or elder mode; chosen by the person, else by the device. */
import { ref, watchEffect } from 'vue'

export type Light = 'auto' | 'light' | 'dark'

export const light = ref<Light>((localStorage.getItem('light') as Light | null) ?? 'auto')
export const elder = ref(localStorage.getItem('elder') === 'yes')
export const isDark = ref(false)

const device = matchMedia('(prefers-color-scheme: dark)')
const deviceIsDark = ref(device.matches)
device.addEventListener?.('change', (change) => (deviceIsDark.value = change.matches))

watchEffect(() => {
  isDark.value = light.value === 'auto' ? deviceIsDark.value : light.value === 'dark'
  document.documentElement.classList.toggle('dark', isDark.value)
  document.documentElement.classList.toggle('van-theme-dark', isDark.value)
  document.documentElement.classList.toggle('elder', elder.value)
  localStorage.setItem('light', light.value)
  localStorage.setItem('elder', elder.value ? 'yes' : 'no')
})
