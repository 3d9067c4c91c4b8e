"""A list as a download: one head for every spreadsheet the office takes away.

A sheet outlives its page, so it says itself whose it is, as of when, what it was held to, and whether its
data are synthetic. Apart from `sheets` because that one writes cells and knows no request.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from fastapi.responses import Response, StreamingResponse
from starlette.requests import Request

from server.web.figures import moment, stamp
from server.web.language import N_, request_language, translate
from server.web.sheets import SheetColumn, sheet

SYNTHETIC: Final = "模拟数据"


def download(
    request: Request, columns: Sequence[SheetColumn], rows: Iterable[Any], *, title: str, of: str = "",
    held_to: Iterable[str] = (), notes: Iterable[str] = (), as_of: datetime | None = None,
) -> StreamingResponse:  # fmt: skip
    """The list as an XLSX file named after whose it is, what it is, and the county's day.

    `title`: Chinese message id, marked with N_; it also names the sheet. `of`: whose list, the county's
    where empty. `held_to`: the filters in force in the reader's words, empty ones are passed over. `notes`:
    further lines above the headings. `as_of`: the instant the figures hold, now where None. Rows are read
    before this returns, so a query's session may end with the caller's.
    """
    lang, facts = request_language(request), request.app.state.shell.facts()
    at: datetime = as_of or request.app.state.clock()
    name, whose = translate(lang, title), of or facts.county_name
    filters = "；".join(text for text in held_to if text)
    lines = [
        f"{whose} {name}" + (f" {SYNTHETIC}" if facts.synthetic else ""),
        translate(lang, N_("截至 {at}（UTC+8）"), at=moment(at))
        + (f" · {translate(lang, N_('筛选：{filters}'), filters=filters)}" if filters else ""),
        *notes,
    ]
    return sheet(columns, rows, f"{whose}-{name}-{stamp(at)}", lines=lines, name=name)


def attachment(content: bytes, name: str, media_type: str) -> Response:
    """A file that was made or kept whole, under its own name."""
    quoted = quote(name, safe="")
    headers = {"Content-Disposition": f"attachment; filename=\"file\"; filename*=UTF-8''{quoted}"}
    return Response(content, media_type=media_type, headers=headers)
