import type { Problem } from '@shared/api'
import { sentence } from '@shared/words'

/** What a company may not ask has a sentence for each rule of its registration; the rest is said as everywhere. */
export function why(problem: Problem, t: (key: string, values?: Record<string, unknown>) => string): string {
  const rule = problem.code === 'forbidden' ? `not.${problem.rule}` : ''
  return rule in named ? t(rule) : sentence(problem, t)
}

/** Words of the companies' screens, loaded with them. */
export const companyWords = {
  'zh-CN': {
    need: '请先以企业身份登录。', log_in: '登录', purpose: '用途', fields: '询问内容', class: '车型', reference: '本企业备注（选填）', standing: '授权持续到（选填，留空为仅此一次）', make: '生成请求码', none: '登记中没有可用的用途。',
    code: '请求码', code_how: '请驾驶人在“电子驾驶证”中扫此码，或输入上面的字符。', until: '有效至 {at}', cancel_ask: '撤回询问', another: '再问一位', fetching: '正在取回答…',
    asked: '等待驾驶人同意…', approved: '驾驶人已同意', refused: '驾驶人没有同意。', cancelled: '已撤回。', expired: '询问已过期。', answered: '已取得回答',
    answer: '回答', answer_about: '只含驾驶人同意的内容，不保存；离开本页即消失。', pseudonym: '本企业内代号', yes: '可以驾驶', no: '不可驾驶', long_term: '长期', portrait: '驾驶证照片', portrait_none: '照片未能取得。',
    f: { may_drive: '今天能否驾驶所问车型', valid_until: '驾驶证有效期止', classes: '准驾车型', first_issue_date: '初次领证日期', name: '姓名', masked_number: '部分遮盖的证号', portrait: '驾驶证照片' },
    bulk: { title: '批量核查', about: '对已给出持续授权的驾驶人，按本企业内代号核查，最多 1,000 个。', paste: '粘贴代号（每行一个，或 CSV 第一列）', file: '选择 CSV 文件', count: '共 {n} 个代号', too_many: '超过 1,000 个：请分批核查。', empty: '请粘贴至少一个代号。', go: '核查', save: '下载结果 CSV', answered: '已回答', no_consent: '未同意或无此代号', outcome: '结果', not_allowed: '登记中没有可批量核查的用途。', sum: '{n} 个已回答，共 {of} 个' },
    notices: { title: '变更通知', none: '没有通知。', again: '重新发送', due: '下次 {at}', about: '已同意的驾驶人有变化时，发往登记的地址。', attempts: '已试 {n} 次', more: '更早的',
      delivered: '已送达', parked: '多次未送达，已搁置', waiting: '等待发送', dropped: '不再发送（同意已结束）' },
    not: {
      not_approved: '本企业还没有获准，或已被暂停，不能询问。请联系管理单位。', purpose_not_registered: '这个用途不在本企业的登记范围内。整个询问已拒绝并记录，驾驶人没有收到。', token_without_purpose: '本次登录不含这个用途。请退出后重新登录。',
      field_not_registered: '所问内容超出本企业的登记范围。整个询问已拒绝并记录，驾驶人没有收到。请只勾选登记过的内容，或先申请变更登记。', standing_not_registered: '登记中没有持续同意。请改为仅此一次。', standing_too_long: '持续同意的期限太长。请改为较近的日期。',
      portrait_never_standing: '照片只能仅此一次，不能持续。请取消照片或取消持续。', bulk_not_registered: '登记中没有批量核查。', portrait_not_agreed: '驾驶人没有同意提供照片。',
    },
    ask_title: '向驾驶人询问', bad_file: '读不了这个文件，请选择 CSV 文本文件。',
  },
  en: {
    need: 'Log in as a company first.', log_in: 'Log in', purpose: 'Purpose', fields: 'Questions', class: 'Class', reference: 'Your reference (optional)', standing: 'Consent lasts until (optional; empty: this once)', make: 'Make a request code', none: 'Your registration has no purpose to ask for.',
    code: 'Request code', code_how: 'The driver scans this in the driving licence app, or types the characters above.', until: 'good until {at}', cancel_ask: 'Take it back', another: 'Ask another', fetching: 'Fetching the answer…',
    asked: 'Waiting for the driver…', approved: 'The driver agreed', refused: 'The driver did not agree.', cancelled: 'Taken back.', expired: 'The request has run out.', answered: 'Answered',
    answer: 'Answer', answer_about: 'Only what the driver agreed to; kept nowhere, gone when you leave this page.', pseudonym: 'Your name for the driver', yes: 'may drive', no: 'may not drive', long_term: 'long-term', portrait: 'Photo of the licence', portrait_none: 'The photo did not come.',
    f: { may_drive: 'May drive the class asked for today', valid_until: 'Last day of validity', classes: 'Driving classes', first_issue_date: 'First licence', name: 'Name', masked_number: 'Masked number', portrait: 'Photo of the licence' },
    bulk: { title: 'Bulk checks', about: 'Drivers with a standing consent, by your names for them; 1,000 at most.', paste: 'Paste the names (one a line, or the first column of a CSV)', file: 'Choose a CSV file', count: '{n} names', too_many: 'More than 1,000: check them in parts.', empty: 'Paste one name at least.', go: 'Check', save: 'Download the results (CSV)', answered: 'answered', no_consent: 'no consent, or nobody', outcome: 'Result', not_allowed: 'Your registration has no purpose for bulk checks.', sum: '{n} of {of} answered' },
    notices: { title: 'Notices', none: 'There are no notices.', again: 'Send again', due: 'next {at}', about: 'Sent to your registered address when something changes for a driver who agreed.', attempts: '{n} attempts', more: 'Older',
      delivered: 'delivered', parked: 'given up after several attempts', waiting: 'to be sent', dropped: 'not sent any more (consent ended)' },
    not: {
      not_approved: 'The company is not approved, or is suspended: it may not ask. Turn to the administration.', purpose_not_registered: 'This purpose is not registered. The whole question was refused and is on record; the driver did not get it.', token_without_purpose: 'This login is not for this purpose. Log out and in again.',
      field_not_registered: 'This is more than the company registered. The whole question was refused and is on record; the driver did not get it. Tick only what is registered, or have the registration changed first.', standing_not_registered: 'No lasting consent is registered. Ask for this once.', standing_too_long: 'The consent would last too long. Choose a nearer day.',
      portrait_never_standing: 'A photo is for this once. Leave out the photo, or the day.', bulk_not_registered: 'No bulk checks are registered.', portrait_not_agreed: 'The driver did not agree to the photo.',
    },
    ask_title: 'Ask a driver', bad_file: 'This file cannot be read. Choose a CSV text file.',
  },
}

const named = Object.fromEntries(Object.keys(companyWords['zh-CN'].not).map((rule) => [`not.${rule}`, true]))
