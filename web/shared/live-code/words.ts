/** An answer in words a person at the kerb understands: Chinese and English, with an icon; colour never stands alone. The
 * same sentences as online (showing/words.py; a test compares them). */
import type {Because, Reason, Tone} from './rules.ts';
import {LETTERS} from './status.ts';
import type {Outcome, Step} from './verdict.ts';

/** The same sentence twice. */
export interface Words {
  readonly zh: string;
  readonly en: string;
}

const words = (zh: string, en: string): Words => ({zh, en});

export const ICONS: Readonly<Record<Tone, string>> = {green: '✓', amber: '!', red: '✗'};

export const OUTCOMES: Readonly<Record<Outcome, Words>> = {
  unreadable: words('无法识读', 'Not readable'),
  forged: words('伪造或发证方不明', 'Forged, or of an unknown issuer'),
  clock_ahead: words('对方手机时钟偏快', "The holder's clock is ahead"),
  too_old: words('亮码已过期', 'The code is too old'),
  already_shown: words('此码已出示过', 'This code was already shown'),
  may_not_drive: words('证件真实，但不得驾驶', 'Genuine, but may not drive'),
  not_in_force: words('证件真实，但已失效或未生效', 'Genuine, but not in force'),
  status_superseded: words(
    '证件真实，但出示的状态不是最新的',
    'Genuine, but the status shown is not the newest',
  ),
  not_permitted: words('不允许这样查验', 'This check is not permitted'),
  status_not_checked: words('证件真实，状态未核验', 'Genuine, status not checked'),
  valid: words('有效', 'Valid'),
};

export const REASONS: Readonly<Record<Because, Words>> = {
  not_decoded: words('不是完整的亮码', 'this is not a whole live code'),
  unknown_issuer: words('签发方不在信任名单内', 'the issuer is not on the trust list'),
  issuer_signature: words('签发方签名不符', "the issuer's signature does not hold"),
  against_the_format: words('已签名，但内容不合格式规定', 'signed, but against the rules of the format'),
  not_issued: words(
    '签名相符，但签发记录中没有此证，请立即上报',
    'signed, but never issued: report it at once',
  ),
  device_signature: words('不是由绑定的手机出示', 'not shown by the phone it is bound to'),
  snapshot_forged: words('状态快照不符', 'the status snapshot does not hold'),
  clock_ahead: words(
    '请对方校准手机时间后重新亮码',
    "ask the holder to set the phone's clock and show again",
  ),
  too_old: words(
    '可能是截图；请对方当面重新亮码',
    'it may be a screenshot; ask the holder to show a new code',
  ),
  already_shown: words('请对方当面重新亮码，并核对人脸', 'ask for a new code and compare the face'),
  status: words('驾驶证状态不允许驾驶', "the licence's status forbids driving"),
  not_in_force: words(
    '电子证或驾驶证不在有效期内，请对方联网更新',
    'the electronic licence or its validity has run out: ask the holder to go online',
  ),
  not_yet_valid: words('未到有效期起始日', 'the validity has not begun'),
  validity_ended: words('已过有效期', 'the validity has ended'),
  credential_superseded: words(
    '已签发新版本，请对方联网更新',
    'a newer version was issued: ask the holder to go online',
  ),
  credential_ended: words(
    '此手机已解除绑定，请对方用当前手机亮码',
    'this phone was unbound: ask for the phone in use now',
  ),
  licence_withdrawn: words('电子驾驶证已收回', 'the electronic licence was withdrawn'),
  class_not_held: words('准驾车型不符', 'the licence does not allow this class'),
  status_superseded: words('本机见过更新的状态，请联网核验', 'a newer status was seen before: verify online'),
  register_behind: words(
    '登记库恢复后尚未更新，暂不能核验状态',
    'the register is behind, as after a restore: the status cannot be told',
  ),
  no_snapshot: words('码内没有状态快照，请联网核验', 'the code carries no status: verify online'),
  snapshot_expired: words('状态快照已过期，请联网核验', 'the status in the code has expired: verify online'),
  snapshot_aged: words('状态快照超过一天', 'the status is more than a day old'),
  trust_aged: words('信任名单较旧，请更新', 'the trust list is old: fetch a new one'),
};

export const STEP_WORDS: Readonly<Record<Step, string>> = {
  decodes: '解码',
  'trusted issuer': '签发方可信',
  'issuer signature': '签发方签名',
  'in force': '在有效期内',
  'device signature': '手机签名',
  fresh: '当时生成',
  'first showing': '首次出示',
  snapshot: '状态快照',
  class: '准驾车型',
  purpose: '查验用途',
};

/** The reason's sentence; a status letter is named by the register's word. */
export function ofReason({because, letter}: Reason): Words {
  const name = letter === null ? undefined : LETTERS[letter];
  return name ? words(`状态：${name.zh}，不得驾驶`, `status: ${name.en}, may not drive`) : REASONS[because];
}
