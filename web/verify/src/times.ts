/** How long ago, in one word. */
export function ageKey(seconds: number): { key: string; n: number } {
  if (seconds < 120) return { key: 'age.now', n: 1 }
  if (seconds < 7200) return { key: 'age.minutes', n: Math.floor(seconds / 60) }
  return seconds < 172_800 ? { key: 'age.hours', n: Math.floor(seconds / 3600) } : { key: 'age.days', n: Math.floor(seconds / 86_400) }
}

/** From 18:00 to 07:00 by China's clock. */
export function isNight(at: Date): boolean {
  const hour = Number(new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Shanghai', hour: '2-digit', hourCycle: 'h23' }).format(at))
  return hour >= 18 || hour < 7
}
