"""The words of messages, in Chinese and English, made from the codes a message holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from liangzheng.accounts import FACE_REASON_TEXTS, FaceReason
from liangzheng.licences import REASON_TEXTS, REFUSAL_TEXTS, PhotoReason, Refusal
from liangzheng.messages.model import Kind, Text

_SEE_THE_APP = "您的驾驶证记录有新消息，请在应用中查看。"

_PLAIN = {
    Kind.APPLICATION_ACCEPTED: Text(
        "您的电子驾驶证申领已受理。", "Your application for the electronic licence has been accepted."
    ),
    Kind.LICENCE_ISSUED: Text(
        "您的电子驾驶证已签发，可在应用中出示。",
        "Your electronic licence has been issued; you can show it in the app.",
    ),
    Kind.LICENCE_REISSUED: Text(
        "您的驾驶证信息有变更，电子驾驶证已自动换发，旧版失效。",
        "Your licence details changed: the electronic licence was made anew by itself, and the old one is void.",
    ),
    Kind.PHOTO_REPLACED: Text(
        "您的电子驾驶证照片已更换，旧版失效。",
        "The photo of your electronic licence was replaced, and the old version is void.",
    ),
    Kind.LICENCE_WITHDRAWN: Text(
        "您的电子驾驶证已收回，不再显示。如有疑问，请联系发证地车辆管理所。",
        "Your electronic licence was withdrawn and is no longer shown. Please contact the issuing office with questions.",
    ),
    Kind.PHOTO_REVIEW_LATE: Text(
        "您的照片审核已超过承诺时限，已督办；有结果将立即通知您。",
        "The review of your photo is past its promised day and was escalated; you will hear as soon as it is decided.",
    ),
    Kind.LOOKED_UP: Text(
        "有工作人员凭案件编号按号码查询了您的驾驶证记录，可在“谁看过”中查看单位和用途。",
        "An officer looked your licence record up by number, for a case; see the unit and the purpose in “who looked”.",
        sms=_SEE_THE_APP,
    ),
    Kind.RECORD_SHOWN: Text(
        "运营人员查看了您的驾驶证记录，可在“谁看过”中查看。",
        "The operator looked at your licence record; see “who looked”.",
        sms=_SEE_THE_APP,
    ),
    Kind.LICENCE_RETAINED: Text(
        "您的驾驶证已被当场扣留，须经另一名民警确认，逾期未确认即解除。有异议请联系办案单位。",
        "Your licence was retained on the spot. Another officer must confirm it, or it is lifted. Contact the unit of the case "
        "with objections.",
        sms=_SEE_THE_APP,
    ),
    Kind.LICENCE_SUSPENDED: Text(
        "经双人审批，您的驾驶证已被暂扣，期间不得驾驶。有异议请联系办案单位。",
        "Your licence was suspended, decided by two officers; you may not drive meanwhile. Contact the unit of the case with "
        "objections.",
        sms=_SEE_THE_APP,
    ),
    Kind.LICENCE_RESTORED: Text(
        "经双人审批，对您驾驶证的限制已解除，请在应用中刷新查看。",
        "A restriction of your licence was lifted, decided by two officers. Refresh the app to see it.",
        sms=_SEE_THE_APP,
    ),
    Kind.RECORD_CORRECTED: Text(
        "您的驾驶证登记信息已更正，请在应用中查看。",
        "The register's record of your licence was corrected; see it in the app.",
        sms=_SEE_THE_APP,
    ),
    Kind.ADDRESS_CHANGED: Text(
        "登记机关变更了您驾驶证记录中的住址。如有不符，请在应用中申请更正。",
        "The register changed the address in your licence record. If it is wrong, ask in the app for its correction.",
        sms=_SEE_THE_APP,
    ),
    Kind.PHONE_KEY_BOUND: Text(
        "一部手机已绑定到您的账号，可出示电子驾驶证。非本人操作请立即在应用中解除并重设密码。",
        "A phone was bound to your account and can show the licence. If it was not you, end it in the app and reset the password.",
    ),
    Kind.PHONE_KEY_ENDED: Text(
        "一部手机已与您的账号解除绑定。", "A phone is no longer bound to your account."
    ),
    Kind.PASSKEY_ADDED: Text(
        "您的账号新增了通行密钥。非本人操作请立即删除并重设密码。",
        "A passkey was added to your account. If it was not you, remove it and reset the password.",
    ),
    Kind.PASSKEY_REMOVED: Text("您的账号删除了一个通行密钥。", "A passkey was removed from your account."),
    Kind.PASSWORD_RESET: Text(
        "您的账号密码已重设，所有登录已退出。非本人操作请联系车辆管理所。",
        "The password of your account was reset and every login ended. If it was not you, contact a vehicle office.",
    ),
    Kind.MOBILE_CHANGE_ASKED: Text(
        "有人申请更换您账号的手机号，等待期后生效。非本人操作：请在应用中停止，或用发至原手机号的停止码停止。",
        "Somebody asked to change the mobile of your account; it happens after a holding time. Not you? Stop it in the app, or "
        "by the stop word sent to the present mobile.",
    ),
    Kind.MOBILE_CHANGE_STOPPED: Text("更换手机号的申请已停止。", "The change of mobile was stopped."),
    Kind.MOBILE_CHANGE_DONE: Text(
        "您账号的手机号已更换为本号码。", "Your account is now reached under this mobile."
    ),
    Kind.MOBILE_CHANGE_FAILED: Text(
        "更换手机号未能完成：新号码不可用，手机号保持不变。",
        "The change of mobile could not be done: the new one cannot be used. Your mobile stays as it is.",
    ),
    Kind.CLOSING_ASKED: Text(
        "有人申请注销您的账号，等待期后生效。非本人操作：请立即在应用中停止，或用发至手机的停止码停止。",
        "Somebody asked to close your account; it happens after a holding time. Not you? Stop it in the app, or by the stop "
        "word sent to your mobile.",
    ),
    Kind.CLOSING_STOPPED: Text("注销账号的申请已停止。", "The closing of your account was stopped."),
    Kind.FACE_REVIEW_LATE: Text(
        "您的实人认证复核已超过承诺时限，已督办；也可到车辆管理所窗口核验。",
        "The review of your face check is past its promised day and was escalated; you may also go to a counter.",
    ),
    Kind.FACE_REVIEW_ENDED: Text(
        "您的实人认证未能在保存期内复核，图像已删除；请重新认证，或到车辆管理所窗口核验。",
        "Nobody reviewed your face check while its pictures were kept; they are deleted. Make a new one, or go to a counter.",
    ),
    Kind.FACE_APPROVED: Text(
        "您的实人认证已通过人工复核，图像已删除；请在有效期内继续办理。",
        "A person reviewed your face check and it passed; its pictures are deleted. Go on in the app while it is usable.",
    ),
    Kind.CORRECTION_ANSWERED: Text(
        "您的更正申请已有答复，请在应用中查看。", "Your request to correct was answered; see it in the app."
    ),
}

_COLUMNS = {
    "points": Text("累积记分", "points"),
    "status": Text("驾驶证状态", "status"),
    "classes": Text("准驾车型", "classes"),
    "valid_until": Text("有效期", "validity"),
    "extended_until": Text("延期期限", "extension"),
    "issuing_authority": Text("发证机关", "issuing authority"),
}


def sms_words(kind: Kind, detail: Mapping[str, Any]) -> str:
    """What goes by text message, in Chinese. No name, number or status and no company: others see a locked screen."""
    text = words(kind, detail)
    return text.sms or text.zh


def words(kind: Kind, detail: Mapping[str, Any], company: str | None = None) -> Text:
    """What the holder reads in the app; nobody's name or number. `company`: the name of the one in the detail, where the
    reader has it."""
    match kind:
        case Kind.APPLICATION_REFUSED:
            reason = REFUSAL_TEXTS[Refusal(detail["refusal"])]
            why = [REASON_TEXTS[PhotoReason(code)] for code in detail.get("reasons", ())]
            if why:
                return Text(
                    f"您的照片未通过审核：{''.join(text.zh for text in why)}可重新提交。",
                    f"Your photo was refused: {' '.join(text.en for text in why)} You can submit another one.",
                )
            return Text(
                f"您的电子驾驶证申领未通过：{reason.zh}", f"Your application was refused: {reason.en}"
            )
        case Kind.PHOTO_UNDER_REVIEW:
            by = detail["due_day"]
            if detail.get("provisional"):  # the year's holidays are not announced: no day is promised
                return Text(
                    "您的照片正在审核，将在一个工作日内答复。",
                    "Your photo is under review; you will hear within one working day.",
                )
            return Text(
                f"您的照片正在审核，将在{by}前（含当日）答复。",
                f"Your photo is under review; you will hear by the end of {by}.",
            )
        case Kind.FACE_UNDER_REVIEW | Kind.FACE_REFUSED:
            return _of_face(kind, detail)
        case Kind.STANDING_CHANGED:
            changed = [_COLUMNS[column] for column in detail["changed"]]
            return Text(
                f"您的驾驶证信息有变更：{'、'.join(text.zh for text in changed)}。请在应用中刷新查看。",
                f"Your licence record changed: {', '.join(text.en for text in changed)}. Refresh the app to see it.",
            )
        case Kind.LICENCE_EXPIRING:
            return Text(
                f"您的驾驶证有效期至{detail['valid_until']}，请在期满前九十日内办理换证。",
                f"Your driving licence is valid until {detail['valid_until']}. Please renew it before it ends.",
            )
        case Kind.LOOKED_AT:
            return Text(
                f"{detail['day']}，您的电子驾驶证被核验{detail['count']}次，可在“谁看过”中查看。",
                f"Your licence was verified {detail['count']} time(s) on {detail['day']}; see who looked in the app.",
            )
        case Kind.COMPANY_ANSWERED | Kind.CONSENT_GIVEN | Kind.CONSENT_WITHDRAWN:
            return _of_company(kind, detail, company)
        case Kind.RETENTION_ENDED:
            if detail["how"] == "confirmed":
                return Text(
                    "对您驾驶证的当场扣留已由另一名民警确认。有异议请联系办案单位。",
                    "The retention of your licence was confirmed by another officer. Contact the unit of the case with "
                    "objections.",
                    sms=_SEE_THE_APP,
                )
            return Text(
                "对您驾驶证的当场扣留未获确认，已解除，请在应用中刷新查看。",
                "The retention of your licence was not confirmed and is lifted. Refresh the app to see it.",
                sms=_SEE_THE_APP,
            )
        case _:
            return _PLAIN[kind]


def stop_words(word: str) -> Text:
    """What follows in the text message about something that waits."""
    return Text(f"停止码：{word}。", f" Stop word: {word}.")


def _of_face(kind: Kind, detail: Mapping[str, Any]) -> Text:
    if kind is Kind.FACE_REFUSED:
        why = [FACE_REASON_TEXTS[FaceReason(code)] for code in detail["reasons"]]
        return Text(
            f"您的实人认证未通过人工复核：{''.join(text.zh for text in why)}可重新认证，或到车辆管理所窗口核验。",
            f"A person reviewed your face check and it did not pass: {' '.join(text.en for text in why)} Make a new one, or go to "
            "a counter.",
        )
    if detail.get("provisional"):  # the year's holidays are not announced: no day is promised
        return Text(
            "您的实人认证正在人工复核，将在一个工作日内答复。",
            "A person reviews your face check; you will hear within one working day.",
        )
    return Text(
        f"您的实人认证正在人工复核，将在{detail['due_day']}前（含当日）答复。",
        f"A person reviews your face check; you will hear by the end of {detail['due_day']}.",
    )


def _of_company(kind: Kind, detail: Mapping[str, Any], company: str | None) -> Text:
    whose, who = (f"“{company}”", company) if company else ("一家用证单位", "a company")
    if kind is Kind.COMPANY_ANSWERED:
        return Text(
            f"{detail['day']}，{whose}依据您的同意获得答复{detail['count']}次，可在“谁看过”中查看。",
            f"On {detail['day']}, {who} was answered {detail['count']} time(s) about you, as you had agreed; see who looked.",
            sms=_SEE_THE_APP,
        )
    if kind is Kind.CONSENT_GIVEN:
        if not detail["standing"]:
            return Text(
                f"您已同意{whose}本次查询。非本人操作请立即解除手机绑定并重设密码。",
                f"You agreed to one question of {who}. If it was not you, unbind the phone and reset the password.",
                sms=_SEE_THE_APP,
            )
        return Text(
            f"您已授权{whose}持续核查，可随时在“持续授权”中撤回。非本人操作请立即撤回并重设密码。",
            f"You gave {who} a consent that lasts; withdraw it at any time. If it was not you, withdraw it and reset the "
            "password.",
            sms=_SEE_THE_APP,
        )
    return Text(
        f"您已撤回对{whose}的授权，即时生效。",
        f"You withdrew your consent to {who}; it covers nothing from now on.",
        sms=_SEE_THE_APP,
    )
