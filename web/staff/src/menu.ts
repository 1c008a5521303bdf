/** The screens of the console and the acts of a duty each needs: the menu shows what today's duties allow. */
import type { Component } from 'vue'
import { office } from './office/routes'

export interface Entry {
  path: string
  component: () => Promise<{ default: Component }>
  /** Key of its words. */
  menu?: string
  /** One of these acts opens it; none: everybody. */
  acts: string[]
}

export const caseworkActs = [
  'retain', 'confirm-retention', 'suspend', 'restore', 'correct', 'change-keys', 'open-wave', 'manage-staff',
]

export const daily: Entry[] = [
  { path: '/', component: () => import('./screens/Start.vue'), menu: 'menu.start', acts: [] },
  { path: '/photo-reviews', component: () => import('./screens/PhotoReviews.vue'), menu: 'menu.photos', acts: ['review-photo'] },
  { path: '/counter', component: () => import('./screens/Counter.vue'), menu: 'menu.counter', acts: ['identify', 'verify'] },
  { path: '/face-reviews', component: () => import('./screens/FaceReviews.vue'), menu: 'menu.faces', acts: ['identify'] },
  { path: '/look-ups', component: () => import('./screens/LookUp.vue'), menu: 'menu.look_up', acts: ['look-up'] },
  { path: '/proposals', component: () => import('./screens/Proposals.vue'), menu: 'menu.proposals', acts: caseworkActs },
  { path: '/proposals/new', component: () => import('./screens/Propose.vue'), acts: ['suspend', 'restore', 'correct', 'manage-staff'] },
  { path: '/proposals/:id', component: () => import('./screens/Proposal.vue'), acts: caseworkActs },
  { path: '/corrections', component: () => import('./screens/Corrections.vue'), menu: 'menu.corrections', acts: ['correct'] },
  { path: '/look-up-reviews', component: () => import('./screens/LookUpReviews.vue'), menu: 'menu.samples', acts: ['review-look-ups'] },
  { path: '/audit', component: () => import('./screens/Audit.vue'), menu: 'menu.audit', acts: ['read-audit'] },
  { path: '/members', component: () => import('./screens/Members.vue'), menu: 'menu.members', acts: ['manage-staff'] },
]

export const mine: Entry = { path: '/me', component: () => import('./screens/Me.vue'), menu: 'menu.me', acts: [] }

export const entries: Entry[] = [...daily, ...office, mine]
