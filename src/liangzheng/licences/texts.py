"""What an applicant is told, in Chinese and English: one entry for every refusal, no more and no fewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from liangzheng.licences.rules import Refusal


@dataclass(frozen=True, slots=True)
class Text:
    """One message in both languages. Says what to do next where there is something to do."""

    zh: str
    en: str


REFUSAL_TEXTS: Mapping[Refusal, Text] = MappingProxyType(
    {
        Refusal.REAL_NAME_TOO_LOW: Text(
            "请先完成实名认证和人脸核验，再申领电子驾驶证。",
            "Please finish real-name verification with a face check before applying.",
        ),
        Refusal.NOT_IN_REGISTER: Text(
            "没有查到您名下的机动车驾驶证。如有疑问，请联系发证地车辆管理所。",
            "No driving licence was found under your name. If you hold one, please contact the issuing "
            "office.",
        ),
        Refusal.FACE_NOT_VERIFIED: Text(
            "本次实人认证未通过、已过期或已使用，请重新进行实人认证。",
            "The face check for this application did not pass, has expired or was already used. Please do "
            "it again.",
        ),
        Refusal.PHONE_KEY_NOT_BOUND: Text(
            "这部手机尚未绑定，请先绑定手机再申领。",
            "This phone is not bound to your account. Please bind it first.",
        ),
        Refusal.NOT_OPEN_HERE_YET: Text(
            "您的驾驶证核发地尚未启用电子驾驶证，请在启用后申领。",
            "Electronic licences are not open yet in the place that issued your licence.",
        ),
        Refusal.OPENING_NOT_PUBLISHED: Text(
            "您的驾驶证核发地的启用日期尚未公布，请留意当地公告。",
            "The opening day of the place that issued your licence has not been published. Please watch for "
            "its notice.",
        ),
        Refusal.TRANSFERRED_OUT: Text(
            "您的驾驶证已转出，请在转入地办理完成后申领。",
            "Your licence is being transferred to another office. Please apply when the new office has "
            "taken it over.",
        ),
        Refusal.LICENCE_ENDED: Text(
            "您的驾驶证已被注销、吊销或撤销，不能申领。",
            "Your licence was cancelled, revoked or rescinded; an electronic licence cannot be issued.",
        ),
        Refusal.STATUS_ABNORMAL: Text(
            "您的驾驶证状态异常，请联系发证地车辆管理所。",
            "The status of your licence is abnormal. Please contact the issuing office.",
        ),
        Refusal.NOT_USABLE_NOW: Text(
            "您的驾驶证目前不能使用，恢复正常后可以申领。",
            "Your licence may not be used at present. You can apply when its status is normal again.",
        ),
        Refusal.EXTENSION_OVER: Text(
            "您的延期已到期，请先办理换证、体检或审验。",
            "Your extension has ended. Please renew, or complete the medical or the review, first.",
        ),
        Refusal.NOT_YET_VALID: Text(
            "您的驾驶证有效期尚未开始。",
            "The validity of your licence has not begun yet.",
        ),
        Refusal.VALIDITY_OVER: Text(
            "您的驾驶证已超过有效期，请先换证。",
            "Your licence is past its validity. Please renew it first.",
        ),
        Refusal.NO_CLASS_HELD: Text(
            "您的驾驶证上没有准驾车型，请联系发证地车辆管理所。",
            "Your licence carries no driving class. Please contact the issuing office.",
        ),
        Refusal.NO_PHOTO_ON_FILE: Text(
            "没有留存照片，暂时不能使用留存照片申领，请到车辆管理所采集照片。",
            "There is no photo on file. Please have one taken at a vehicle management office.",
        ),
        Refusal.APPLICATION_UNDER_WAY: Text(
            "您已有一份申领正在办理。",
            "You already have an application under way.",
        ),
        Refusal.ALREADY_HELD: Text(
            "您已持有电子驾驶证，无需再次申领；其他手机请使用“添加手机”。",
            "You already hold an electronic licence. To use it on another phone, add the phone instead.",
        ),
        Refusal.PHONES_FULL: Text(
            "您的电子驾驶证已在三部手机上使用，请先解除其中一部。",
            "Your electronic licence is on three phones already. Please remove one of them first.",
        ),
    }
)
