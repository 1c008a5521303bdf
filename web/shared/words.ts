/** Words every face shares; each face adds its own. Chinese first; a word missing in English falls back to Chinese. */
import { ref, watchEffect } from 'vue'
import { createI18n } from 'vue-i18n'
import type { Plugin } from 'vue'
import type { Problem } from './api'

export type Language = 'zh-CN' | 'en'
export type Words = { [key: string]: string | Words }

const kept = localStorage.getItem('language')
export const language = ref<Language>(kept === 'en' ? 'en' : 'zh-CN')

const shared: Record<Language, Words> = {
  'zh-CN': {
    language: 'English',
    language_label: 'Switch to English',
    back: '返回',
    again: '重试',
    cancel: '取消',
    close: '关闭',
    simulated: '演示环境：人员虚构，人脸与短信为模拟',
    problem: {
      offline: '没有网络。您填写的内容都还在，联网后请重试。',
      slow: '网络太慢，没有等到答复。您填写的内容都还在，请重试。',
      unavailable: '服务暂时不可用，请稍后重试。您填写的内容都还在。',
      'not-authenticated': '登录已结束，请重新登录。您填写的内容都还在。',
      forbidden: '您没有这项权限。{why}',
      'agreement-needed': '请先阅读并同意相应条款。',
      'not-found': '没有找到。',
      conflict: '内容已有变化或与已有的冲突，请刷新后重试。{why}',
      'too-many': '操作太频繁，请在 {seconds} 秒后重试。',
      'too-large': '内容太大，请减小后重试。{why}',
      invalid: '填写有误，请检查后重试。（{place}：{rule}）',
      other: '出错了（{code}），请稍后重试。',
    },
  },
  en: {
    language: '中文',
    language_label: '切换到中文',
    back: 'Back',
    again: 'Try again',
    cancel: 'Cancel',
    close: 'Close',
    simulated: 'Demonstration: people are fictional, face check and text messages are simulated',
    problem: {
      offline: 'There is no network. What you typed is still here; try again when you are connected.',
      slow: 'The network is too slow: no answer came. What you typed is still here; try again.',
      unavailable: 'The service is out of reach for the moment; try again later. What you typed is still here.',
      'not-authenticated': 'Your login has ended; log in again. What you typed is still here.',
      forbidden: 'You may not do this.{why}',
      'agreement-needed': 'Please read and agree to the terms first.',
      'not-found': 'Not found.',
      conflict: 'This has changed, or conflicts with what is there: refresh and try again.{why}',
      'too-many': 'Too often. Please try again in {seconds} seconds.',
      'too-large': 'Too large: try again with less.{why}',
      invalid: 'Something is not right: check it and try again. ({place}: {rule})',
      other: 'Something went wrong ({code}); please try again later.',
    },
  },
}

let add: (language: Language, words: Words) => void = () => undefined

/** Words of one screen, loaded with it so that the start stays small. */
export function alsoSay(own: Record<Language, Words>): void {
  add('zh-CN', own['zh-CN'])
  add('en', own.en)
}

/** The words of one face, over the shared ones. */
export function speak(own: Record<Language, Words>): Plugin {
  const i18n = createI18n({
    legacy: false,
    locale: language.value,
    fallbackLocale: 'zh-CN',
    messages: {
      'zh-CN': { ...shared['zh-CN'], ...own['zh-CN'] },
      en: { ...shared.en, ...own.en },
    },
  })
  add = (one, words) => i18n.global.mergeLocaleMessage(one, words)
  watchEffect(() => {
    i18n.global.locale.value = language.value
    document.documentElement.lang = language.value
    localStorage.setItem('language', language.value)
  })
  return i18n
}

type Say = (key: string, values?: Record<string, unknown>) => string

/** What to tell people about a refusal, in one sentence that says what to do. */
export function sentence(problem: Problem, say: Say): string {
  // What to do comes first; the API's own words, which are English, stand behind it in brackets.
  const why = !problem.detail ? '' : language.value === 'en' ? ` (${problem.detail})` : `（${problem.detail}）`
  const values = { why, place: problem.place ?? '', rule: problem.rule ?? '', code: problem.code, seconds: problem.retryAfterS ?? 60 }
  const key = `problem.${problem.code}`
  const known = Object.keys((shared['zh-CN'].problem as Words)).includes(problem.code)
  return known ? say(key, values) : say('problem.other', values)
}

const zone = 'Asia/Shanghai'

/** Days and times are China's, wherever the phone is. */
export function day(at: string | Date): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' }).format(new Date(at))
}

export function minute(at: string | Date): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(new Date(at))
}

export function clockTime(at: Date): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at)
}
