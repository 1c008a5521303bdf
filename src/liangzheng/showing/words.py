"""An answer in words a person at the kerb understands: Chinese and English, with an icon; colour never
stands alone."""

from __future__ import annotations

from typing import NamedTuple

from liangzheng.kernel.status import StatusLetter
from liangzheng.showing.model import Because, Decision, Reason, Tone
from liangzheng.standards.livecode import Outcome, Step


class Words(NamedTuple):
    """The same sentence twice."""

    zh: str
    en: str


ICONS = {Tone.GREEN: "✓", Tone.AMBER: "!", Tone.RED: "✗"}

OUTCOMES: dict[Outcome, Words] = {
    Outcome.UNREADABLE: Words("无法识读", "Not readable"),
    Outcome.FORGED: Words("伪造或发证方不明", "Forged, or of an unknown issuer"),
    Outcome.CLOCK_AHEAD: Words("对方手机时钟偏快", "The holder's clock is ahead"),
    Outcome.TOO_OLD: Words("亮码已过期", "The code is too old"),
    Outcome.ALREADY_SHOWN: Words("此码已出示过", "This code was already shown"),
    Outcome.MAY_NOT_DRIVE: Words("证件真实，但不得驾驶", "Genuine, but may not drive"),
    Outcome.NOT_IN_FORCE: Words("证件真实，但已失效或未生效", "Genuine, but not in force"),
    Outcome.STATUS_SUPERSEDED: Words(
        "证件真实，但出示的状态不是最新的", "Genuine, but the status shown is not the newest"
    ),
    Outcome.NOT_PERMITTED: Words("不允许这样查验", "This check is not permitted"),
    Outcome.STATUS_NOT_CHECKED: Words("证件真实，状态未核验", "Genuine, status not checked"),
    Outcome.VALID: Words("有效", "Valid"),
}

REASONS: dict[Because, Words] = {
    Because.NOT_DECODED: Words("不是完整的亮码", "this is not a whole live code"),
    Because.UNKNOWN_ISSUER: Words("签发方不在信任名单内", "the issuer is not on the trust list"),
    Because.ISSUER_SIGNATURE: Words("签发方签名不符", "the issuer's signature does not hold"),
    Because.AGAINST_THE_FORMAT: Words(
        "已签名，但内容不合格式规定", "signed, but against the rules of the format"
    ),
    Because.NOT_ISSUED: Words(
        "签名相符，但签发记录中没有此证，请立即上报", "signed, but never issued: report it at once"
    ),
    Because.DEVICE_SIGNATURE: Words("不是由绑定的手机出示", "not shown by the phone it is bound to"),
    Because.SNAPSHOT_FORGED: Words("状态快照不符", "the status snapshot does not hold"),
    Because.CLOCK_AHEAD: Words(
        "请对方校准手机时间后重新亮码", "ask the holder to set the phone's clock and show again"
    ),
    Because.TOO_OLD: Words(
        "可能是截图；请对方当面重新亮码", "it may be a screenshot; ask the holder to show a new code"
    ),
    Because.ALREADY_SHOWN: Words("请对方当面重新亮码，并核对人脸", "ask for a new code and compare the face"),
    Because.STATUS: Words("驾驶证状态不允许驾驶", "the licence's status forbids driving"),
    Because.NOT_IN_FORCE: Words(
        "电子证或驾驶证不在有效期内，请对方联网更新",
        "the electronic licence or its validity has run out: ask the holder to go online",
    ),
    Because.NOT_YET_VALID: Words("未到有效期起始日", "the validity has not begun"),
    Because.VALIDITY_ENDED: Words("已过有效期", "the validity has ended"),
    Because.CREDENTIAL_SUPERSEDED: Words(
        "已签发新版本，请对方联网更新", "a newer version was issued: ask the holder to go online"
    ),
    Because.CREDENTIAL_ENDED: Words(
        "此手机已解除绑定，请对方用当前手机亮码", "this phone was unbound: ask for the phone in use now"
    ),
    Because.LICENCE_WITHDRAWN: Words("电子驾驶证已收回", "the electronic licence was withdrawn"),
    Because.CLASS_NOT_HELD: Words("准驾车型不符", "the licence does not allow this class"),
    Because.STATUS_SUPERSEDED: Words(
        "本机见过更新的状态，请联网核验", "a newer status was seen before: verify online"
    ),
    Because.REGISTER_BEHIND: Words(
        "登记库恢复后尚未更新，暂不能核验状态",
        "the register is behind, as after a restore: the status cannot be told",
    ),
    Because.NO_SNAPSHOT: Words("码内没有状态快照，请联网核验", "the code carries no status: verify online"),
    Because.SNAPSHOT_EXPIRED: Words(
        "状态快照已过期，请联网核验", "the status in the code has expired: verify online"
    ),
    Because.SNAPSHOT_AGED: Words("状态快照超过一天", "the status is more than a day old"),
    Because.TRUST_AGED: Words("信任名单较旧，请更新", "the trust list is old: fetch a new one"),
}

STEPS: dict[Step, str] = {
    Step.DECODES: "解码",
    Step.TRUSTED_ISSUER: "签发方可信",
    Step.ISSUER_SIGNATURE: "签发方签名",
    Step.IN_FORCE: "在有效期内",
    Step.DEVICE_SIGNATURE: "手机签名",
    Step.FRESH: "当时生成",
    Step.FIRST_SHOWING: "首次出示",
    Step.SNAPSHOT: "状态快照",
    Step.CLASS: "准驾车型",
    Step.PURPOSE: "查验用途",
}

STATUS: dict[StatusLetter, Words] = {
    letter: Words(letter.shown_as, letter.identifier.replace("_", " ")) for letter in StatusLetter
}


def of_reason(reason: Reason) -> Words:
    """The reason's sentence; a status letter is named by the register's word."""
    words = REASONS[reason.because]
    if reason.letter is None:
        return words
    name = STATUS[reason.letter]
    return Words(f"状态：{name.zh}，不得驾驶", f"status: {name.en}, may not drive")


def headline(decision: Decision) -> tuple[str, Words]:
    """Icon and word of the whole answer."""
    return ICONS[decision.tone], OUTCOMES[decision.outcome]
