"""The figures for who runs the service: with the small counts of their region, and how long the queues are."""

from __future__ import annotations

from typing import Final

from fastapi import Request

from liangzheng import accounts, licences, reviewing
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.figures_told import FiguresAnswer, told
from liangzheng.api.open.figures import FirstDay, LastDay, MeasureAsked
from liangzheng.api.staff.callers import OnDuty, permitted
from liangzheng.api.wired import wired
from liangzheng.staff import Act

router = resource("/staff/figures", "staff")

_REFUSED: Final = "figures.refused"


class QueueLength(Answer):
    """A queue people work at. `late`: past their promised day; `oldest_s`: seconds the oldest has waited."""

    queue: str
    waiting: int
    taken: int
    late: int
    oldest_s: int


class StaffFiguresAnswer(FiguresAnswer):
    """As everybody hears them, with the small counts of the caller's region, and the queues of this moment."""

    queues: list[QueueLength]


@router.get("")
async def show_staff_figures(
    request: Request, who: OnDuty, first: FirstDay = None, last: LastDay = None, measure: MeasureAsked = None
) -> StaffFiguresAnswer:
    """Counts by day, province, city and reason of refusal, and how long the queues are."""
    wiring = wired(request)
    held = await permitted(request, who, Act.READ_FIGURES, _REFUSED, fresh=False)
    answer = await told(wiring, first, last, measure, held.region)
    now = wiring.clock.now()
    async with wiring.database.read() as tx:
        photos = await reviewing.figures(tx, licences.PHOTO_QUEUE, now)
        faces = await reviewing.figures(tx, accounts.FACE_QUEUE, now)
    queues = [
        QueueLength(
            queue=name, waiting=each.waiting, taken=each.taken, late=each.late, oldest_s=each.oldest_s
        )
        for name, each in (("photo-reviews", photos), ("face-reviews", faces))
    ]
    return StaffFiguresAnswer(**answer.model_dump(), queues=queues)
