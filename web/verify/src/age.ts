/** How long ago, in one word. */
export function ageKey(seconds: number): { key: string; n: number } {
  if (seconds < 120) return { key: 'age.now', n: 1 }
  if (seconds < 7200) return { key: 'age.minutes', n: Math.floor(seconds / 60) }
  return seconds < 172_800 ? { key: 'age.hours', n: Math.floor(seconds / 3600) } : { key: 'age.days', n: Math.floor(seconds / 86_400) }
}
