"""What a photo for a licence must be, what a reviewer looks for, and when a photo may be replaced. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from liangzheng.kernel.time import months_after

WIDTH, HEIGHT = 260, 378
"""Pixels of a kept photo (docs/reference.md §1.4)."""

TAKEN_WITHIN_MONTHS = 6
"""A photo shows its holder as of at most six months ago (docs/reference.md §1.4, §4.2)."""

REPLACE_AFTER_MONTHS = 6
"""After a camera, album or replaced photo the next replacement waits (docs/reference.md §4.2)."""


class PhotoSource(StrEnum):
    """Where a licence's photo is from: the register's archive, or the holder's camera or album."""

    ARCHIVED = "archived"
    CAMERA = "camera"
    ALBUM = "album"


class PhotoFault(StrEnum):
    """Why a picture is not taken, in the order the holder hears of it."""

    TOO_FEW_OCTETS = "too_few_octets"
    TOO_MANY_OCTETS = "too_many_octets"
    NOT_A_PICTURE = "not_a_picture"
    TOO_FEW_PIXELS = "too_few_pixels"
    WRONG_SHAPE = "wrong_shape"
    NOT_IN_COLOUR = "not_in_colour"
    GROUND_NOT_WHITE = "ground_not_white"
    NOT_ONE_FACE = "not_one_face"
    NOT_FRONTAL = "not_frontal"
    TAKEN_TOO_LONG_AGO = "taken_too_long_ago"
    TAKEN_TOMORROW = "taken_tomorrow"
    REFUSED_BEFORE = "refused_before"


class PhotoDoubt(StrEnum):
    """What a reviewer is asked to look at in particular: measured, and not enough to turn a picture away."""

    GROUND_UNEVEN = "ground_uneven"
    PALE = "pale"
    DARK = "dark"
    BRIGHT = "bright"
    BLURRED = "blurred"
    FACE_NOT_CHECKED = "face_not_checked"
    AGE_UNKNOWN = "age_unknown"
    NOT_TAKEN_NOW = "not_taken_now"
    DATES_DIFFER = "dates_differ"


class PhotoReason(StrEnum):
    """Why a reviewer refuses a photo: the catalogue. What the holder hears is its text, and nothing typed freely."""

    NOT_THE_HOLDER = "not_the_holder"
    NO_OR_SEVERAL_FACES = "no_or_several_faces"
    NOT_FACING_FRONT = "not_facing_front"
    FACE_COVERED = "face_covered"
    HEAD_COVERED = "head_covered"
    HEAD_SIZE = "head_size"
    GLASSES = "glasses"
    UNIFORM = "uniform"
    BACKGROUND = "background"
    NOT_COLOUR = "not_colour"
    UNSHARP_OR_LIGHT = "unsharp_or_light"
    RETOUCHED = "retouched"
    PICTURE_OF_A_PICTURE = "picture_of_a_picture"
    TOO_OLD = "too_old"


@dataclass(frozen=True, slots=True)
class Faces:
    """What an engine found in a picture. `frontal` is None when it cannot say."""

    count: int
    frontal: bool | None


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What was measured in a picture and said about it; pixels as sent, upright.

    `white_permille`: near-white pixels of 1,000 along the upper edges. `brightness` 0–255 and `sharpness` (variance
    of the Laplacian) of the middle; `colour` mean spread of the channels. `faces` None: no engine looked.
    `refused_before`: a reviewer refused these very pixels.
    """

    source: PhotoSource
    octets: int
    readable: bool
    width: int = 0
    height: int = 0
    three_channels: bool = True
    colour: int = 0
    white_permille: int = 0
    brightness: int = 0
    sharpness: int = 0
    faces: Faces | None = None
    declared_day: date | None = None
    embedded_day: date | None = None
    refused_before: bool = False


@dataclass(frozen=True, slots=True)
class PhotoPolicy:
    """Limits of a picture. Source: docs/reference.md §1.4 (shape, colour, white ground; upload sizes are of low
    reliability and therefore settings). The shares and bounds are our choice."""

    least_octets: int = 10 * 1024
    most_octets: int = 1024 * 1024
    shape_permille: int = 30
    """How far width ÷ height may be from 260 ÷ 378."""
    white_least_permille: int = 350
    white_good_permille: int = 850
    pale_below: int = 6
    dark_below: int = 60
    bright_above: int = 240
    blurred_below: int = 30


@dataclass(frozen=True, slots=True)
class Usable:
    """The picture may be used for an application; the reviewer sees the doubts."""

    doubts: tuple[PhotoDoubt, ...]


@dataclass(frozen=True, slots=True)
class NotUsable:
    """The picture is not taken: every fault, in order."""

    faults: tuple[PhotoFault, ...]


def decide_photo(facts: PhotoFacts, policy: PhotoPolicy, on: date) -> Usable | NotUsable:
    """Whether a holder's picture is kept for an application, and what its reviewer is to look at.

    Source: docs/reference.md §1.4 (size, colour, frontal, white ground, taken within six months), §4.2 no. 3.
    """
    faults = _faults(facts, policy, on)
    return NotUsable(faults) if faults else Usable(_doubts(facts, policy, on))


def _faults(facts: PhotoFacts, policy: PhotoPolicy, on: date) -> tuple[PhotoFault, ...]:
    if facts.octets < policy.least_octets:
        return (PhotoFault.TOO_FEW_OCTETS,)
    if facts.octets > policy.most_octets:
        return (PhotoFault.TOO_MANY_OCTETS,)
    if not facts.readable:
        return (PhotoFault.NOT_A_PICTURE,)
    found = {
        PhotoFault.TOO_FEW_PIXELS: facts.width < WIDTH or facts.height < HEIGHT,
        PhotoFault.WRONG_SHAPE: _is_misshapen(facts, policy),
        PhotoFault.NOT_IN_COLOUR: not facts.three_channels,
        PhotoFault.GROUND_NOT_WHITE: facts.white_permille < policy.white_least_permille,
        PhotoFault.NOT_ONE_FACE: facts.faces is not None and facts.faces.count != 1,
        PhotoFault.NOT_FRONTAL: facts.faces is not None
        and facts.faces.count == 1
        and facts.faces.frontal is False,
        PhotoFault.TAKEN_TOO_LONG_AGO: _is_too_old(facts, on),
        PhotoFault.TAKEN_TOMORROW: facts.declared_day is not None and facts.declared_day > on,
        PhotoFault.REFUSED_BEFORE: facts.refused_before,
    }
    return tuple(fault for fault, holds in found.items() if holds)


def _is_misshapen(facts: PhotoFacts, policy: PhotoPolicy) -> bool:
    off = abs(facts.width * HEIGHT - facts.height * WIDTH)
    return off * 1000 > policy.shape_permille * facts.height * WIDTH


def _is_too_old(facts: PhotoFacts, on: date) -> bool:
    """The older of the days counts: a file that says it is old is not made younger by saying otherwise."""
    days = [day for day in (facts.declared_day, facts.embedded_day) if day is not None]
    return bool(days) and months_after(min(days), TAKEN_WITHIN_MONTHS) < on


def _doubts(facts: PhotoFacts, policy: PhotoPolicy, on: date) -> tuple[PhotoDoubt, ...]:
    days = (facts.declared_day, facts.embedded_day)
    # A clock that was never set says a day to come, or one long gone; which it was, the reviewer sees.
    known = [day for day in days if day is not None and day <= on]
    just_now = facts.embedded_day is None or abs((on - facts.embedded_day).days) <= 1
    found = {
        PhotoDoubt.GROUND_UNEVEN: facts.white_permille < policy.white_good_permille,
        PhotoDoubt.PALE: facts.colour < policy.pale_below,
        PhotoDoubt.DARK: facts.brightness < policy.dark_below,
        PhotoDoubt.BRIGHT: facts.brightness > policy.bright_above,
        PhotoDoubt.BLURRED: facts.sharpness < policy.blurred_below,
        PhotoDoubt.FACE_NOT_CHECKED: facts.faces is None or facts.faces.frontal is None,
        PhotoDoubt.AGE_UNKNOWN: facts.source is PhotoSource.ALBUM and not known,
        PhotoDoubt.NOT_TAKEN_NOW: facts.source is PhotoSource.CAMERA and not just_now,
        PhotoDoubt.DATES_DIFFER: None not in days and days[0] != days[1],
    }
    return tuple(doubt for doubt, holds in found.items() if holds)


def replaceable_from(last_new_photo: date | None) -> date | None:
    """The first day a held licence's photo may be replaced; None: at once.

    `last_new_photo`: when the newest version with a camera, album or replaced photo was issued. Source:
    docs/reference.md §4.2.
    """
    return None if last_new_photo is None else months_after(last_new_photo, REPLACE_AFTER_MONTHS)
