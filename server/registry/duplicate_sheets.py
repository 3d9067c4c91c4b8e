"""The list of pairs as a spreadsheet: both homes on one row, why they may be one, and what hangs on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from server.database import read
from server.registry import divisions, duplicate_views
from server.registry.duplicate_pages import Viewer, hanging, likenesses_of, wanted_of
from server.registry.duplicate_views import GRADES, REASONS, STATES, Merged, Pair, Side
from server.web import N_, SheetColumn, download, request_language, translate
from server.web.language import Language
from survey_forms.likeness import Reason

ALL_ROWS = 1_000_000
router = APIRouter(include_in_schema=False)


@router.get("/duplicates.xlsx")
def duplicate_sheet(request: Request, person: Viewer) -> Response:
    lang, wanted = request_language(request), wanted_of(request, person, dict(request.query_params))
    held_to = [translate(lang, STATES[wanted.state]), translate(lang, GRADES.get(wanted.grade, ""))]
    with read(request.app.state.engine) as session:
        name = divisions.area_name(session, wanted.area)
        if wanted.state == "merged":
            merges = duplicate_views.merges(session, wanted.area, 1, ALL_ROWS).rows
            return download(
                request, merge_columns(lang), merges, title=N_("合并记录"), of=name, held_to=held_to
            )
        rows = duplicate_views.page(session, likenesses_of(request), wanted, 1, ALL_ROWS).rows
    hangs = hanging(request, [side for pair in rows for side in (pair.one, pair.other)])
    return download(
        request, list(pair_columns(lang, hangs)), rows, title=N_("疑似重复住户"), of=name, held_to=held_to
    )


def reason_said(lang: Language, reason: Reason) -> str:
    return translate(lang, REASONS[reason.code], n=reason.metres)


def pair_columns(lang: Language, hangs: Sequence[Any]) -> Iterator[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)
    yield SheetColumn(say(N_("把握")), lambda pair: say(GRADES[pair.grade]), "text", 8)
    yield SheetColumn(
        say(N_("理由")), lambda pair: "；".join(reason_said(lang, each) for each in pair.reasons), "text", 36
    )
    for letter, side in (("A", _one), ("B", _other)):
        yield from _side_columns(say, letter, side, hangs)
    yield SheetColumn(say(N_("认定不是重复")), lambda pair: pair.dismissed_by, "text", 12)
    yield SheetColumn(
        say(N_("依据")), lambda pair: pair.dismissed.reason if pair.dismissed else "", "text", 30
    )


def _one(pair: Pair) -> Side:
    return pair.one


def _other(pair: Pair) -> Side:
    return pair.other


def _side_columns(
    say: Callable[..., str], letter: str, side: Callable[[Pair], Side], hangs: Sequence[Any]
) -> Iterator[SheetColumn]:
    def column(
        heading: str, value: Callable[[Side], object], kind: Any = "text", width: int = 12
    ) -> SheetColumn:
        return SheetColumn(f"{letter} {say(heading)}", lambda pair: value(side(pair)), kind, width)

    yield column(N_("村"), lambda of: of.village_name, width=18)
    yield column(N_("门牌号"), lambda of: of.home.door_number)
    yield column(N_("户主姓名"), lambda of: of.home.head_name)
    yield column(N_("登记人"), lambda of: of.recorded_by)
    yield column(N_("收到时间"), lambda of: of.recorded_at, "moment", 17)
    yield column(N_("改造"), lambda of: of.conversions_n, "integer", 8)
    yield column(N_("记录"), lambda of: of.records_n, "integer", 8)
    for each in hangs:
        yield column(each.title, partial(_hanging, each.cells))
    yield column(N_("编号"), lambda of: of.home.id, width=38)


def _hanging(cells: Any, of: Side) -> str:
    return cells[of.home.id].text if of.home.id in cells else ""


def merge_columns(lang: Language) -> Sequence[SheetColumn]:
    say: Callable[..., str] = partial(translate, lang)

    def column(
        heading: str, value: Callable[[Merged], object], kind: Any = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(say(heading), value, kind, width)

    return [
        column(N_("村"), lambda each: each.village_name, width=18),
        column(N_("门牌号"), lambda each: each.home.door_number if each.home else ""),
        column(N_("户主姓名"), lambda each: each.home.head_name if each.home else ""),
        column(N_("并入的住户"), lambda each: each.gone, width=24),
        column(N_("合并人"), lambda each: each.merged_by),
        column(N_("合并时间"), lambda each: each.row.merged_at, "moment", 17),
        column(N_("依据"), lambda each: each.row.reason, width=30),
        column(N_("撤销人"), lambda each: each.undone_by),
        column(N_("撤销时间"), lambda each: each.row.undone_at, "moment", 17),
        column(N_("撤销依据"), lambda each: each.row.undone_reason, width=30),
        column(N_("保留"), lambda each: each.row.survivor, width=38),
        column(N_("并入"), lambda each: each.row.loser, width=38),
    ]
