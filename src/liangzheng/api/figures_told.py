"""Figures as they are told: to everybody, and to staff; as JSON, CSV and a table in HTML."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Final

from liangzheng import figures, rollout
from liangzheng.api.bodies import Answer
from liangzheng.figures import Counted, Summary
from liangzheng.infra.postgres import Connection
from liangzheng.infra.reference import Reference
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.region import PROVINCES, IssuingAuthority
from liangzheng.kernel.time import CHINA, civil_day
from liangzheng.licences.rules import Refusal
from liangzheng.rollout import Measure, Open
from liangzheng.staff import Region

if TYPE_CHECKING:
    from liangzheng.wiring import Wiring

MOST_DAYS: Final = 366
USUAL_DAYS: Final = 30

WORDS: Final = {
    Counted.APPLICATION_ACCEPTED: ("受理申领", "Applications accepted"),
    Counted.APPLICATION_REFUSED: ("未受理申领", "Applications refused"),
    Counted.REPLACEMENT_ACCEPTED: ("受理更换照片", "New photos accepted"),
    Counted.REPLACEMENT_REFUSED: ("未受理更换照片", "New photos refused"),
    Counted.LICENCE_ISSUED: ("签发电子驾驶证", "Licences issued"),
    Counted.LICENCE_REISSUED: ("换发电子驾驶证", "Licences issued anew"),
    Counted.LICENCE_WITHDRAWN: ("撤回电子驾驶证", "Licences withdrawn"),
    Counted.CODE_VERIFIED: ("联网核验", "Verifications online"),
}


REASONS: Final = {
    Refusal.REAL_NAME_TOO_LOW: ("未完成实名认证", "Real name not verified"),
    Refusal.NOT_IN_REGISTER: ("名下无驾驶证", "Not in the register"),
    Refusal.FACE_NOT_VERIFIED: ("实人认证未通过", "Face check not passed"),
    Refusal.PHONE_KEY_NOT_BOUND: ("手机未绑定", "Phone not bound"),
    Refusal.NOT_OPEN_HERE_YET: ("当地尚未开通", "Not open here yet"),
    Refusal.OPENING_NOT_PUBLISHED: ("开通日期未公布", "Opening day not published"),
    Refusal.NOT_HELD: ("未持有电子驾驶证", "No electronic licence held"),
    Refusal.TRANSFERRED_OUT: ("驾驶证已转出", "Transferred out"),
    Refusal.LICENCE_ENDED: ("驾驶证已注销或吊销", "Licence ended"),
    Refusal.STATUS_ABNORMAL: ("状态异常", "Abnormal status"),
    Refusal.NOT_USABLE_NOW: ("目前不能使用", "Not usable at present"),
    Refusal.EXTENSION_OVER: ("延期已到期", "Extension over"),
    Refusal.NOT_YET_VALID: ("有效期未开始", "Not yet valid"),
    Refusal.VALIDITY_OVER: ("超过有效期", "Validity over"),
    Refusal.NO_CLASS_HELD: ("无准驾车型", "No class held"),
    Refusal.NO_PHOTO_ON_FILE: ("无留存照片", "No photo on file"),
    Refusal.PHOTO_NOT_USABLE: ("照片不可用", "Photo not usable"),
    Refusal.APPLICATION_UNDER_WAY: ("已有申领在办", "Application under way"),
    Refusal.ALREADY_HELD: ("已持有", "Already held"),
    Refusal.PHOTO_TOO_SOON: ("更换照片未满六个月", "Photo replaced too recently"),
    Refusal.PHOTO_REFUSED: ("照片审核未通过", "Photo refused"),
    Refusal.PHONES_FULL: ("手机数量已满", "Too many phones"),
}
"""In a few words, for whom it does not concern; what the applicant reads is in licences/texts.py."""


class DayFigure(Answer):
    """A measure on a civil day in China, everywhere."""

    measure: str
    day: date
    value: int


class PlaceFigure(Answer):
    """A measure in a province or city over all the days asked about. `en`: the name in English, null where the reference has
    none. `value` null: of a city, and fewer than told."""

    measure: str
    code: str
    name: str
    en: str | None
    value: int | None


class ReasonFigure(Answer):
    """A measure by the reason of refusals over all the days asked about."""

    measure: str
    reason: str
    zh: str
    en: str
    value: int


class TotalFigure(Answer):
    """A measure since the beginning, and what it is called."""

    measure: str
    zh: str
    en: str
    value: int


class FiguresAnswer(Answer):
    """What was counted from `first_day` to `last_day`, both of them days in China; `totals` is since the beginning.

    A code of a province has six digits, empty where none is known. `cities_open` of `cities` have the electronic licence open
    today. For everybody a city's count is in fives, rounded down, and below five it is not told. `together_until`: up to this
    day new photos for a licence that is held were counted among the applications; null: never here.
    """

    first_day: date
    last_day: date
    made_at: datetime
    totals: list[TotalFigure]
    days: list[DayFigure]
    provinces: list[PlaceFigure]
    cities: list[PlaceFigure]
    reasons: list[ReasonFigure]
    cities_open: int
    cities_known: int
    together_until: date | None


async def told(
    wiring: Wiring, first: date | None, last: date | None, measure: str | None, exact_in: Region | None = None
) -> FiguresAnswer:
    """The figures of some days; `exact_in`: where small counts of cities are told as they are. Raises Invalid."""
    now = wiring.clock.now()
    until = last or civil_day(now)
    since = first or until - timedelta(days=USUAL_DAYS - 1)
    if not 0 <= (until - since).days < MOST_DAYS:
        raise Invalid("from", f"not after `to`, and at most {MOST_DAYS} days in all")
    if measure is not None and measure not in set(Counted):
        raise Invalid("measure", "one of " + ", ".join(Counted))
    asked = [Counted(measure)] if measure is not None else list(Counted)
    async with wiring.database.read() as tx:
        found = await figures.summary(tx, since, until, asked)
        opened, known = await cities_open(tx, wiring.reference, civil_day(now))
    return FiguresAnswer(
        first_day=since, last_day=until, made_at=now,
        totals=[
            TotalFigure(measure=each.value, zh=WORDS[each][0], en=WORDS[each][1], value=found.totals.get(each, 0))
            for each in asked
        ],
        days=[DayFigure(measure=each.value, day=day, value=value) for each, day, value in found.days],
        provinces=[
            PlaceFigure(
                measure=each.value, code=code and code + "0000", name=PROVINCES[code].name if code else "",
                en=PROVINCES[code].english if code else None, value=value,
            )
            for each, code, value in found.provinces
        ],
        cities=list(_cities(wiring.reference, found, exact_in)),
        reasons=list(_reasons(found)),
        cities_open=opened, cities_known=known, together_until=found.together_until,
    )  # fmt: skip


def _cities(reference: Reference, found: Summary, exact_in: Region | None) -> Iterable[PlaceFigure]:
    for each, code, value in found.cities:
        name = reference.divisions.name_of(code) or code
        exact = exact_in is not None and exact_in.covers(code)
        shown = value if exact else figures.told_to_everybody(value)
        # A municipality is both: a province by its code, and the unit that acts at prefecture level.
        en = PROVINCES[code[:2]].english if code.endswith("0000") else None
        yield PlaceFigure(measure=each.value, code=code, name=name, en=en, value=shown)


def _reasons(found: Summary) -> Iterable[ReasonFigure]:
    for each, reason, value in found.reasons:
        # A reason of an older version may be in the record still.
        zh, en = REASONS[Refusal(reason)] if reason in set(Refusal) else (reason, reason)
        yield ReasonFigure(measure=each.value, reason=reason, zh=zh, en=en, value=value)


async def cities_open(tx: Connection, reference: Reference, day: date) -> tuple[int, int]:
    """In how many units at prefecture level the electronic licence is open on a day, and how many issue licences."""
    calendar = await rollout.calendar(tx)
    cities: dict[str, IssuingAuthority] = {}
    for authority in reference.authorities:
        unit = reference.authorities.prefecture_of(authority.code)
        if unit is not None:
            cities.setdefault(unit.code, authority)
    opened = sum(
        isinstance(rollout.decide_opening(calendar, Measure.E_LICENCE, authority, day), Open)
        for authority in cities.values()
    )
    return opened, len(cities)


def as_csv(answer: FiguresAnswer) -> str:
    """One table for all: `table` says which of them a row belongs to. UTF-8 with a mark, for spreadsheets."""
    page = io.StringIO(newline="")
    lines = csv.writer(page)
    lines.writerow(("table", "measure", "day", "code", "name", "reason", "value"))
    lines.writerows(("total", each.measure, "", "", "", "", each.value) for each in answer.totals)
    lines.writerows(("day", each.measure, each.day, "", "", "", each.value) for each in answer.days)
    for table, places in (("province", answer.provinces), ("city", answer.cities)):
        lines.writerows(
            (table, each.measure, "", each.code, each.name, "", "<5" if each.value is None else each.value)
            for each in places
        )
    lines.writerows(("reason", each.measure, "", "", "", each.reason, each.value) for each in answer.reasons)
    return "\ufeff" + page.getvalue()


def as_html(answer: FiguresAnswer) -> str:
    """The figures as a page without a script: totals, and provinces by measure."""
    measures = [each.measure for each in answer.totals]
    heads = "".join(
        f'<th scope="col">{each.zh}<br><span lang="en">{each.en}</span></th>' for each in answer.totals
    )
    totals = "".join(f"<td>{each.value:,}</td>" for each in answer.totals)
    values = {(each.code, each.measure): each.value or 0 for each in answer.provinces}
    names = {each.code: (each.name, each.en) for each in answer.provinces}
    rows = "".join(
        f'<tr><th scope="row">{_both(*names[code]) if code else NO_PROVINCE}</th>'
        + "".join(f"<td>{values.get((code, measure), 0):,}</td>" for measure in measures)
        + "</tr>"
        for code in sorted(names, key=lambda code: (code == "", code))
    )
    counted = {(each.day, each.measure): each.value for each in answer.days}
    days = "".join(
        f'<tr><th scope="row">{day}</th>'
        + "".join(f"<td>{counted.get((day, measure), 0):,}</td>" for measure in measures)
        + "</tr>"
        for day in sorted({each.day for each in answer.days}, reverse=True)
    )
    return (
        '<main class="plain"><h1>电子驾驶证 · 公开数据 <span lang="en">Public figures</span></h1>'
        f"<p>已开通 {answer.cities_open} 个城市，共 {answer.cities_known} 个。"
        f'<span lang="en">Open in {answer.cities_open} of {answer.cities_known} cities.</span></p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="各省合计">'
        f"<table><caption>各省合计，{answer.first_day} 至 {answer.last_day} "
        f'<span lang="en">By province</span></caption>'
        f'<thead><tr><th scope="col">省份 <span lang="en">Province</span></th>{heads}</tr></thead>'
        f'<tbody><tr><th scope="row">开办以来 <span lang="en">Since the beginning</span></th>{totals}</tr>{rows}</tbody>'
        "</table></div>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="每日">'
        f'<table><caption>每日 <span lang="en">By day</span></caption><thead><tr>'
        f'<th scope="col">日期 <span lang="en">Day</span></th>{heads}</tr></thead>'
        f"<tbody>{days}</tbody></table></div>"
        f"{_together(answer.together_until)}"
        "<p>市级数据按五取整（舍去），不足五的不公布。"
        '<span lang="en">Counts of cities are in fives, rounded down; below five they are not told.</span></p>'
        f'<p><a href="{CSV}">CSV</a> · <a href="{JSON}">JSON</a></p>'
        f"<p>更新于 <time>{answer.made_at.astimezone(CHINA):%Y-%m-%d %H:%M}</time>（北京时间）"
        '<span lang="en">Updated, in the time of China.</span></p></main>'
    )


def _both(name: str, en: str | None) -> str:
    return escape(name) + (f' <span lang="en">{escape(en)}</span>' if en else "")


def _together(until: date | None) -> str:
    """Old counts stay what they were, and the page says what that was."""
    if until is None:
        return ""
    return (
        f"<p>{until} 及以前的受理申领、未受理申领含更换照片，此后分开统计。"
        f'<span lang="en">Up to {until} applications accepted and refused include new photos; since then these are counted '
        "apart.</span></p>"
    )


NO_PROVINCE: Final = '（未分省） <span lang="en">No province</span>'
CSV: Final = "/api/open/figures.csv"
JSON: Final = "/api/open/figures"
"""From the public page, which has the API under /api."""
