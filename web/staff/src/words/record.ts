import { identityKindWords } from '@shared/identity'

/** Words of a register record, wherever it is shown. */
export const record = {
  'zh-CN': {
    record: {
      title: '登记信息', name: '姓名', identity: '证件号码', sex: '性别', sex_male: '男', sex_female: '女', birth: '出生日期', nationality: '国籍', china: '中国（CHN）', file_number: '档案编号', first_issue: '初次领证', classes: '准驾车型', valid: '有效期', long_term: '长期', status: '状态', points: '累积记分',
      authority: '发证机关', address: '住址', driver: '驾驶人编号', version: '登记版本', shown: '持证人会在“谁看过我的驾驶证”中看到这次查询。', suspend: '提出暂扣', restore: '提出恢复', correct: '提出更正', no_portrait: '按号码查询不显示照片。',
    },
    field: { name: '姓名', sex: '性别（1 男，2 女）', nationality: '国籍（三字母代码，如 CHN）', resident_address: '住址', address_division: '住址区划（六位代码）', hearing_aid_condition: '须佩戴助听设备（0 或 1）', notes: '备注', accumulated_points: '累积记分' },
    identity_kind: identityKindWords['zh-CN'],
  },
  en: {
    record: {
      title: 'Register record', name: 'Name', identity: 'Identity number', sex: 'Sex', sex_male: 'male', sex_female: 'female', birth: 'Born', nationality: 'Nationality', china: 'China (CHN)', file_number: 'File number', first_issue: 'First issued', classes: 'Classes', valid: 'Valid', long_term: 'long-term', status: 'Status', points: 'Points',
      authority: 'Issuing authority', address: 'Address', driver: 'Driver', version: 'Record version', shown: 'The holder reads of this look in “who looked at my licence”.', suspend: 'Propose suspension', restore: 'Propose restoration', correct: 'Propose a correction', no_portrait: 'A look-up by number shows no portrait.',
    },
    field: { name: 'Name', sex: 'Sex (1 male, 2 female)', nationality: 'Nationality (three letters, such as CHN)', resident_address: 'Address', address_division: 'Division of the address (six digits)', hearing_aid_condition: 'Must wear a hearing aid (0 or 1)', notes: 'Notes', accumulated_points: 'Points' },
    identity_kind: identityKindWords.en,
  },
}
