"""What a holder reads of a refused face check, in Chinese and English."""

from __future__ import annotations

from typing import NamedTuple

from liangzheng.accounts.model import FaceReason


class FaceText(NamedTuple):
    """The same sentence twice."""

    zh: str
    en: str


FACE_REASON_TEXTS = {
    FaceReason.ANOTHER_PERSON: FaceText(
        "与留存照片不是同一人。", "The face is not the one of the archived photo.",
    ),
    FaceReason.NOT_RECOGNISABLE: FaceText(
        "画面过暗、过亮或模糊，无法辨认。", "Too dark, too bright or too blurred to recognise the face.",
    ),
    FaceReason.FACE_COVERED: FaceText(
        "面部被遮挡。", "The face is covered.",
    ),
    FaceReason.NOT_LIVE: FaceText(
        "不是本人当面拍摄，如翻拍照片或屏幕。", "Not taken of a person, but of a photo or a screen.",
    ),
    FaceReason.ARCHIVED_PHOTO_UNFIT: FaceText(
        "留存照片无法比对，请到车辆管理所窗口核验。",
        "The archived photo cannot be compared with: please go to the counter of a vehicle office.",
    ),
}  # fmt: skip
assert set(FACE_REASON_TEXTS) == set(FaceReason)
