import type { Entry } from '../menu'

/** The office's screens. */
export const office: Entry[] = [
  { path: '/figures', component: () => import('./screens/Figures.vue'), menu: 'menu.figures', acts: ['read-figures'] },
  { path: '/rollout', component: () => import('./screens/Rollout.vue'), menu: 'menu.rollout', acts: ['open-wave'] },
  { path: '/keys', component: () => import('./screens/Keys.vue'), menu: 'menu.keys', acts: ['change-keys'] },
  { path: '/companies', component: () => import('./screens/Companies.vue'), menu: 'menu.companies', acts: ['manage-companies'] },
  { path: '/register-files', component: () => import('./screens/RegisterFiles.vue'), menu: 'menu.register_files', acts: ['import-register'] },
]

/** What the menu calls them; with the words of the frame, because the menu is there before any of them. */
export const officeMenu = {
  'zh-CN': { figures: '数据看板', rollout: '推广日历', keys: '密钥与信任列表', companies: '企业管理', register_files: '登记数据导入' },
  en: { figures: 'Figures', rollout: 'Rollout', keys: 'Keys and trust list', companies: 'Companies', register_files: 'Register files' },
}
