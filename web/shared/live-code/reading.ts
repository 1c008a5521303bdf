/** What a camera or a keyboard handed over: a 亮码, or something that is not one and says so plainly. Nothing is ever opened
 * or fetched.
 */
import {NotVerifiedStep} from './verdict.ts';
import {MAX_CHARACTERS, PREFIX} from './verifier.ts';

/** What was read instead of a code; what the person who scans is told hangs on it. */
export type Misread = 'nothing' | 'too long' | 'small letters' | 'other version' | 'payment code' | 'address' | 'other';

const WEB = /^(?:[a-z][a-z0-9+.-]{1,20}:\/\/|www\.)/i;
const PAYMENT = /^(?:(?:wxp|alipays?|upwrp):\/\/|(?:1[0-5]\d{16}|(?:2[5-9]|30)\d{14,22})$)/i;
const OTHER_VERSION = /^LZ\d{1,3}:/;
const RULE = `a live code begins with ${PREFIX} and is in capitals`;

const WHY: Readonly<Record<Misread, string>> = {
  nothing: 'nothing was read',
  'too long': `too long: a live code has at most ${MAX_CHARACTERS} characters`,
  'small letters': `a small letter; ${RULE}`,
  'other version': 'character 3: another version of the live code than this verifier knows; update it',
  'payment code': `character 1: a payment code; ${RULE}`,
  address: `character 1: an address, which was not opened; ${RULE}`,
  other: `character 1: ${RULE}`,
};

/** What `text` is if not a code; null when it begins like one. */
export function misreadOf(text: string): Misread | null {
  // No symbol holds so much; and taking line ends off takes the square of their number.
  if (text.length > 10 * MAX_CHARACTERS) return 'too long';
  const code = stripped(text);
  if (code.trim() === '') return 'nothing';
  if (code.length > MAX_CHARACTERS) return 'too long';
  if (code.startsWith(PREFIX)) return /[a-z]/.test(code) ? 'small letters' : null;
  if (code.toUpperCase().startsWith(PREFIX)) return 'small letters';
  if (OTHER_VERSION.test(code)) return 'other version';
  if (PAYMENT.test(code)) return 'payment code';
  return WEB.test(code) ? 'address' : 'other';
}

/** The code in what was scanned or typed, line ends taken off. Spaces at the end are kept: the alphabet of the code has a
 * space. Throws NotVerifiedStep at `decodes`, never quoting the text. */
export function codeIn(text: string): string {
  const misread = misreadOf(text);
  if (misread !== null) throw new NotVerifiedStep('decodes', WHY[misread], 'unreadable');
  return stripped(text);
}

function stripped(text: string): string {
  return text.replace(/^[\r\n\t]+|[\r\n\t]+$/g, '').replace(/^ +/, '');
}

/** The eight digits of a typed short code, spaces and hyphens taken off; null for anything else. A short code is asked about
 * online only. */
export function shortCodeIn(text: string): string | null {
  const digits = text.replace(/[\s-]/g, '');
  return /^[0-9]{8}$/.test(digits) ? digits : null;
}
