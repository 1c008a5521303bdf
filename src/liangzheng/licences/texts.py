"""What an applicant is told, in Chinese and English: one entry for every refusal, fault, doubt and reason, no more
and no fewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from liangzheng.licences.photo_rules import PhotoDoubt, PhotoFault, PhotoReason
from liangzheng.licences.rules import Refusal


@dataclass(frozen=True, slots=True)
class Text:
    """One message in both languages. Says what to do next where there is something to do."""

    zh: str
    en: str


REFUSAL_TEXTS: Mapping[Refusal, Text] = MappingProxyType(
    {
        Refusal.REAL_NAME_TOO_LOW: Text(
            "请先完成实名核验和实人认证，再申领电子驾驶证。",
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
        Refusal.PHOTO_NOT_USABLE: Text(
            "所选照片不可用：未上传、已使用、已过期或来源不符，请重新上传。",
            "The photo named cannot be used: not sent, used before, too long ago, or from elsewhere than said. "
            "Please send one again.",
        ),
        Refusal.APPLICATION_UNDER_WAY: Text(
            "您已有一份申领正在办理。",
            "You already have an application under way.",
        ),
        Refusal.ALREADY_HELD: Text(
            "您已持有电子驾驶证，无需再次申领；其他手机请使用“添加手机”。",
            "You already hold an electronic licence. To use it on another phone, add the phone instead.",
        ),
        Refusal.NOT_HELD: Text(
            "您还没有电子驾驶证，请先申领。",
            "You hold no electronic licence yet. Please apply for one first.",
        ),
        Refusal.PHOTO_TOO_SOON: Text(
            "使用拍摄、相册或更换的照片后，六个月内不能再次更换。",
            "After a camera, album or replaced photo the next replacement waits six months.",
        ),
        Refusal.PHOTO_REFUSED: Text(
            "照片未通过审核，您可以按提示重新提交。",
            "The photo did not pass the review. You can submit another one.",
        ),
        Refusal.PHONES_FULL: Text(
            "您的电子驾驶证已在三部手机上使用，请先解除其中一部。",
            "Your electronic licence is on three phones already. Please remove one of them first.",
        ),
    }
)

FAULT_TEXTS: Mapping[PhotoFault, Text] = MappingProxyType(
    {
        PhotoFault.TOO_FEW_OCTETS: Text(
            "照片文件太小，请重新拍摄或选择。",
            "The file is too small. Please take or choose another picture.",
        ),
        PhotoFault.TOO_MANY_OCTETS: Text("照片文件太大。", "The file is too large."),
        PhotoFault.NOT_A_PICTURE: Text(
            "无法读取照片，请使用JPEG或PNG格式。", "The picture cannot be read. Please send JPEG or PNG."
        ),
        PhotoFault.TOO_FEW_PIXELS: Text(
            "照片像素不足，至少宽260、高378像素。",
            "The picture has too few pixels: at least 260 wide and 378 high are needed.",
        ),
        PhotoFault.WRONG_SHAPE: Text(
            "照片比例不符，宽高比应为260比378。", "The shape is wrong: width to height must be 260 to 378."
        ),
        PhotoFault.NOT_IN_COLOUR: Text("请使用彩色照片。", "Please use a colour picture."),
        PhotoFault.GROUND_NOT_WHITE: Text(
            "照片背景不是白色，请在白色背景前拍摄。",
            "The background is not white. Please stand before a white one.",
        ),
        PhotoFault.NOT_ONE_FACE: Text(
            "照片中应有且只有一张人脸。", "The picture must show exactly one face."
        ),
        PhotoFault.NOT_FRONTAL: Text("请正面面对镜头。", "Please face the camera."),
        PhotoFault.TAKEN_TOO_LONG_AGO: Text(
            "请使用六个月以内拍摄的照片。", "Please use a picture taken within the last six months."
        ),
        PhotoFault.TAKEN_TOMORROW: Text(
            "拍摄日期不能晚于今天。", "The day of taking cannot be later than today."
        ),
        PhotoFault.REFUSED_BEFORE: Text(
            "这张照片已审核未通过，请重新拍摄或另选一张。",
            "This very picture was refused before. Please take or choose another one.",
        ),
    }
)

DOUBT_TEXTS: Mapping[PhotoDoubt, Text] = MappingProxyType(
    {
        PhotoDoubt.GROUND_UNEVEN: Text("背景白色不均匀", "background not evenly white"),
        PhotoDoubt.PALE: Text("色彩很淡", "hardly any colour"),
        PhotoDoubt.DARK: Text("偏暗", "dark"),
        PhotoDoubt.BRIGHT: Text("偏亮", "bright"),
        PhotoDoubt.BLURRED: Text("可能模糊", "may be blurred"),
        PhotoDoubt.FACE_NOT_CHECKED: Text("未经人脸检测", "no engine looked for a face"),
        PhotoDoubt.AGE_UNKNOWN: Text("拍摄日期不明", "day of taking unknown"),
        PhotoDoubt.NOT_TAKEN_NOW: Text("并非现场拍摄", "not taken just now"),
        PhotoDoubt.DATES_DIFFER: Text("申报日期与文件日期不一致", "stated day and the file's differ"),
    }
)

REASON_TEXTS: Mapping[PhotoReason, Text] = MappingProxyType(
    {
        PhotoReason.NOT_THE_HOLDER: Text(
            "照片与留存照片不是同一人。", "The photo does not show the person on the archived photo."
        ),
        PhotoReason.NO_OR_SEVERAL_FACES: Text(
            "照片中应有且只有一张人脸。", "The photo must show exactly one face."
        ),
        PhotoReason.NOT_FACING_FRONT: Text("请正面免冠拍摄。", "Please face the camera straight on."),
        PhotoReason.FACE_COVERED: Text(
            "面部有遮挡，请露出完整面部。", "Part of the face is covered. Please show all of it."
        ),
        PhotoReason.HEAD_COVERED: Text("请摘下帽子拍摄。", "Please take off your hat."),
        PhotoReason.HEAD_SIZE: Text(
            "头部过大、过小或不居中，请按取景框拍摄。",
            "The head is too large, too small or off centre. Please use the frame.",
        ),
        PhotoReason.GLASSES: Text(
            "眼镜反光或为有色镜片，请调整后拍摄。", "The glasses reflect or are tinted. Please take it again."
        ),
        PhotoReason.UNIFORM: Text("请不要穿制服拍摄。", "Please do not wear a uniform."),
        PhotoReason.BACKGROUND: Text("请在白色背景前拍摄。", "Please stand before a white background."),
        PhotoReason.NOT_COLOUR: Text("请使用彩色照片。", "Please use a colour photo."),
        PhotoReason.UNSHARP_OR_LIGHT: Text(
            "照片模糊或光线不合适，请重新拍摄。", "The photo is blurred or badly lit. Please take it again."
        ),
        PhotoReason.RETOUCHED: Text(
            "照片经过修饰，请使用未修饰的照片。", "The photo was retouched. Please use one that was not."
        ),
        PhotoReason.PICTURE_OF_A_PICTURE: Text(
            "请勿翻拍照片或使用截屏。", "Please send no picture of a picture and no screenshot."
        ),
        PhotoReason.TOO_OLD: Text(
            "请使用六个月以内拍摄的照片。", "Please use a photo taken within the last six months."
        ),
    }
)
"""The catalogue of a reviewer's refusals. Source: docs/reference.md §1.4; screenshots are not accepted (§4.4)."""
