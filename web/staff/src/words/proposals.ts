/** Words of everything that needs a second person. */
export const proposals = {
  'zh-CN': {
    proposal: {
      why: '暂扣、恢复、更正、密钥、开放城市和职责都由两人办理：一人提出，另一人复核。扣留当场生效，24 小时内无人确认即自动解除。', empty: { proposed: '没有等待复核的事项。您或同事提出的事项会出现在这里，到复核期限为止。', approved: '没有已同意而等待执行的事项。', done: '还没有执行过的事项。', refused: '没有被否决的事项。', withdrawn: '没有被撤回的事项。', expired: '没有过期的事项。' }, state: '状态', kind: '事项', reason: '原因', by: '提出人', proposed: '提出时间', expires: '复核期限', driver: '驾驶人编号', new: '提出新事项', open: '查看',
      about: '驾驶人', now: '现登记', letters: '状态 {status}', mine: '我提出的', others: '待我复核', colleague: '同事', one: '审批事项', what: '具体内容', nothing_more: '没有附加内容。', before: '更正前', after: '更正后', field: '项目', events: '经过', decided_by: '复核人', decided: '复核时间',
      agree: '同意并执行', refuse: '否决', take_back: '撤回', agree_retain: '确认扣留', refuse_retain: '不确认，解除扣留',
      agree_ask: '确认“{kind}”？同意后立即执行，持证人会收到通知。', refuse_ask: '否决“{kind}”？', take_back_ask: '撤回“{kind}”？撤回后须重新提出。', done: '已记录：{state}。',
      own: '这是您提出的，请由另一位同事复核。', stale: '内容已有变化，已重新读取，请看后再决定。', hand_over: '领取登记码', code: '登记码（只显示这一次，请当面交给本人）',
    },
    event: { proposed: '提出', agreed: '同意', turned_down: '否决', taken_back: '撤回', ran_out: '超过期限', carried_out: '执行', system: '系统' },
    what: { staff: '人员', duty: '职责', region: '区域', from_day: '开始日期', until_day: '结束日期', letters: '恢复的状态', record_version: '登记版本', verification: '核验编号', role: '密钥用途', roles: { document: '签发证件', status: '签发状态', audit: '签发审计' }, province: '省份', kid: '密钥编号', measure: '措施', wave: '批次', places: '城市', opens_on: '开放日期', none: '不限' },
    propose: {
      title: '提出新事项', kind: '事项', reason: '原因', driver: '驾驶人编号', driver_hint: '先在“驾驶人查询”中查到此人，编号会自动带入。', look_up: '去查询驾驶人', about: '关于 {name}（{driver}）', letters: '要恢复的状态', letter_D: 'D 暂扣', letter_U: 'U 扣留',
      fields: '更正后的内容（只填要改的项目）', now: '现为：{value}', need_record: '更正前请先查询此人的登记信息。', staff: '人员编号（stf_…）', staff_hint: '在“人员与职责”中选定此人，编号会自动带入。', members: '去人员与职责', duty: '职责', region: '区域（选择或输入名称对应的区划代码；全国填 nationwide）', from: '开始日期', until: '结束日期', go: '提出', done: '已提出，等待另一人复核。', ask: '提出“{kind}”？将由另一位同事复核后执行。',
    },
    rule: { 'already-suspended': '该证已处于暂扣状态。', 'not-in-status': '该证没有这个状态，无需恢复。', 'not-approved': '尚未同意，或已过期、已使用。' },
    place: { what: '填写的内容不符，请核对每一项。', fields: '更正内容须与登记不同，并至少填一项。', name: '姓名格式不符。', sex: '性别填 1 或 2。', nationality: '国籍填三个大写字母，如 CHN。', resident_address: '住址格式不符。', address_division: '住址区划填六位代码。', accumulated_points: '记分填 0 至 999 的整数。', hearing_aid_condition: '助听设备填 0 或 1。', notes: '备注格式不符。' },
  },
  en: {
    proposal: {
      why: 'Suspension, restoration, correction, keys, cities and duties are two people’s: one proposes, another decides. A retention holds at once, and is lifted after 24 hours unless somebody confirms it.', empty: { proposed: 'Nothing waits for a second person. What you or a colleague propose is here until it must be decided.', approved: 'Nothing is agreed and still to be carried out.', done: 'Nothing was carried out yet.', refused: 'Nothing was refused.', withdrawn: 'Nothing was taken back.', expired: 'Nothing ran out.' }, state: 'State', kind: 'What', reason: 'Why', by: 'Proposed by', proposed: 'Proposed', expires: 'Decide by', driver: 'Driver’s id', new: 'Propose something', open: 'Open',
      about: 'About', now: 'On record now', letters: 'status {status}', mine: 'mine', others: 'for me to decide', colleague: 'a colleague', one: 'Proposal', what: 'What it holds', nothing_more: 'Nothing else.', before: 'Before', after: 'After', field: 'Field', events: 'What happened', decided_by: 'Decided by', decided: 'Decided',
      agree: 'Agree and carry out', refuse: 'Refuse', take_back: 'Take back', agree_retain: 'Confirm the retention', refuse_retain: 'Do not confirm: lift it',
      agree_ask: 'Agree to “{kind}”? It is carried out at once, and the holder is told.', refuse_ask: 'Refuse “{kind}”?', take_back_ask: 'Take “{kind}” back? It has to be proposed anew then.', done: 'Recorded: {state}.',
      own: 'You proposed this: a colleague decides it.', stale: 'This has changed and was read again; look before you decide.', hand_over: 'Take the enrolment code', code: 'Enrolment code (shown this once; hand it over in person)',
    },
    event: { proposed: 'Proposed', agreed: 'Agreed', turned_down: 'Refused', taken_back: 'Taken back', ran_out: 'Ran out', carried_out: 'Carried out', system: 'the system' },
    what: { staff: 'Member', duty: 'Duty', region: 'Region', from_day: 'From', until_day: 'Until', letters: 'Status restored', record_version: 'Record version', verification: 'Verification', role: 'Key for', roles: { document: 'licences', status: 'status', audit: 'the audit record' }, province: 'Province', kid: 'Key', measure: 'Measure', wave: 'Wave', places: 'Cities', opens_on: 'Opens on', none: 'none' },
    propose: {
      title: 'Propose something', kind: 'What', reason: 'Why', driver: 'Driver’s id', driver_hint: 'Look the driver up first: the id is taken over.', look_up: 'Look a driver up', about: 'About {name} ({driver})', letters: 'Status to restore', letter_D: 'D suspended', letter_U: 'U retained',
      fields: 'As it should be (only what changes)', now: 'now: {value}', need_record: 'Look the record up before you correct it.', staff: 'Member’s id (stf_…)', staff_hint: 'Choose the member under “People and duties”: the id is taken over.', members: 'To people and duties', duty: 'Duty', region: 'Region (choose one, or type 2, 4 or 6 digits of a division; nationwide for everywhere)', from: 'From', until: 'Until', go: 'Propose', done: 'Proposed; another person decides.', ask: 'Propose “{kind}”? A colleague decides, and it is carried out then.',
    },
    rule: { 'already-suspended': 'The licence is suspended already.', 'not-in-status': 'The licence has no such status to restore.', 'not-approved': 'It is not approved, has run out, or was used.' },
    place: { what: 'Something in it does not fit; check each field.', fields: 'At least one field, and different from the record.', name: 'This name does not fit.', sex: 'Sex is 1 or 2.', nationality: 'Three capitals, such as CHN.', resident_address: 'This address does not fit.', address_division: 'Six digits of a division.', accumulated_points: 'A whole number of 0 to 999.', hearing_aid_condition: '0 or 1.', notes: 'These notes do not fit.' },
  },
}
