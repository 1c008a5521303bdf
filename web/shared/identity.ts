/** Kinds of identity document a driver may hold, in the register's letters and words (docs/reference.md §1.7). */
export const identityKinds = ['A', 'M', 'C', 'D', 'E', 'F', 'G'] as const
export type IdentityKind = (typeof identityKinds)[number]

/** Whether its number is a citizen number, which is on the document itself; any other is looked up on the licence. */
export const holdsCitizenNumber = (kind: IdentityKind): boolean => kind === 'A' || kind === 'M'

export const identityKindWords = {
  'zh-CN': { A: '居民身份证', M: '临时居民身份证', C: '军官证', D: '士兵证', E: '军官离退休证', F: '境外人员身份证明', G: '外交人员身份证明' },
  en: {
    A: 'Resident identity card', M: 'Temporary resident identity card', C: 'Officer’s card', D: 'Soldier’s card', E: 'Retired officer’s card',
    F: 'Identity document from abroad', G: 'Diplomat’s document',
  },
}
