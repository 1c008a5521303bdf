import { speak } from '@shared/words'
import { officeMenu } from './office/routes'

/** The words of the frame and of what every screen says; a screen's own come with it. */
export const words = speak({
  'zh-CN': {
    app: '驾驶证业务控制台', skip: '跳到内容', dark: '深色', elder: '大字', log_out: '退出登录', more: '加载更多', none: '没有内容。', refresh: '刷新', loading: '正在加载…',
    yes: '是', no: '否', send: '提交', save: '保存', optional: '（可不填）', at: '时间', nationwide: '全国', of_day: '今天', choose_day: '选择', such_as: '如 {form}', day_form: '请写成 {form} 的形式。', zone: '日期和时间均为北京时间（UTC+8）。',
    menu: {
      title: '菜单', start: '工作台', photos: '照片审核', counter: '窗口办理', faces: '人脸人工审核', look_up: '驾驶人查询', proposals: '双人审批', corrections: '更正申请',
      samples: '查询抽查', audit: '审计记录', members: '人员与职责', me: '我的登录方式', ...officeMenu['zh-CN'],
    },
    log_in: { totp: '动态验证码（6 位）', passkey: '使用通行密钥' },
    proof: { title: '请再次验证身份', why: '这项操作要求五分钟内验证过第二因素。您填写的内容都还在。', go: '验证并继续', wrong: '验证码不对或已用过，请等下一个再输入。' },
    duty: {
      patrol: '路面执勤', penalty: '违法处理', counter: '窗口', 'photo-review': '照片审核', register: '登记更正', rollout: '推广', keys: '安全管理', audit: '审计管理', system: '系统管理',
    },
    case: {
      label: '案件编号', place: '区划：{place}。', hint: '类别、区划、日期已填好，请补上序号（4 至 8 位数字）。', kind: '案件类别', serial: '序号',
      R: 'R 路面', V: 'V 违法', A: 'A 事故', P: 'P 投诉', B: 'B 业务', C: 'C 更正', S: 'S 安全', O: 'O 推广',
    },
    kind: {
      suspend: '暂扣', restore: '恢复', correct: '更正登记', retain: '现场扣留', 'rotate-key': '更换密钥', 'retire-key': '停用密钥', 'open-wave': '开放城市', 'give-duty': '授予职责', 'new-enrolment': '重新登记登录方式',
    },
    reason: {
      'drink-driving': '酒后驾驶', 'drug-driving': '吸毒后驾驶', 'accident-liability': '事故责任', 'court-order': '法院裁判', 'other-by-law': '法律规定的其他情形',
      'period-over': '暂扣期满', 'study-passed': '学习考试合格', 'penalty-revoked': '处罚已撤销', 'retained-in-error': '扣留有误',
      'clerical-error': '录入错误', 'document-changed': '证件信息变更', 'rare-character': '生僻字更正',
      'points-reached': '记分满分', 'class-not-held': '准驾不符', speeding: '严重超速', 'accident-suspect': '事故嫌疑',
      scheduled: '定期更换', 'after-compromise': '泄露后更换', compromised: '已泄露', lost: '遗失', announced: '已公告', trial: '试点',
      assigned: '岗位安排', 'stand-in': '临时代班', 'factor-lost': '第二因素遗失', 'password-forgotten': '忘记密码', 'code-expired': '登记码已过期',
    },
    state: { proposed: '待复核', approved: '已同意', done: '已执行', refused: '已否决', withdrawn: '已撤回', expired: '已过期', active: '在岗', suspended: '停用', ended: '已离岗' },
    rule: {
      'duty-not-held': '您今天的职责不包含这项操作，请联系系统管理员。', 'second-factor-not-fresh': '请先再次验证第二因素，然后重试。',
      'own-look-up': '自己的查询由他人抽查，请选择另一条。', 'over-budget': '这项职责今天的查询次数已用完，请明天再查或由同事办理。',
      'about-oneself': '与您本人有关，请由他人提出和决定。', 'own-proposal': '这是您自己提出的，请由另一人复核。', 'not-own-proposal': '只有提出人可以撤回。',
      'already-decided': '已有人先处理，请刷新后查看结果。', 'ran-out': '复核时限已过，请重新提出。', stale: '内容已有变化，请刷新后再决定。',
      'not-verified-by-you': '请先核验驾驶人的亮码：十分钟内、由核验人本人扣留。', 'already-retained': '该证已被扣留。',
      'own-photo': '这是您本人的照片，请由他人审核。', 'own-check': '这是您本人的核验，请由他人审核。', 'passkey-not-used': '未使用通行密钥，请重试或改用动态验证码。',
      'has-left': '该人员已离岗。', 'held-already': '该人员在此区域已有这项职责。', 'one-administration': '系统、安全、审计三类管理由不同人员担任。', 'not-linked': '您的账号尚未关联本人身份，请联系系统管理员。',
    },
    place: {
      id: '编号格式不对，请完整复制，例如 drv_ 加 26 个字符。',
      case_number: '案件编号不符：类别须与事由一致、属于您的区域、日期不晚于今天，例如 R-320500-20261120-0001。', purpose: '请选择您职责内的用途。', reason: '请选择目录中的原因。',
      identity_number: '证件号码有误，请核对后重新输入。', citizen_number: '证件号码有误，请核对后重新输入。', file_number: '档案编号有误，应为 12 位数字。', code: '无法识别这个码，请重新扫描。', short_code: '数字码有误或已过期，请让持证人出示新的数字码。',
      password: '密码至少 12 个字符，且不能是常见密码。', totp: '动态验证码不对，请等下一个再输入。', subject: '编号有误，请核对。', by: '人员编号有误，请核对。', person: '人员编号有误，请核对。', face_check: '认证编号有误，请核对。',
      region: '区域应为 2、4 或 6 位区划代码，或 nationwide。', staff_number: '警号或工号应为 4 至 12 位数字和大写字母。',
    },
  },
  en: {
    app: 'Staff console', skip: 'Skip to content', dark: 'Dark', elder: 'Large', log_out: 'Log out', more: 'Show more', none: 'Nothing here.', refresh: 'Refresh', loading: 'Loading…',
    yes: 'Yes', no: 'No', send: 'Send', save: 'Save', optional: '(optional)', at: 'Time', nationwide: 'everywhere', of_day: 'today', choose_day: 'Choose', such_as: 'e.g. {form}', day_form: 'Write it as {form}.', zone: 'Days and times are China’s (UTC+8).',
    menu: {
      title: 'Menu', start: 'Start', photos: 'Photo reviews', counter: 'Counter', faces: 'Face reviews', look_up: 'Driver look-up', proposals: 'Four eyes', corrections: 'Correction requests',
      samples: 'Look-up reviews', audit: 'Audit record', members: 'People and duties', me: 'My log-in', ...officeMenu.en,
    },
    log_in: { totp: 'One-time code (6 digits)', passkey: 'Use a passkey' },
    proof: { title: 'Prove that it is you again', why: 'This needs a second factor proved within five minutes. What you typed is still here.', go: 'Prove and go on', wrong: 'This code is wrong or was used; wait for the next one.' },
    duty: {
      patrol: 'Patrol', penalty: 'Penalties', counter: 'Counter', 'photo-review': 'Photo review', register: 'Register corrections', rollout: 'Rollout', keys: 'Security administration', audit: 'Audit administration', system: 'System administration',
    },
    case: {
      label: 'Case number', place: 'Division: {place}. ', hint: 'Kind, division and day are filled in; add the serial (4 to 8 digits).', kind: 'Kind of case', serial: 'Serial',
      R: 'R roadside', V: 'V violation', A: 'A accident', P: 'P complaint', B: 'B business', C: 'C correction', S: 'S security', O: 'O rollout',
    },
    kind: {
      suspend: 'Suspension', restore: 'Restoration', correct: 'Correction', retain: 'Retention on the spot', 'rotate-key': 'New key', 'retire-key': 'Key retired', 'open-wave': 'Cities opened', 'give-duty': 'Duty given', 'new-enrolment': 'New enrolment',
    },
    reason: {
      'drink-driving': 'Drink-driving', 'drug-driving': 'Driving under drugs', 'accident-liability': 'Liability for an accident', 'court-order': 'Order of a court', 'other-by-law': 'Another reason in law',
      'period-over': 'The period is over', 'study-passed': 'Study and test passed', 'penalty-revoked': 'The penalty was revoked', 'retained-in-error': 'Retained in error',
      'clerical-error': 'Clerical error', 'document-changed': 'The document changed', 'rare-character': 'Rare character',
      'points-reached': 'Points reached', 'class-not-held': 'Class not held', speeding: 'Speeding', 'accident-suspect': 'Suspect of an accident',
      scheduled: 'Scheduled', 'after-compromise': 'After a compromise', compromised: 'Compromised', lost: 'Lost', announced: 'Announced', trial: 'Trial',
      assigned: 'Assigned', 'stand-in': 'Stand-in', 'factor-lost': 'Second factor lost', 'password-forgotten': 'Password forgotten', 'code-expired': 'Enrolment code expired',
    },
    state: { proposed: 'Waiting', approved: 'Agreed', done: 'Done', refused: 'Refused', withdrawn: 'Taken back', expired: 'Ran out', active: 'Active', suspended: 'Stopped', ended: 'Left' },
    rule: {
      'duty-not-held': 'None of your duties allows this today; ask the system administration.', 'second-factor-not-fresh': 'Prove your second factor again, then try again.',
      'own-look-up': 'Somebody else reviews your look-ups; choose another one.', 'over-budget': 'The look-ups of this duty are used up for today; ask a colleague or wait for tomorrow.',
      'about-oneself': 'This is about you: somebody else proposes and decides it.', 'own-proposal': 'You proposed this yourself: another person decides.', 'not-own-proposal': 'Only who proposed it takes it back.',
      'already-decided': 'Somebody was quicker; refresh to see what they decided.', 'ran-out': 'The time to decide is over; propose it anew.', stale: 'This has changed; refresh and read it before you decide.',
      'not-verified-by-you': 'Verify the driver’s live code first: whoever verified it retains it, within ten minutes.', 'already-retained': 'The licence is retained already.',
      'own-photo': 'This is your own photo: somebody else reviews it.', 'own-check': 'This is your own check: somebody else reviews it.', 'passkey-not-used': 'No passkey was used; try again, or type a one-time code.',
      'has-left': 'This person has left.', 'held-already': 'This person has that duty there already.', 'one-administration': 'System, security and audit administration are three people’s.', 'not-linked': 'Your account is not linked to you as a person yet; ask the system administration.',
    },
    place: {
      id: 'This is no id; copy the whole of it, such as drv_ and 26 characters.',
      case_number: 'The case number does not fit: its kind goes with the purpose, it lies in your region and is not of tomorrow, such as R-320500-20261120-0001.', purpose: 'Choose a purpose of your duties.', reason: 'Choose a reason of the catalogue.',
      identity_number: 'The identity number is not right; compare it and type it again.', citizen_number: 'The identity number is not right; compare it and type it again.', file_number: 'The file number is not right: 12 digits.', code: 'This code cannot be read; scan it again.', short_code: 'The digits are wrong or too old; ask for new ones.',
      password: 'At least 12 characters, and no common password.', totp: 'The one-time code is not right; wait for the next one.', subject: 'The id is not right; compare it.', by: 'The id of the member is not right; compare it.', person: 'The id of the person is not right; compare it.', face_check: 'The id of the check is not right; compare it.',
      region: '2, 4 or 6 digits of a division code, or nationwide.', staff_number: '4 to 12 digits and capital letters.',
    },
  },
})
