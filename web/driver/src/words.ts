import { speak } from '@shared/words'

/** Every word of the driver's app. Names of people are never translated. */
export const words = speak({
  'zh-CN': {
    app: '电子驾驶证',
    home: { show: '亮证', code: '亮码', none: '您还没有电子驾驶证', apply: '申领电子驾驶证', log_in: '登录', log_out: '退出登录', register: '注册' },
    log_in: { title: '登录', mobile: '手机号', password: '密码', go: '登录', wrong: '手机号或密码不对。连续五次错误需等待。', to_register: '还没有账号？注册' },
    register: {
      title: '注册', name: '姓名', number: '证件号码', mobile: '手机号', password: '密码', code: '短信验证码', send: '获取验证码', go: '注册',
      sent: '验证码已发送。', why: '姓名和证件号码只用来与驾驶人库核对。', to_log_in: '已有账号？登录',
    },
    apply: {
      title: '申领电子驾驶证', step: '第 {n} 步，共 4 步',
      confirm: '确认信息', photo: '照片', face: '实人认证', result: '结果', next: '下一步', archived: '使用档案照片',
      agree: '我已阅读并同意人脸信息处理规则', face_go: '开始实人认证', done: '已受理', see: '查看进度', phone_label: '本机',
      refused: '未受理：{reason}',
    },
    face: {
      title: '实人认证', hold: '请正对镜头', 'turn:left': '请慢慢向左转头', 'turn:right': '请慢慢向右转头', blink: '请眨眼', progress: '第 {n} 个动作，共 {of} 个',
      manual: '换人工审核', denied: '没有摄像头权限。请在浏览器设置中允许使用摄像头，或选择人工审核。', missing: '没有找到摄像头。请换一部手机，或选择人工审核。',
      failed: '未通过，请在光线充足处重试，或选择人工审核。', simulated: '演示环境：未真正比对人脸', checking: '正在核验…',
    },
    progress: { title: '办事进度', accepted: '已受理', issued: '已发证', under_review: '照片审核中，{day} 前有结果', refused: '未通过', submitted: '已提交', drafted: '制证中', withdrawn: '已撤回' },
    licence: {
      title: '电子驾驶证', front: '正页', back: '副页', number: '证号', name: '姓名', sex: '性别', male: '男', female: '女', nationality: '国籍', birth: '出生日期',
      first: '初次领证日期', classes: '准驾车型', valid: '有效期限', long_term: '长期', points: '累积记分', status: '状态', core: '证芯编号', address: '住址',
      authority: '发证机关', file: '档案编号', record: '记录', now: '当前时间', made: '生成时间', reveal: '显示完整证号', hide: '隐藏证号', status_at: '状态更新于 {at}',
      status_old: '状态已超过 24 小时未更新，请联网', none: '本机没有电子驾驶证',
    },
    code: { title: '亮码', next: '{n} 秒后自动换新码', digits: '显示数字码', brightness: '请调高屏幕亮度', offline_ok: '无网络也可使用', none: '本机没有可用的密钥，请重新绑定' },
  },
  en: {
    app: 'Driving licence',
    home: { show: 'Licence', code: 'Live code', none: 'You have no electronic licence yet', apply: 'Apply for one', log_in: 'Log in', log_out: 'Log out', register: 'Register' },
    log_in: { title: 'Log in', mobile: 'Mobile number', password: 'Password', go: 'Log in', wrong: 'Mobile number or password is not right. After five failures you have to wait.', to_register: 'No account yet? Register' },
    register: {
      title: 'Register', name: 'Name', number: 'Identity number', mobile: 'Mobile number', password: 'Password', code: 'Code by text message', send: 'Send me a code', go: 'Register',
      sent: 'The code is on its way.', why: 'Name and number are only compared with the driver register.', to_log_in: 'Have an account? Log in',
    },
    apply: {
      title: 'Apply for a licence', step: 'Step {n} of 4',
      confirm: 'Your data', photo: 'Photo', face: 'Face check', result: 'Result', next: 'Next', archived: 'Use the photo on file',
      agree: 'I have read and agree to how face data are processed', face_go: 'Start the face check', done: 'Accepted', see: 'See its progress', phone_label: 'This phone',
      refused: 'Not accepted: {reason}',
    },
    face: {
      title: 'Face check', hold: 'Look straight at the camera', 'turn:left': 'Slowly turn your head to the left', 'turn:right': 'Slowly turn your head to the right', blink: 'Blink', progress: 'Movement {n} of {of}',
      manual: 'Have a person look instead', denied: 'The camera is not allowed. Allow it in the settings of your browser, or have a person look.', missing: 'No camera was found. Use another phone, or have a person look.',
      failed: 'It did not pass. Try again in good light, or have a person look.', simulated: 'Demonstration: no face was compared', checking: 'Checking…',
    },
    progress: { title: 'Progress', accepted: 'Accepted', issued: 'Issued', under_review: 'Photo under review; decided by {day}', refused: 'Refused', submitted: 'Submitted', drafted: 'Being made', withdrawn: 'Withdrawn' },
    licence: {
      title: 'Driving licence', front: 'Front', back: 'Back', number: 'Number', name: 'Name', sex: 'Sex', male: 'Male', female: 'Female', nationality: 'Nationality', birth: 'Date of birth',
      first: 'First issued', classes: 'Classes', valid: 'Valid', long_term: 'long-term', points: 'Points', status: 'Status', core: 'Card-core number', address: 'Address',
      authority: 'Issuing authority', file: 'File number', record: 'Record', now: 'Time now', made: 'Made at', reveal: 'Show the whole number', hide: 'Hide the number', status_at: 'Status of {at}',
      status_old: 'The status is older than 24 hours: connect to a network', none: 'There is no licence on this phone',
    },
    code: { title: 'Live code', next: 'New code in {n} s', digits: 'Show digits', brightness: 'Turn the brightness up', offline_ok: 'Works without a network', none: 'This phone has no key; bind it again' },
  },
})
