import { identityKindWords } from '@shared/identity'
import { alsoSay } from '@shared/words'

alsoSay({
  'zh-CN': {
    log_in: {
      title: '登录', mobile: '手机号', password: '密码', go: '登录', wrong: '手机号或密码不对。连续五次错误需等待。', to_register: '还没有账号？注册', forgot: '忘记密码',
      second: '您开启了短信验证：请输入发到手机的验证码。', passkey: '用通行密钥登录', passkey_none: '没有使用通行密钥：已取消，或这部手机上没有。请用密码登录。', passkey_wrong: '通行密钥没有通过，请用密码登录。',
      stop: '收到更换手机号的短信，但不是您本人？停止更换',
    },
    code: { label: '短信验证码', send: '获取验证码', again: '{n} 秒后可重发', sent: '验证码已发送，请查看短信。', simulated: '模拟短信', simulated_why: '演示环境：短信不发往任何手机，在这里显示。', none_yet: '还没有收到模拟短信', use: '填入 {code}' },
    register: {
      title: '注册', name: '姓名', mobile: '手机号', password: '设置密码', go: '注册',
      why: '姓名和证件号码只用来与驾驶人库核对。', to_log_in: '已有账号？登录', rule: '至少10个字符，不要用手机号、证件号或常见密码。', first: '请先获取验证码。',
      exists: '这个手机号已有账号，请登录；忘记密码可重设。',
      agree: '我已阅读并同意用户协议和隐私政策', read: '阅读全文',
    },
    identity: { kind: '证件类型', kinds: identityKindWords['zh-CN'], number: '证件号码', as_on_licence: '与驾驶证上的证号相同。', abroad: '护照、居留证件等；号码与驾驶证上的证号相同。' },
    reset: { title: '重设密码', go: '重设密码', why: '重设后，所有登录都会结束，通行密钥会被删除。', done: '密码已重设，请登录。', wrong: '资料与账号不符，请核对。', password: '新密码' },
    stop: { title: '停止更换手机号', why: '如果不是您本人在更换手机号，请用短信中的停止码在这里停止。停止后所有登录结束，需要重设密码。', word: '停止码', or: '没有停止码？用现在手机号的验证码', go: '停止更换', done: '已停止。请重设密码。', wrong: '停止码不对，或没有正在等待的更换。' },
  },
  en: {
    log_in: {
      title: 'Log in', mobile: 'Mobile number', password: 'Password', go: 'Log in', wrong: 'Mobile number or password is not right. After five failures you have to wait.', to_register: 'No account yet? Register', forgot: 'Forgot the password',
      second: 'You chose a second factor: type the code sent to your mobile.', passkey: 'Log in with a passkey', passkey_none: 'No passkey was used: cancelled, or none is on this phone. Use your password.', passkey_wrong: 'The passkey did not hold. Use your password.',
      stop: 'A message says your mobile is being changed, and it is not you? Stop it',
    },
    code: { label: 'Code by text message', send: 'Send me a code', again: 'again in {n} s', sent: 'The code is on its way.', simulated: 'Simulated messages', simulated_why: 'Demonstration: text messages reach no mobile; they are shown here.', none_yet: 'No simulated message yet', use: 'Use {code}' },
    register: {
      title: 'Register', name: 'Name', mobile: 'Mobile number', password: 'Choose a password', go: 'Register',
      why: 'Name and number are only compared with the driver register.', to_log_in: 'Have an account? Log in', rule: 'At least ten characters; not your numbers, nor a common one.', first: 'Ask for a code first.',
      exists: 'This mobile has an account: log in, or reset its password.',
      agree: 'I have read and agree to terms and privacy policy', read: 'Read them',
    },
    identity: { kind: 'Kind of document', kinds: identityKindWords.en, number: 'Identity number', as_on_licence: 'The number is the one on the driving licence.', abroad: 'A passport, a residence permit or the like; the number is the one on the driving licence.' },
    reset: { title: 'Reset the password', go: 'Reset the password', why: 'Every login ends then, and passkeys are removed.', done: 'The password was reset: log in.', wrong: 'These data are not the account’s: check them.', password: 'New password' },
    stop: { title: 'Stop the change of mobile', why: 'If it is not you who changes the mobile, stop it here. Every login ends then, and the password must be reset.', word: 'Stop word of the message', or: 'No stop word? Use a code to the present mobile', go: 'Stop it', done: 'Stopped. Reset your password now.', wrong: 'That is not the stop word, or nothing waits.' },
  },
})
