/** Words of the two review queues. */
export const desk = {
  'zh-CN': {
    desk: {
      queue: '待审队列', work: '正在审核', late_only: '只看超期', empty: '您的区域现在没有待审核的内容。', none_late: '没有超期的内容。', nothing: '新提交的内容会出现在左侧队列；点“刷新”查看。', taken: '有人正在审核', over: '已超 {n} 小时', hours: '还剩 {n} 小时',
      sent: '{at} 提交', provisional: '截止日为暂定（节假日安排未公布）', due: '须在 {day} 前（含当日）完成', in_hand: '由您审核至 {at}', archived: '登记留存照片', no_archived: '登记中没有留存照片。', why: '驳回原因（最多五项，持证人会看到）',
      refuse_go: '驳回（{n} 项原因）', approve: '通过', refuse: '驳回…', put_back: '放回队列', take: '开始审核', recorded: '打开后会显示照片，每次查看都会记入审计记录。', approved: '已通过。', refused: '已驳回，持证人会收到原因。',
      quicker: '已有同事先处理或正在处理，队列已刷新，请选择下一条。', shortcuts: '键盘快捷键', keys: { move: '上下移动', take: '开始', approve: '通过', refuse: '驳回', put_back: '放回' },
    },
  },
  en: {
    desk: {
      queue: 'Waiting', work: 'Under review', late_only: 'Only late ones', empty: 'Nothing waits for a review in your region.', none_late: 'Nothing is late.', nothing: 'What people send appears in the queue on the left; refresh to see it.', taken: 'in somebody’s hand', over: '{n} h late', hours: '{n} h left',
      sent: 'sent {at}', provisional: 'The day is provisional: holidays are not announced yet', due: 'Due by the end of {day}', in_hand: 'yours until {at}', archived: 'Photo on file', no_archived: 'The register has no photo on file.', why: 'Why it is refused (up to five; the holder reads them)',
      refuse_go: 'Refuse ({n} reasons)', approve: 'Approve', refuse: 'Refuse…', put_back: 'Put back', take: 'Begin the review', recorded: 'The pictures are shown then; each look is in the audit record.', approved: 'Approved.', refused: 'Refused; the holder hears why.',
      quicker: 'A colleague was quicker, or has it in hand. The queue is fresh: choose the next one.', shortcuts: 'Keyboard shortcuts', keys: { move: 'move', take: 'begin', approve: 'approve', refuse: 'refuse', put_back: 'put back' },
    },
  },
}
