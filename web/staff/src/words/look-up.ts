export const lookUp = {
  'zh-CN': {
    look_up: {
      why: '只能为正在办理的案件查询。每次查询都会记录，持证人能看到单位和用途，并会被抽查。', purpose: '用途', budget: '这项职责今天还可查询 {left} 次，共 {of} 次。', by: '按什么查询', identity: '证件号码', file: '档案编号', kind: '证件类型', go: '查询',
    },
    purpose: {
      'roadside-check': '路面检查', 'accident-at-scene': '事故现场处理', 'violation-handling': '违法处理', 'accident-handling': '事故处理', complaint: '复议或投诉', 'licence-business': '驾驶证业务', 'register-correction': '登记更正',
      'look-up-review': '查询抽查', incident: '安全事件', 'regular-audit': '定期审计', casework: '案件办理', 'identity-at-counter': '窗口核验', unknown: '不明',
    },
  },
  en: {
    look_up: {
      why: 'Only for a case you are working on. Every look-up is recorded, the holder reads the unit and the purpose, and some are reviewed.', purpose: 'Purpose', budget: '{left} of {of} look-ups of this duty are left today.', by: 'By', identity: 'Identity number', file: 'File number', kind: 'Kind of document', go: 'Look up',
    },
    purpose: {
      'roadside-check': 'roadside check', 'accident-at-scene': 'accident at the scene', 'violation-handling': 'violation', 'accident-handling': 'accident', complaint: 'complaint', 'licence-business': 'licence business', 'register-correction': 'register correction',
      'look-up-review': 'look-up review', incident: 'security incident', 'regular-audit': 'regular audit', casework: 'casework', 'identity-at-counter': 'identity at a counter', unknown: 'unknown',
    },
  },
}
