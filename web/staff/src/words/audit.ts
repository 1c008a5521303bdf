/** Acts of the audit record in plain words; an act without one is shown by its code. Full stops of codes are underscores here. */
const acts: Record<string, [string, string]> = {
  'account.registered': ['注册账号', 'registered an account'], 'account.closed': ['注销账号', 'closed the account'], 'agreement.given': ['同意条款', 'agreed to terms'], 'agreement.withdrawn': ['撤回同意', 'withdrew an agreement'],
  'application.accepted': ['受理申领', 'application accepted'], 'application.refused': ['申领未受理', 'application refused'], 'application.withdrawn': ['撤回申领', 'application withdrawn'], 'application.under-review': ['申领转审核', 'application under review'],
  'approval.used': ['使用双人同意', 'used an approval'], 'audit.read': ['查阅审计记录', 'read the audit record'], 'audit.refused': ['查阅审计记录被拒', 'reading the audit record refused'], 'code.verified': ['核验亮码', 'verified a live code'], 'code.refused': ['亮码未通过', 'live code refused'], 'taking-back.refused': ['撤回审批被拒', 'taking back refused'], 'company.registered': ['登记企业', 'company registered'], 'company.moved': ['变更企业状态', 'company moved'],
  'consent.given': ['同意企业查询', 'consented'], 'consent.withdrawn': ['撤回同意', 'consent withdrawn'], 'correction.asked': ['申请更正', 'asked for a correction'], 'correction.answered': ['答复更正申请', 'correction answered'], 'correction.taken-back': ['撤回更正申请', 'took a correction request back'], 'correction-requests.listed': ['查看更正申请', 'listed correction requests'], 'correction-request.refused': ['答复更正申请被拒', 'answering a correction request refused'], 'data.exported': ['导出本人数据', 'exported own data'],
  'decision.refused': ['复核被拒', 'decision refused'], 'driver.looked-up': ['按号码查询驾驶人', 'looked a driver up'], 'duty.given': ['授予职责', 'duty given'], 'duty.taken': ['收回职责', 'duty taken'],
  'face-check.decided': ['窗口决定人脸核验', 'decided a face check'], 'face-check.judged': ['人脸核验', 'face check judged'], 'face-check.viewed': ['查看人脸核验照片', 'saw pictures of a face check'], 'face-check.refused': ['人脸审核被拒', 'face review refused'], 'face-check.waiting-listed': ['查看窗口等待的核验', 'saw the checks that wait'],
  'photo-reviews.listed': ['查看照片审核列表', 'listed photo reviews'], 'photo-review.taken': ['领取照片审核', 'took a photo review in hand'], 'photo-review.put-back': ['退回照片审核', 'put a photo review back'], 'face-reviews.listed': ['查看人脸审核列表', 'listed face reviews'], 'face-review.taken': ['领取人脸审核', 'took a face review in hand'], 'face-review.put-back': ['退回人脸审核', 'put a face review back'], 'companies.listed': ['查看企业列表', 'listed companies'], 'company.viewed': ['查看企业', 'saw a company'],
  'late-reviews.listed': ['查看超期审核', 'listed late reviews'], 'late-face-reviews.listed': ['查看超期人脸审核', 'listed late face reviews'], 'late-reviews.refused': ['查看超期审核被拒', 'listing late reviews refused'], 'licence.issued': ['签发电子驾驶证', 'licence issued'], 'licence.reissued': ['重新签发', 'licence issued anew'], 'licence.withdrawn': ['撤销电子驾驶证', 'licence withdrawn'], 'licence.retained': ['扣留', 'licence retained'], 'licence.suspended': ['暂扣', 'licence suspended'], 'licence.restored': ['恢复', 'licence restored'],
  'look-up.refused': ['查询被拒', 'look-up refused'], 'look-up.reviewed': ['抽查查询', 'look-up reviewed'], 'look-up-review.refused': ['抽查被拒', 'look-up review refused'], 'look-up-reviews.listed': ['查看抽查列表', 'listed look-ups drawn'], 'look-ups.drawn': ['抽取查询', 'look-ups drawn'],
  'passkey.added': ['添加通行密钥', 'passkey added'], 'passkey.removed': ['移除通行密钥', 'passkey removed'], 'password.reset': ['重设密码', 'password reset'], 'phone-key.bound': ['绑定手机', 'phone bound'], 'phone-key.ended': ['解除手机', 'phone ended'],
  'photo.added': ['提交照片', 'photo sent'], 'photo.approved': ['照片通过', 'photo approved'], 'photo.refused': ['照片驳回', 'photo refused'], 'photo.replaced': ['更换照片', 'photo replaced'], 'photo.viewed': ['查看照片', 'saw a photo'], 'photo.own-refused': ['审核本人照片被拒', 'reviewing one’s own photo refused'],
  'portrait.viewed': ['查看留存照片', 'saw the portrait'], 'portrait.refused': ['查看照片被拒', 'portrait refused'], 'proposal.made': ['提出审批', 'proposed'], 'proposal.decided': ['复核审批', 'decided a proposal'], 'proposal.read': ['查看审批', 'read a proposal'], 'proposal.refused': ['提出审批被拒', 'proposing refused'], 'proposal.taken-back': ['撤回审批', 'took a proposal back'], 'proposal.ran-out': ['审批过期', 'proposal ran out'], 'proposal-reading.refused': ['查看审批被拒', 'reading a proposal refused'], 'proposals.listed': ['查看审批列表', 'listed proposals'],
  'real-name.checked': ['实名核验', 'real name checked'], 'record.corrected': ['更正登记', 'record corrected'], 'record.changed': ['登记变更', 'record changed'], 'register.imported': ['导入登记', 'register imported'], 'register.confirmed': ['确认登记', 'register confirmed'], 'retention.ended': ['扣留结束', 'retention ended'], 'retention.refused': ['扣留被拒', 'retention refused'],
  'review.escalated': ['审核超期', 'review late'], 'review.refused': ['审核被拒', 'review refused'], 'rollout.wave-opened': ['开放城市', 'cities opened'], 'second-factor.added': ['添加第二因素', 'second factor added'], 'second-factor.removed': ['移除第二因素', 'second factor removed'], 'second-factor.chosen': ['选择第二因素', 'second factor chosen'], 'session.opened': ['登录', 'logged in'], 'session.ended': ['退出登录', 'logged out'], 'short-code.made': ['生成数字码', 'digits made'],
  'staff.added': ['新增人员', 'member taken on'], 'staff.enrolled': ['人员首次登录', 'member enrolled'], 'staff.linked': ['关联人员身份', 'member linked'], 'staff.listed': ['查看人员', 'listed members'], 'staff.reset': ['重发登记码', 'enrolment code renewed'], 'staff-change.refused': ['人员变更被拒', 'staff change refused'], 'staff-session.opened': ['工作人员登录', 'member logged in'], 'staff-session.ended': ['工作人员退出', 'member logged out'], 'staff-session.proved': ['再次验证第二因素', 'second factor proved again'],
  'standing.changed': ['状态变更', 'standing changed'], 'verification.refused': ['核验被拒', 'verification refused'], 'verifier.added': ['新增核验终端', 'verifier added'], 'verifier.ended': ['停用核验终端', 'verifier ended'],
}
/** What an entry was made for, where it is no purpose somebody chose: the record's own words and ours. */
const reasons: Record<string, [string, string]> = {
  administration: ['人员管理', 'administration'], 'administration of companies': ['企业管理', 'administration of companies'], 'second-factor': ['第二因素', 'second factor'], restore: ['备份恢复', 'restore'], register: ['登记', 'register'], 'register import': ['登记数据导入', 'register import'],
  'register change feed': ['登记变更来源', 'register change feed'], 'following the register': ['随登记更新', 'following the register'], 'log-in': ['登录', 'log-in'], 'log-out': ['退出登录', 'log-out'], account: ['账号', 'account'], registration: ['注册', 'registration'], showing: ['出示', 'showing'], rollout: ['推广', 'rollout'],
  issuing: ['签发', 'issuing'], 'applying for an electronic licence': ['申领电子驾驶证', 'applying for an electronic licence'], 'the licence on a further phone': ['绑定另一部手机', 'the licence on a further phone'], 'reviewing a new photo': ['照片审核', 'reviewing a new photo'],
  'reviewing a face check': ['人脸人工审核', 'reviewing a face check'], 'review of a face check': ['人脸人工审核', 'review of a face check'], 'replacing the photo of the electronic licence': ['更换照片', 'replacing the photo'], 'a photo of one\'s own for the electronic licence': ['自行提交照片', 'a photo of one’s own'],
  'real-name check': ['实名核验', 'real-name check'], 'phone keys': ['手机密钥', 'phone keys'], passkeys: ['通行密钥', 'passkeys'], 'forgotten password': ['忘记密码', 'forgotten password'], 'ended from another login': ['从另一处退出', 'ended from another login'], 'correction-requests': ['更正申请', 'correction requests'],
  'correction of one\'s own data': ['更正本人资料', 'correction of one’s own data'], 'compare-face': ['人脸比对', 'face comparison'], 'change notices': ['变动通知', 'change notices'], agreement: ['协议', 'agreement'], 'a copy of one\'s own data': ['本人数据副本', 'a copy of one’s own data'],
}
/** The record's names of details; one without words is shown as it is. */
const details: Record<string, string> = {
  case: '案件编号', duty: '职责', duties: '职责', kind: '类别', state: '状态', count: '条数', newest: '最新一条', oldest: '最早一条', refusal: '原因', reason: '原因', reasons: '原因', version: '版本', authority: '发证机关', region: '区域', division: '区划', province: '省份',
  second_factor: '第二因素', rule: '规则', origin: '缘由', photo: '照片', fields: '项目', unit: '单位', outcome: '结果', purpose: '用途', decision: '决定', measure: '业务', wave: '批次',
}
export const purposeOf = (purpose: string, language: string): string => reasons[purpose]?.[language === 'en' ? 1 : 0] ?? purpose
export const detailOf = (name: string, language: string): string => (language === 'en' ? name : (details[name] ?? name))
const named = (at: 0 | 1) => Object.fromEntries(Object.entries(acts).map(([code, words]) => [code.replaceAll('.', '_'), words[at]]))

export const audit = {
  'zh-CN': {
    audit: {
      why: '查阅须有用途和案件编号，每一页都会记入审计记录。按驾驶人查须负责其区域；按人员查须负责全国。', purpose: '用途', subject: '关于谁（驾驶人 drv_… 或其他编号）', by: '何人所为（人员编号 stf_…）', since: '从', until: '到', go: '查阅', one_of: '请至少填写“关于谁”或“何人所为”。', at: '时间', what: '事项', actor: '操作人', about: '对象', detail: '详情', csv: '下载 CSV', empty: '这段时间没有记录：请核对编号，或改选更早的日期。',
      filter: '只看', all: '全部事项', count: '{n} 条', read_at: '读取时间',
    },
    actor: { person: '本人', staff: '工作人员', verifier: '核验终端', company: '企业', worker: '系统', operator: '运维人员', source: '登记来源', system: '系统' },
    act: named(0),
  },
  en: {
    audit: {
      why: 'Reading needs a purpose and a case number, and every page is in the record itself. About a driver: with the audit administration of the region. By a member: with the nationwide one.', purpose: 'Purpose', subject: 'About (driver drv_… or another id)', by: 'By (member stf_…)', since: 'From', until: 'To', go: 'Read', one_of: 'Say about whom, or by whom.', at: 'When', what: 'What', actor: 'Who', about: 'About', detail: 'Detail', csv: 'Download CSV', empty: 'There are no entries in this time: compare the id, or choose earlier days.',
      filter: 'Only', all: 'everything', count: '{n} entries', read_at: 'Read at',
    },
    actor: { person: 'the person', staff: 'staff', verifier: 'verifier', company: 'company', worker: 'the system', operator: 'operator', source: 'register source', system: 'the system' },
    act: named(1),
  },
}
