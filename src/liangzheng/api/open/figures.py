"""What this deployment has done, counted; no personal data. For everybody."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response
from starlette.responses import HTMLResponse

from liangzheng.api.auth import public
from liangzheng.api.bodies import resource
from liangzheng.api.figures_told import FiguresAnswer, as_csv, as_html, told
from liangzheng.api.pages import page
from liangzheng.api.wired import wired

router = resource("/open", "open")

_FIRST, _LAST = date(2020, 1, 1), date(2199, 12, 31)
FirstDay = Annotated[
    date | None,
    Query(alias="from", ge=_FIRST, le=_LAST, description="A day in China; default: 30 days with the last"),
]
LastDay = Annotated[
    date | None, Query(alias="to", ge=_FIRST, le=_LAST, description="A day in China; default: today")
]
MeasureAsked = Annotated[str | None, Query(max_length=40, description="Default: all")]

CSV_MEDIA: Final = "text/csv; charset=utf-8"
_CSV: Final[dict[str, Any]] = {"content": {"text/csv": {"schema": {"type": "string"}}}}
_FRESH: Final = {"Cache-Control": "public, max-age=10", "Vary": "accept"}


@router.get("/figures", response_model=FiguresAnswer, responses={200: _CSV})
@public
async def show_figures(
    request: Request,
    response: Response,
    first: FirstDay = None,
    last: LastDay = None,
    measure: MeasureAsked = None,
) -> FiguresAnswer | Response:
    """Counts by day, province, city and reason of refusal, at most 366 days at once; as CSV for who accepts text/csv."""
    answer = await told(wired(request), first, last, measure)
    if "text/csv" in request.headers.get("accept", ""):
        return csv_of(answer)
    response.headers.update(_FRESH)
    return answer


@router.get("/figures.csv", response_class=Response, responses={200: _CSV})
@public
async def show_figures_csv(
    request: Request, first: FirstDay = None, last: LastDay = None, measure: MeasureAsked = None
) -> Response:
    """The same as one table in CSV; `<5` where a city's count is not told."""
    return csv_of(await told(wired(request), first, last, measure))


def csv_of(answer: FiguresAnswer) -> Response:
    """As a file to keep."""
    name = f"figures-{answer.first_day}-{answer.last_day}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'} | _FRESH
    return Response(as_csv(answer), media_type=CSV_MEDIA, headers=headers)


@router.get("/figures.html", include_in_schema=False)
@public
async def show_figures_page(request: Request) -> HTMLResponse:
    """The same as a page that needs no script; the public page begins with it."""
    answer = await told(wired(request), None, None, None)
    return page("电子驾驶证 · 公开数据", as_html(answer))
