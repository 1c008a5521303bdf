export const counter = {
  'zh-CN': {
    counter: {
      why: '请市民在手机上打开亮码，扫描后即可办理，不需要纸质驾驶证。', case: '这次办理的案件编号', begin: '用哪种方式开始？', scan: '扫描亮码', digits: '输入数字码', short: '数字码（8 位）', verify: '核验', stop: '关闭摄像头', without: '没有电子驾驶证：办理等待中的核验',
      result: '核验结果', holder: '持证人', name: '姓名', number: '证号', classes: '准驾车型', valid: '有效期', status: '状态', points: '累积记分', compare: '请比对：窗口前的人与照片是同一人吗？', portrait: '留存照片', next: '下一位', record: '查看登记信息', record_ask: '查看会记录在案，持证人能看到。',
      waiting: '等待窗口核验', none_waiting: '此人没有等待窗口核验的事项。', since: '{at} 起等待', identity: '证件号码（请照手中证件输入）', kind: '证件类型', is: '证件与本人一致', is_not: '不一致', person: '人员编号', check: '认证编号', from_phone: '请扫描市民手机“人工审核”页面的二维码，或照页面输入两个编号。',       ask_is: '确认您已当面比对：窗口前的人就是证件上的人？', ask_is_not: '确认窗口前的人与证件不一致？这次核验将不通过。', done: '已记录：{state}。', passed: '通过', failed: '未通过', not_code: '这不是亮码。{what}请让市民在电子驾驶证中打开“亮码”。', url: '这是一个网址。', pay: '这是收付款码。', request: '这是单位的授权请求码。', half: '这个码不完整，或版本不符。', 'other-system': '这是其他系统的证件码。', other: '这不是本系统的码。', digits_wrong: '请输入 8 位数字。',
      retain: '现场扣留', retain_why: '扣留当场生效；24 小时内由另一位同事确认，否则自动解除。', retain_reason: '扣留原因', retain_ask: '扣留 {name} 的电子驾驶证？原因：{reason}。立即生效，持证人会收到通知。',
      purpose: { apply: '申领', 'bind-phone-key': '绑定手机', 'change-mobile': '更换手机号' },
    },
  },
  en: {
    counter: {
      why: 'The citizen opens the live code on the phone; scanning it opens the case. No paper licence is needed.', case: 'Case number of this visit', begin: 'How do you begin?', scan: 'Scan the live code', digits: 'Type the digits', short: 'Digits (8)', verify: 'Verify', stop: 'Close the camera', without: 'Without an electronic licence: a check that waits',
      result: 'Verdict', holder: 'Holder', name: 'Name', number: 'Number', classes: 'Classes', valid: 'Valid', status: 'Status', points: 'Points', compare: 'Compare: is the person before you the one on the photo?', portrait: 'Photo of the licence', next: 'Next person', record: 'Show the record', record_ask: 'This look is recorded, and the holder reads of it.',
      waiting: 'Checks that wait at a counter', none_waiting: 'Nothing of this person waits at a counter.', since: 'waiting since {at}', identity: 'Identity number (from the document in your hand)', kind: 'Kind of document', is: 'Document and person agree', is_not: 'They do not agree', person: 'Person’s id', check: 'Check’s id', from_phone: 'Scan the code on the citizen’s phone under “Have a person look”, or type the two ids below it.',
      ask_is: 'Have you compared them: the person before you is the one of the document?', ask_is_not: 'The person before you is not the one of the document? The check fails then.', done: 'Recorded: {state}.', passed: 'passed', failed: 'failed', not_code: 'This is no live code. {what}Ask the citizen to open the live code in the licence app.', url: 'It is a web address. ', pay: 'It is a payment code. ', request: 'It is a company’s request code. ', half: 'The code is not whole, or of another version. ', 'other-system': 'It is a document of another system. ', other: 'It is no code of this system. ', digits_wrong: 'Type eight digits.',
      retain: 'Retain the licence', retain_why: 'It holds at once; a colleague confirms it within 24 hours, or it is lifted by itself.', retain_reason: 'Why', retain_ask: 'Retain the licence of {name}? Reason: {reason}. It holds at once, and the holder is told.',
      purpose: { apply: 'application', 'bind-phone-key': 'another phone', 'change-mobile': 'another mobile number' },
    },
  },
}
