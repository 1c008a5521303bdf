import { alsoSay } from '@shared/words'

alsoSay({
  'zh-CN': {
    apply: {
      title: '申领电子驾驶证', step: '第 {n} 步，共 4 步：{name}', confirm: '确认信息', photo: '照片', face: '实人认证', result: '结果', next: '下一步', back_step: '上一步',
      mine: '是我本人，信息无误', why: '这些信息从哪里来', confirm_why: '这些信息来自驾驶人库。如有错误，请在“我的 → 我的数据”中申请更正。', not_found: '驾驶人库中没有查到您：请核对姓名和证件号码，或到车辆管理所。', look_again: '重新查找',
      agree: '我已阅读并同意人脸信息处理规则', read: '阅读规则全文', agree_review: '（可选）机器没有把握时，同意由工作人员查看照片', read_review: '阅读人工复核规则', no_agree: '不同意也可以申领：请选择“换人工审核”，到窗口由工作人员核对。', saved: '进度已保存，可以随时回来继续。',
      twice: '共两次认证：第 1 次绑定这部手机，第 2 次用于申领。', first_of: '第 1 次，共 2 次：绑定这部手机', second_of: '第 2 次，共 2 次：用于申领', sending: '正在提交…',
      done: '已受理', reviewing: '照片审核中', review_by: '{day} 前（含当日）有结果', see: '查看进度', phone_label: '手机 {day}', refused: '未受理：{reason}', again: '重新申领', to_photo: '换一张照片', bound: '这部手机已绑定。',
    },
    photo: {
      which: '用哪张照片？', archived: '留存照片', archived_why: '用驾驶人库中的照片，最快，马上发证。', camera: '现在拍摄', camera_why: '白色背景、免冠、正脸，一个工作日内审核。', album: '从相册选择', album_why: '六个月内拍摄的白底证件照，一个工作日内审核。',
      shoot: '拍摄', open_camera: '打开摄像头', again: '重拍', choose: '选择照片', other: '换一张', taken_on: '拍摄日期', taken_why: '须为最近六个月内。', preview: '照片预览',
      denied: '没有摄像头权限：请在浏览器设置中允许使用摄像头，或从相册选择。', missing: '没有找到摄像头：请从相册选择。', busy: '摄像头正被其他应用使用：请关闭它后重试。', not_picture: '这个文件不是可读的照片：请选择 JPEG 或 PNG 照片。', none: '没有选择照片：请再选一张，或使用留存照片。',
      working: '正在处理照片…', checks: '照片检查', fix: '请先改正打 ✘ 的项目。', sending: '正在上传照片…', faults: '照片没有通过：', doubts: '审核人员会留意：', kept_until: '照片已上传，可用至 {at}。',
      pixels: { good: '清晰度够', bad: '像素太低：至少宽260、高378' }, size: { good: '文件大小合适', bad: '文件太小或太大：请换一张' }, ground: { good: '白色背景', doubt: '背景不够白：建议换到白墙前', bad: '背景不是白色：请站在白墙前' },
      light: { good: '亮度合适', doubt: '太暗或太亮：请换到光线均匀处' }, colour: { good: '彩色照片', doubt: '几乎没有颜色：请用彩色照片' },
      replace: '更换照片', replace_go: '提交新照片', replace_from: '{day} 起可以更换照片。', replace_now: '现在可以更换照片；新照片一个工作日内审核。', no_licence: '您还没有电子驾驶证，请先申领。', present: '现在的照片：{source}', agree_first: '更换照片需要实人认证。',
      sources: { archived: '留存照片', camera: '拍摄', album: '相册' },
    },
    face: {
      title: '实人认证', hold: '请正对镜头', 'turn:left': '请慢慢向左转头', 'turn:right': '请慢慢向右转头', blink: '请眨眨眼', progress: '第 {n} 个动作，共 {of} 个', go: '开始实人认证', light: '请在光线充足处，取下帽子和墨镜。',
      manual: '换人工审核', denied: '没有摄像头权限。请在浏览器地址栏的锁形图标中允许使用摄像头，再重试；或选择人工审核。', missing: '没有找到摄像头。请换一部手机，或选择人工审核。', busy: '摄像头正被其他应用使用。请关闭它后重试，或选择人工审核。',
      failed: '未通过，请在光线充足处重试，或选择人工审核。', retake: '画面不清楚：请在光线充足处、正对镜头重拍。', review: '机器没有把握，需人工审核，有结果后会在这里继续。', review_by: '{day} 前（含当日）有结果。', voided: '这次认证已失效，请重新开始。', simulated: '演示环境：未真正比对人脸', checking: '正在核验…', cancelled: '已离开本页，认证中断。请重新开始。',
      counter: '人工审核', counter_where: '请带身份证到任一车辆管理所或交警大队窗口，说“电子驾驶证人工审核”。工作人员扫描下面的二维码并核对后，本页会自动继续。', qr: '给窗口扫描的二维码', passed: '认证已通过。', send_again: '重新提交', person: '人员编号', check: '认证编号', waiting: '等待工作人员核对…', again: '改用摄像头', camera_slow: '摄像头没有反应，请重试，或选择人工审核。',
    },
    progress: {
      title: '办事进度', accepted: '已受理', issued: '已发证', under_review: '照片审核中', refused: '未通过', submitted: '已提交', drafted: '制证中', withdrawn: '已撤回', facts_held: '信息核对通过', facts_failed: '信息核对未通过',
      promise: '承诺在 {day} 前（含当日）有结果', provisional: '（节假日安排公布后可能调整）', withdraw: '撤回申请', withdraw_sure: '撤回后需要重新申领，确定撤回吗？', resubmit: '换照片重新申领', reasons: '未通过原因', show: '亮证', slow: '网络不稳定，正在重试…',
      origin: { holder: '申领', reissue: '自动换发', photo: '更换照片' }, photo_is_new: '照片送审', photo_approved: '照片审核通过', facts_changed: '登记信息已变更', withdrew: '已撤回', signed: '已签发', draft_recorded: '已制证', signing_abandoned: '重新制证', photo_refused: '照片未通过',
    },
    bind: {
      title: '绑定本机', why: '电子驾驶证只在绑定的手机上亮码，最多三部。重新绑定后，原来的密钥作废。', keys: '已绑定的手机', none: '还没有绑定的手机。', since: '{day} 绑定', used: '最近使用 {day}', as_new: '作为新手机添加', instead: '替换“{label}”', choose: '这部手机：', full: '已有三部手机，请选择要替换的一部。',
      label: '给这部手机起个名字', go: '下一步：实人认证', done: '已绑定，电子驾驶证正在送达本机…', ready: '电子驾驶证已在本机。', show: '亮证', already: '这部手机已绑定。', put: '把电子驾驶证放到本机', full_licence: '电子驾驶证已在三部手机上，请先在“登录设备与手机”中解除一部。',
    },
    services: { title: '办事', none: '还没有办过业务。', apply: '申领电子驾驶证', photo: '更换照片', bind: '绑定本机', scan: '扫一扫', consent: '单位核验授权', correction: '申请更正信息', list: '办理记录' },
  },
  en: {
    apply: {
      title: 'Apply for a licence', step: 'Step {n} of 4: {name}', confirm: 'Your data', photo: 'Photo', face: 'Face check', result: 'Result', next: 'Next', back_step: 'Back',
      mine: 'That is me, and it is right', why: 'Where these come from', confirm_why: 'These come from the driver register. If something is wrong, ask for a correction under “Me → My data”.', not_found: 'The register does not know you: check name and number, or go to a vehicle office.', look_again: 'Look again',
      agree: 'I have read and agree to how face data are processed', read: 'Read the whole text', agree_review: '(Optional) where the machine is not sure, staff may look at the pictures', read_review: 'Read how pictures are looked at', no_agree: 'You can apply without agreeing: choose “Have a person look”, at a counter.', saved: 'Your progress is saved; come back whenever you like.',
      twice: 'Two checks: the first binds this phone, the second is for the application.', first_of: 'Check 1 of 2: bind this phone', second_of: 'Check 2 of 2: for the application', sending: 'Sending…',
      done: 'Accepted', reviewing: 'The photo is under review', review_by: 'decided by {day}', see: 'See its progress', phone_label: 'Phone {day}', refused: 'Not accepted: {reason}', again: 'Apply again', to_photo: 'Another photo', bound: 'This phone is bound.',
    },
    photo: {
      which: 'Which photo?', archived: 'The photo on file', archived_why: 'From the driver register: quickest, issued at once.', camera: 'Take one now', camera_why: 'White ground, no hat, face to the front; reviewed within a working day.', album: 'From the album', album_why: 'A passport photo on white of the last six months; reviewed within a working day.',
      shoot: 'Take the photo', open_camera: 'Open the camera', again: 'Take another', choose: 'Choose a photo', other: 'Another one', taken_on: 'Taken on', taken_why: 'Within the last six months.', preview: 'Preview',
      denied: 'The camera is not allowed: allow it in the settings of the browser, or choose from the album.', missing: 'No camera was found: choose from the album.', busy: 'Another app uses the camera: close it and try again.', not_picture: 'This file cannot be read as a photo: choose a JPEG or PNG.', none: 'No photo was chosen: choose one, or use the photo on file.',
      working: 'Preparing the photo…', checks: 'Checks', fix: 'Put right what is marked ✘ first.', sending: 'Sending the photo…', faults: 'The photo does not do:', doubts: 'The reviewer will look at:', kept_until: 'The photo was sent; it can be used until {at}.',
      pixels: { good: 'Sharp enough', bad: 'Too few pixels: at least 260 wide and 378 high' }, size: { good: 'Good file size', bad: 'The file is too small or too large: take another' }, ground: { good: 'White ground', doubt: 'The ground is not quite white: stand before a white wall', bad: 'The ground is not white: stand before a white wall' },
      light: { good: 'Good light', doubt: 'Too dark or too bright: find even light' }, colour: { good: 'In colour', doubt: 'Hardly any colour: use a colour photo' },
      replace: 'New photo', replace_go: 'Send the new photo', replace_from: 'The photo can be replaced from {day}.', replace_now: 'You can replace the photo now; it is reviewed within a working day.', no_licence: 'You have no electronic licence yet: apply first.', present: 'The photo now: {source}', agree_first: 'A face check comes with it.',
      sources: { archived: 'on file', camera: 'camera', album: 'album' },
    },
    face: {
      title: 'Face check', hold: 'Look straight at the camera', 'turn:left': 'Slowly turn your head to the left', 'turn:right': 'Slowly turn your head to the right', blink: 'Blink', progress: 'Movement {n} of {of}', go: 'Start the face check', light: 'Find good light; take off hat and sunglasses.',
      manual: 'Have a person look', denied: 'The camera is not allowed. Allow it at the lock beside the address and try again, or have a person look.', missing: 'No camera was found. Use another phone, or have a person look.', busy: 'Another app uses the camera. Close it and try again, or have a person look.',
      failed: 'It did not pass. Try again in good light, or have a person look.', retake: 'The pictures are not clear: try again in good light, facing the camera.', review: 'The machine is not sure: a person has to look, and this page goes on then.', review_by: 'Decided by {day}.', voided: 'This check is over: start again.', simulated: 'Demonstration: no face was compared', checking: 'Checking…', cancelled: 'You left the page and the check stopped. Start again.',
      counter: 'A person looks', counter_where: 'Go to the counter of any vehicle office or traffic police unit with your identity card and say “electronic licence, manual check”. The staff scan the code below and look; this page goes on by itself then.', qr: 'Code for the counter', passed: 'The check passed.', send_again: 'Send again', person: 'Person', check: 'Check', waiting: 'Waiting for the counter…', again: 'Use the camera instead', camera_slow: 'The camera does not answer: try again, or have a person look.',
    },
    progress: {
      title: 'Progress', accepted: 'Accepted', issued: 'Issued', under_review: 'Photo under review', refused: 'Refused', submitted: 'Submitted', drafted: 'Being made', withdrawn: 'Withdrawn', facts_held: 'Data checked', facts_failed: 'Data did not hold',
      promise: 'Promised by {day}', provisional: '(may move when holidays are announced)', withdraw: 'Withdraw', withdraw_sure: 'You would have to apply again. Withdraw it?', resubmit: 'Apply again with another photo', reasons: 'Why it was refused', show: 'Show the licence', slow: 'The network is unsteady; trying again…',
      origin: { holder: 'Application', reissue: 'Re-issued by itself', photo: 'New photo' }, photo_is_new: 'Photo sent to review', photo_approved: 'Photo approved', facts_changed: 'The record changed', withdrew: 'Withdrawn', signed: 'Signed', draft_recorded: 'Made', signing_abandoned: 'Made anew', photo_refused: 'Photo refused',
    },
    bind: {
      title: 'Bind this phone', why: 'Codes are shown on bound phones only, three at most. Binding again ends the key before.', keys: 'Bound phones', none: 'No phone is bound yet.', since: 'bound on {day}', used: 'last used {day}', as_new: 'Add as another phone', instead: 'In place of “{label}”', choose: 'This phone:', full: 'There are three phones: choose one to replace.',
      label: 'A name for this phone', go: 'Next: face check', done: 'Bound; the licence is on its way to this phone…', ready: 'The licence is on this phone.', show: 'Show the licence', already: 'This phone is bound.', put: 'Put the licence on this phone', full_licence: 'The licence is on three phones already: remove one under “Logins and phones” first.',
    },
    services: { title: 'Services', none: 'Nothing was asked for yet.', apply: 'Apply for a licence', photo: 'New photo', bind: 'Bind this phone', scan: 'Scan', consent: 'A company asks', correction: 'Ask for a correction', list: 'Applications' },
  },
})
