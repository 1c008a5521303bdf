import { speak } from '@shared/words'

export const words = speak({
  'zh-CN': {
    app: '电子驾驶证 · 公开数据', lead: '申领、签发与核验情况，每日更新，不含个人信息。', dark: '深色', elder: '大字版', skip: '跳到内容',
    open_cities: '已开通城市', of: '共 {n} 个', since: '开办以来', loading: '正在读取最新数据…', period: '统计区间', measure: '指标', days: '近 {n} 天',
    trend: '每日走势', provinces: '各省分布', outside: '不在统计范围', waves: '推广批次', table: '数据表', province: '省份', city: '城市', day: '日期', value: '数量',
    reason: '未受理原因', total: '合计', unplaced: '未分省', small: '不足 5', cities: '城市（按五取整）', none: '这段时间没有数据。', all: '全国', more: '，另有 {n} 处', days_table: '每日数据表',
    unknown_day: '日期未公布', opens: '已开通', planned: '将开通', method: '统计说明', updated: '更新于 {at}（北京时间）', download: '下载', again: '重试', simulated_here: '演示环境：数据来自虚构人员。',
    method_1: '每件事在发生时计入当天（北京时间）和发证机关所在省份，只计一次；不保存、不公布任何个人信息。',
    method_2: '核验数为联网核验次数，离线核验在补传后计入。同一个码重复出示只计一次。',
    method_3: '市级数据向下取整到五的倍数，不足五的不公布，防止推知个人。',
    method_5: '申领指首次领取电子驾驶证，或失效后重新领取；持证期间更换照片另计。', together: '{day} 及以前的受理申领、未受理申领含更换照片，此后分开统计。',
    method_4: '方格图只表示各省数量，不表示边界。香港、澳门、台湾不在统计范围。',
  },
  en: {
    app: 'Driving licences · public figures', lead: 'Applied for, issued and verified; updated every day, nothing about a person.', dark: 'Dark', elder: 'Large type', skip: 'Skip to content',
    open_cities: 'Cities open', of: 'of {n}', since: 'since the beginning', loading: 'Reading the latest figures…', period: 'Period', measure: 'Measure', days: 'Last {n} days',
    trend: 'By day', provinces: 'By province', outside: 'Not counted here', waves: 'Rollout', table: 'Table', province: 'Province', city: 'City', day: 'Day', value: 'Count',
    reason: 'Why not accepted', total: 'Total', unplaced: 'No province', small: 'below 5', cities: 'Cities (in fives)', none: 'Nothing was counted in this time.', all: 'Nationwide', more: '; and {n} more', days_table: 'Table by day',
    unknown_day: 'day not published', opens: 'opened', planned: 'to open', method: 'How it is counted', updated: 'Updated {at} (time of China, UTC+8)', download: 'Download', again: 'Try again', simulated_here: 'Demonstration: the figures are of people who do not exist.',
    method_1: 'What happens counts on its day in China, in the province of the issuing authority, once. Nothing about a person is kept for it or told.',
    method_2: 'Verifications are those made online; offline ones count when they are sent later. The same code shown again counts once.',
    method_3: 'Counts of cities are rounded down to fives, and below five not told, so that nobody can be inferred.',
    method_5: 'An application is for a licence somebody does not hold, the first or one after it ended; a new photo for one that is held counts apart.', together: 'Up to {day} applications accepted and refused include new photos; since then these are counted apart.',
    method_4: 'The tiles show how many, no boundary. Hong Kong, Macao and Taiwan are not counted here.',
  },
})
