import { alsoSay } from '@shared/words'

alsoSay({
  'zh-CN': {
    messages: { title: '消息', none: '没有消息。', new: '未读', choices: '哪些消息同时发短信', kept: '已保存', more: '更早的消息', older: '没有更早的消息', all_read: '全部标为已读' },
    looks: {
      title: '谁看过我的驾驶证', why: '每次核验、查询和阅览都会记在这里，任何人都不能删除。', none: '还没有人看过您的驾驶证。', more: '更早的记录', told: '告知内容：{fields}', portrait: '看过照片', class: '询问车型 {class}',
      kinds: { police: '交通警察', public: '公众核验', company: '单位', relying: '单位', staff: '车管人员', operator: '系统运维' },
      purposes: {
        'roadside-check': '路面检查', 'accident-at-scene': '事故现场处理', 'violation-handling': '违法处理', 'accident-handling': '事故处理', complaint: '复议或投诉', 'licence-business': '驾驶证业务', 'register-correction': '登记更正', roadside: '路面检查', shown: '出示',
        rental: '汽车租赁', insurance: '车辆保险', employment: '招聘用工', freight: '货运客运', administration: '管理', 'look-up-review': '查询抽查', 'compare-face': '人证比对', 'photo-review': '照片审核', 'licence-holding': '核对驾驶证', public: '公众核验', casework: '案件办理', 'identity-at-counter': '窗口核验', incident: '安全事件', 'regular-audit': '定期审计',
      },
      unknown: '当面核验',
    },
    fields: { may_drive: '今天能否驾驶所问车型', valid_until: '有效期止', classes: '准驾车型', first_issue_date: '初次领证日期', name: '姓名', masked_number: '部分遮盖的证号', portrait: '驾驶证照片' },
    consent: {
      title: '单位核验授权', scan: '扫描单位的二维码', type: '或输入请求码', code: '请求码', code_why: '单位（租车、保险、用工、货运）会给您一个10位请求码。', open: '查看请求', no_code: '没有这个请求码，或已过期、已处理。请向单位要新的。', bad_code: '请求码是10位字母和数字。',
      asks: '{company} 请求核验', purpose: '用途', fields: '将会告知', nothing_else: '除此之外，什么都不会告知。', class: '询问车型', until: '授权期限', once: '只这一次', expires: '请在 {at} 前决定',
      approve: '同意并用本机签名', refuse: '拒绝', approved: '已同意。单位只能看到上面列出的内容。', take_back: '收回同意', taken_back: '已收回同意。单位不会看到您的任何信息。', too_late: '单位已经取得答复，不能收回。', refused: '已拒绝。单位不会看到您的任何信息。', need_key: '同意需要本机的密钥，请先绑定本机。', standing: '查看持续授权', company_id: '单位编号 {id}',
    },
    scan: {
      title: '扫一扫', why: '扫描单位（租车、保险、用工、货运）出示的请求二维码。只认本系统的码，不会打开任何网址。', type: '没有二维码？输入请求码', again: '再扫一次', nothing_opened: '没有打开任何内容，也没有告知任何信息。',
      'live-code': '这是驾驶证亮码。核验别人的亮码请用“核验”应用；要出示自己的，请打开亮码。', 'counter-check': '这是人工审核的二维码，请到窗口由工作人员扫描。', half: '这个码不完整，或版本不符：请对方重新出示，再扫一次。',
      url: '这是一个网址，不是请求码。', pay: '这是收付款码，不是请求码。', 'other-system': '这是其他系统的证件码，不是请求码。', other: '这不是本系统的码。请让单位出示请求二维码。',
    },
    consents: { title: '持续授权', none: '没有持续授权。同意某个单位在一段时间内多次核验后，会列在这里，可以随时撤回。', until: '至 {day}', given: '{day} 授权', ended: '已于 {day} 结束', in_force: '有效', over: '已失效', withdraw: '撤回授权', sure: '撤回后，这个单位立即不能再查询。确定撤回吗？', withdrawn: '已撤回。' },
    me: {
      title: '我的', not_in: '登录后可管理账号。', levels: { '0': '未实名', '1': '已实名', '2': '已实人认证', '3': '窗口已核实' }, settings: '显示', elder: '长辈版（大字）', dark: '深色模式', lights: { auto: '跟随手机', light: '浅色', dark: '深色' }, account: '账号', records: '记录与授权',
      looks: '谁看过我的驾驶证', consents: '持续授权', data: '我的数据与更正', agreements: '协议与同意', mobile: '更换手机号', devices: '登录设备与手机', passkeys: '通行密钥', close: '注销账号', log_out: '退出登录', forget: '同时删除本机的驾驶证和密钥', out_sure: '退出后，亮证、亮码仍可在本机打开，除非一并删除。',
      second: '登录时需要短信验证码', second_on: '已开启', second_off: '已关闭', second_go: '开启', second_stop: '关闭', second_why: '先在上面输入登录密码，再开启或关闭。', bind: '绑定本机', about: '本服务：{mode}，根密钥 {root}', modes: { production: '正式环境', demo: '演示环境', test: '测试环境' },
    },
    data: {
      title: '我的数据', export: '下载我的全部数据', export_why: 'JSON 文件，包括登记信息、申领、被查看记录等；每天最多五次。', exported: '已下载。', many: '今天已下载五次，请明天再来。', many_open: '处理中的更正申请太多：请等待答复，或先撤回一件。', corrections: '申请更正', wish: '哪里不对，应该是什么', ask: '提交', none: '没有更正申请。', asked: '{day} 提交',
      states: { open: '处理中', answered: '已答复', done: '已办理', refused: '未采纳', taken_back: '已撤回', granted: '已办理', declined: '未采纳' }, take_back: '撤回', sent: '已提交，答复会在消息中通知。',
    },
    agreements: { title: '协议与同意', kinds: { terms: '用户协议', privacy: '隐私政策', 'face-data': '人脸信息处理规则', 'face-review': '人脸照片人工复核', notices: '短信通知' }, given: '{at} 同意第 {version} 版', not_given: '未同意', read: '阅读全文（第 {version} 版）', give: '同意', withdraw: '撤回同意', outdated: '已有新版本' },
    mobile: {
      title: '更换手机号', why: '更换会先通知现在的手机号，等待期内可以停止；等待期内不能绑定手机和申领。', new: '新手机号', password: '登录密码', next: '下一步：实人认证', waiting: '{at} 生效', to: '新手机号 {mobile}', stop: '停止', stopped: '已停止', done: '已提交，等待期后生效。', taken: '这个手机号已有账号。', same: '请填写另一个手机号。',
      acts: '正在等待的更改', kinds: { mobile: '更换手机号', closing: '注销账号' }, with_passkey: '用通行密钥确认', face_why: '请完成一次实人认证，或用一天前添加的通行密钥确认。',
    },
    devices: { title: '登录设备与手机', logins: '登录', this: '本机', opened: '{at} 登录', seen: '最近使用 {at}', end: '结束', end_others: '结束其他全部登录', phones: '已绑定的手机', bound: '{day} 绑定', used: '最近使用 {day}', unbind: '解除绑定', unbind_sure: '解除后，那部手机不能再亮码。确定吗？', ended: '已结束。' },
    passkeys: { title: '通行密钥', why: '用指纹、面容或锁屏密码登录，不用短信。', none: '还没有通行密钥。', add: '添加通行密钥', label: '名称', remove: '删除', made: '{day} 添加', used: '最近使用 {day}', unsupported: '这个浏览器不支持通行密钥。', cancelled: '没有添加：已取消，或这部设备不支持。', backed: '已同步', last: '这是唯一的登录方式，请先设置密码。', most: '通行密钥已达上限，请先删除一个。' },
    close: { title: '注销账号', why: '提交后有等待期，期间可以停止。等待期后账号和登录全部删除；驾驶证登记和审计记录依法保留。', sure: '我明白注销后电子驾驶证不能再使用', go: '提交注销', done: '已提交，{at} 生效。', password: '登录密码' },
    prove: { title: '请再次输入密码', why: '为了您的账号安全。', go: '确定' },
  },
  en: {
    messages: { title: 'Messages', none: 'No messages.', new: 'new', choices: 'Which also come by text message', kept: 'Kept', more: 'Older messages', older: 'No older messages', all_read: 'Mark all as read' },
    looks: {
      title: 'Who looked at my licence', why: 'Every verification, look-up and reading is here; nobody can remove one.', none: 'Nobody has looked at your licence yet.', more: 'Older ones', told: 'Told: {fields}', portrait: 'saw the photo', class: 'asked about {class}',
      kinds: { police: 'Traffic police', public: 'Public', company: 'Company', relying: 'Company', staff: 'Licensing staff', operator: 'Operator' },
      purposes: {
        'roadside-check': 'Roadside check', 'accident-at-scene': 'Accident at the scene', 'violation-handling': 'Violation', 'accident-handling': 'Accident', complaint: 'Complaint', 'licence-business': 'Licence business', 'register-correction': 'Correction of the register', roadside: 'Roadside check', shown: 'Shown',
        rental: 'Car rental', insurance: 'Motor insurance', employment: 'Employment', freight: 'Freight', administration: 'Administration', 'look-up-review': 'Review of look-ups', 'compare-face': 'Face compared', 'photo-review': 'Photo review', 'licence-holding': 'Licence checked', public: 'Public', casework: 'Casework', 'identity-at-counter': 'Identity at a counter', incident: 'Security incident', 'regular-audit': 'Regular audit',
      },
      unknown: 'Shown in person',
    },
    fields: { may_drive: 'whether you may drive today', valid_until: 'the last day of validity', classes: 'your classes', first_issue_date: 'the day of your first licence', name: 'your name', masked_number: 'your number, mostly masked', portrait: 'the photo' },
    consent: {
      title: 'A company asks', scan: 'Scan the company’s QR code', type: 'or type the request code', code: 'Request code', code_why: 'A company (rental, insurance, employer, freight) gives you a code of ten letters and digits.', open: 'See the request', no_code: 'There is no such code, or it is over or decided: ask the company for a new one.', bad_code: 'A code has ten letters and digits.',
      asks: '{company} asks', purpose: 'Purpose', fields: 'It will be told', nothing_else: 'Nothing else is told.', class: 'Class asked about', until: 'For how long', once: 'This once only', expires: 'Decide by {at}',
      approve: 'Agree, and sign with this phone', refuse: 'Refuse', approved: 'You agreed. The company sees only what stands above.', take_back: 'Take it back', taken_back: 'Taken back. The company sees nothing of you.', too_late: 'The company has its answer already: too late.', refused: 'You refused. The company sees nothing of you.', need_key: 'Agreeing needs the key of this phone: bind it first.', standing: 'Standing consents', company_id: 'Company {id}',
    },
    scan: {
      title: 'Scan', why: 'Scan the request code a company (rental, insurance, employer, freight) shows. Only codes of this service are read; no address is opened.', type: 'No QR code? Type the request code', again: 'Scan again', nothing_opened: 'Nothing was opened and nobody was told anything.',
      'live-code': 'This is the live code of a licence. To verify somebody’s, use the verifier app; to show your own, open your live code.', 'counter-check': 'This code is for a counter: the staff there scan it.', half: 'The code is not whole, or of another version: have it shown again, and scan once more.',
      url: 'This is a web address, not a request code.', pay: 'This is a payment code, not a request code.', 'other-system': 'This is a document of another system, not a request code.', other: 'This is no code of this service. Ask the company for its request code.',
    },
    consents: { title: 'Standing consents', none: 'No standing consents. Those that let a company ask for some time are listed here; you can withdraw them at any moment.', until: 'until {day}', given: 'given on {day}', ended: 'ended on {day}', in_force: 'in force', over: 'over', withdraw: 'Withdraw', sure: 'This company can ask no more from that moment. Withdraw?', withdrawn: 'Withdrawn.' },
    me: {
      title: 'Me', not_in: 'Log in to manage your account.', levels: { '0': 'name not checked', '1': 'name checked', '2': 'face checked', '3': 'seen at a counter' }, settings: 'Display', elder: 'Large letters', dark: 'Dark', lights: { auto: 'as the phone', light: 'light', dark: 'dark' }, account: 'Account', records: 'Records and consents',
      looks: 'Who looked at my licence', consents: 'Standing consents', data: 'My data and corrections', agreements: 'Agreements', mobile: 'Change the mobile', devices: 'Logins and phones', passkeys: 'Passkeys', close: 'Close the account', log_out: 'Log out', forget: 'and delete licence and key from this phone', out_sure: 'Licence and code still open on this phone afterwards, unless you delete them too.',
      second: 'A code by text message at log-in', second_on: 'on', second_off: 'off', second_go: 'Turn on', second_stop: 'Turn off', second_why: 'Type your password above, then turn it on or off.', bind: 'Bind this phone', about: 'This service: {mode}, root key {root}', modes: { production: 'in production', demo: 'a demonstration', test: 'a test' },
    },
    data: {
      title: 'My data', export: 'Download all my data', export_why: 'A JSON file: register, applications, who looked and more; five times a day at most.', exported: 'Downloaded.', many: 'Five times today: come back tomorrow.', many_open: 'Too many requests are open: wait for an answer, or take one back.', corrections: 'Corrections', wish: 'What is wrong, and what would be right', ask: 'Send', none: 'No requests.', asked: 'asked on {day}',
      states: { open: 'open', answered: 'answered', done: 'done', refused: 'refused', taken_back: 'taken back', granted: 'done', declined: 'refused' }, take_back: 'Take back', sent: 'Sent; the answer comes as a message.',
    },
    agreements: { title: 'Agreements', kinds: { terms: 'Terms', privacy: 'Privacy', 'face-data': 'Face data', 'face-review': 'Pictures looked at by staff', notices: 'Text messages' }, given: 'agreed to version {version} at {at}', not_given: 'not agreed', read: 'Read it (version {version})', give: 'Agree', withdraw: 'Withdraw', outdated: 'there is a newer version' },
    mobile: {
      title: 'Change the mobile', why: 'The present mobile is told first and can stop it while it waits; meanwhile no phone is bound and nothing applied for.', new: 'New mobile number', password: 'Password', next: 'Next: face check', waiting: 'done at {at}', to: 'new mobile {mobile}', stop: 'Stop it', stopped: 'Stopped', done: 'Asked; done after the waiting time.', taken: 'This mobile has an account.', same: 'Type another number than the present one.',
      acts: 'What waits', kinds: { mobile: 'Change of mobile', closing: 'Closing of the account' }, with_passkey: 'Confirm with a passkey', face_why: 'Do a face check, or confirm with a passkey that is a day old.',
    },
    devices: { title: 'Logins and phones', logins: 'Logins', this: 'this one', opened: 'opened {at}', seen: 'last used {at}', end: 'End', end_others: 'End all others', phones: 'Bound phones', bound: 'bound {day}', used: 'last used {day}', unbind: 'Unbind', unbind_sure: 'That phone shows no code any more. Sure?', ended: 'Ended.' },
    passkeys: { title: 'Passkeys', why: 'Log in by finger, face or screen lock, without a text message.', none: 'No passkeys yet.', add: 'Add a passkey', label: 'Name', remove: 'Remove', made: 'added {day}', used: 'last used {day}', unsupported: 'This browser knows no passkeys.', cancelled: 'None was added: cancelled, or this device cannot.', backed: 'synchronised', last: 'It is the only way in: set a password first.', most: 'There are as many passkeys as there may be: remove one first.' },
    close: { title: 'Close the account', why: 'It waits first and can be stopped; then account and logins are deleted. Register and audit record stay, as the law demands.', sure: 'I know the electronic licence cannot be used then', go: 'Close it', done: 'Asked; done at {at}.', password: 'Password' },
    prove: { title: 'Type your password once more', why: 'To keep your account safe.', go: 'Go on' },
  },
})
