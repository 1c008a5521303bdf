/** What to tell people about a refusal: a sentence that says what to do, in the language of the screen. */
import { ref, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { Problem } from '@shared/api'
import { alsoSay, sentence } from '@shared/words'

alsoSay({
  'zh-CN': {
    fault: {
      mobile: '请填写11位手机号，以13至19开头。', number: '证件号码不对：请填写18位身份证号，最后一位可以是X。', document: '证件号码不对：请照驾驶证上的证号填写，1至18位。', name: '请填写姓名：1至50个字，外文名和“·”都可以。',
      password: '密码至少10个字符，不要用手机号、证件号或常见密码。', code: '验证码是6位数字。', wrong_code: '验证码不对、已用过或已过期，请重新获取。', wrong_password: '密码不对，请重试。',
      many_codes: '验证码获取太频繁，请 {seconds} 秒后再试。', many_tries: '错误次数太多，请 {wait}后再试。',
      level0: '姓名和证件号码没有在驾驶人库中查到：请核对后重新注册，或到车辆管理所。', level1: '请先完成实人认证。', changing: '手机号正在更换：完成或停止之前不能办理。',
      no_sms: '短信服务暂时不可用，请稍后再试。', claimed: '这位驾驶人已在另一个账号完成实人认证。请登录那个账号，或重设密码。', photos: '照片上传太多，请一小时后再试。',
      face: '实人认证已过期或不可用，请重新认证。', unknown: '出错了，请重试。您填写的内容都还在。', label: '名称为1至40个字，首尾不留空格。', any: { conflict: '情况已有变化：可能刚才已经办理，或已在别处处理。请返回后再看。', forbidden: '现在不能办理这一项。', invalid: '填写的内容不符合要求，请检查后重试。', 'too-large': '内容太大，请减小后重试。' }, minutes: '{n} 分钟', hours: '{n} 小时', seconds: '{n} 秒',
    },
  },
  en: {
    fault: {
      mobile: 'A mobile number has 11 digits and begins with 13 to 19.', number: 'The identity number is not right: 18 characters; the last may be X.', document: 'The identity number is not right: type it as on the driving licence, 1 to 18 characters.', name: 'Type the name: 1 to 50 characters.',
      password: 'The password has at least ten characters and is not one of your numbers, nor a common one.', code: 'The code has six digits.', wrong_code: 'The code is wrong, was used or is too old: ask for a new one.', wrong_password: 'The password is not right; try again.',
      many_codes: 'Too many codes: try again in {seconds} seconds.', many_tries: 'Too many failures: try again in {wait}.',
      level0: 'Name and number are not in the register: check them and register anew, or go to a vehicle office.', level1: 'The face check comes first.', changing: 'Your mobile is being changed: this waits until it is done or stopped.',
      no_sms: 'Text messages are out of order for the moment: try again later.', claimed: 'Another account has shown this driver’s face: log in there, or reset its password.', photos: 'Too many photos: try again in an hour.',
      face: 'The face check is over or cannot be used: do it again.', unknown: 'Something went wrong; try again. What you typed is still here.', label: 'A name of 1 to 40 characters, no space at either end.', any: { conflict: 'Something has changed: it may be done already, or was decided elsewhere. Go back and look again.', forbidden: 'This cannot be done now.', invalid: 'What was typed does not do: check it and try again.', 'too-large': 'This is too large: make it smaller and try again.' }, minutes: '{n} minutes', hours: '{n} hours', seconds: '{n} seconds',
    },
  },
})

type Say = (key: string, values?: Record<string, unknown>) => string

export function tell(problem: unknown, t: Say): string {
  if (!(problem instanceof Problem)) return t('fault.unknown')
  const place = problem.place ?? ''
  const said = (words: string, values: Record<string, unknown> = {}): string => t(`fault.${words}`, values)
  if (problem.code === 'invalid') {
    if (place.includes('mobile_proof')) return said('wrong_code')
    if (place.includes('mobile')) return said('mobile')
    if (place.includes('citizen')) return said('number')
    if (place.includes('identity')) return said('document')
    if (place === 'name' || place.endsWith('.name')) return said('name')
    if (place.includes('password')) return said('password')
    if (place.includes('label')) return said('label')
    if (place === 'code' || place.endsWith('.code')) return said('code')
  }
  if (problem.code === 'not-verified') {
    if (/code|mobile proof/.test(place)) return said('wrong_code')
    if (place === 'password') return said('wrong_password')
    return /face/.test(place) ? said('face') : said('unknown')
  }
  if (problem.code === 'forbidden' && place === 'level') return said(problem.rule === 'at least 1' ? 'level0' : 'level1')
  if (problem.code === 'forbidden' && place === 'mobile_change') return said('changing')
  if (problem.code === 'conflict' && /another account/.test(problem.detail ?? '')) return said('claimed')
  if (problem.code === 'unavailable' && /SMS/.test(problem.detail ?? '')) return said('no_sms')
  if (problem.code === 'too-many') {
    const seconds = problem.retryAfterS ?? 60
    const wait = seconds < 90 ? said('seconds', { n: seconds }) : seconds < 5400 ? said('minutes', { n: Math.ceil(seconds / 60) }) : said('hours', { n: Math.ceil(seconds / 3600) })
    return said('many_tries', { wait })
  }
  // The server's own words are English and for whoever writes a client.
  if (['conflict', 'forbidden', 'invalid', 'too-large'].includes(problem.code)) return said(`any.${problem.code}`)
  return sentence(problem, t)
}

export interface Attempts {
  busy: Ref<boolean>
  fault: Ref<string>
  /** The last one was not answered: what was asked may have been done, and is sent again as it was. */
  unheard: Ref<boolean>
  /** What is being done now, as it was named: the button that was tapped waits, and no other. */
  doing: Ref<string>
  /** Does it once at a time; whether it succeeded. `instead`: another sentence for a refusal, or null for the usual one. */
  attempt(act: () => Promise<void>, instead?: ((problem: Problem) => string | null) | null, name?: string): Promise<boolean>
}

export function useAttempts(): Attempts {
  const { t } = useI18n()
  const busy = ref(false)
  const fault = ref('')
  const unheard = ref(false)
  const doing = ref('')
  return {
    busy, fault, unheard, doing,
    async attempt(act, instead, name = '') {
      if (busy.value) return false
      busy.value = true
      doing.value = name
      fault.value = ''
      unheard.value = false
      try {
        await act()
        return true
      } catch (problem) {
        unheard.value = problem instanceof Problem && (problem.isOffline || problem.status >= 500)
        fault.value = (problem instanceof Problem && instead?.(problem)) || tell(problem, t)
        return false
      } finally {
        busy.value = false
        doing.value = ''
      }
    },
  }
}
