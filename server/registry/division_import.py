"""Importing a file of divisions by hand: first what it would change, then, once confirmed, exactly that.

Apart from `actions` because those import a province before anybody works; here somebody answers for it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from server.access.audit import audit
from server.registry import actions
from server.registry.actions import DivisionFault
from server.registry.division_changes import Known, Preview, compare, outside
from server.registry.division_file import read_divisions
from server.registry.tables import Division
from server.terminal.steps import Told, unheard
from server.web import N_, Problem

CHANGED: Final = "divisions_changed"


@dataclass(frozen=True)
class Wanted:
    """A file as somebody brought it. `areas`: where they may import, "" everywhere. `name`: of the file, for the
    log.
    """

    data: bytes
    edition: str
    name: str
    areas: Collection[str]


def preview(session: Session, wanted: Wanted) -> Preview:
    """What the file would change. Raises DivisionFault with every fault."""
    rows = session.exec(
        select(Division.code, Division.name, Division.urban_rural_code, Division.edition).order_by(
            col(Division.code)
        )
    )
    known = {code: Known(name, urban_rural, edition) for code, name, urban_rural, edition in rows}
    read = read_divisions(wanted.data, known.keys())
    if read.issues:
        raise DivisionFault(read.issues)
    found = compare(read.lines, known, wanted.edition)
    if faults := outside(found, wanted.areas):
        raise DivisionFault(faults)
    return found


def take(
    session: Session, wanted: Wanted, *, seen: str | None, person: str, county: str, now: datetime,
    told: Told = unheard,
) -> Preview:  # fmt: skip
    """Writes the file, if it would still change what was seen, and logs it. `seen`: the preview's digest; None on
    the command line, which looks once; `person` is empty there. Raises DivisionFault, or Problem
    `divisions_changed`.
    """
    found = preview(session, wanted)
    if seen is not None and found.digest != seen:
        raise Problem(
            CHANGED,
            409,
            N_("预览之后，区划又有变动，没有导入。"),
            N_("下面是现在会有的改动，请重新核对后确认。"),
        )
    actions.import_divisions(session, wanted.data, wanted.edition, told)
    detail = {
        N_("文件名"): wanted.name, N_("区划版本"): wanted.edition, N_("新增"): str(found.added),
        N_("改动"): str(found.altered), N_("没有变化"): str(len(found.same)),
    }  # fmt: skip
    audit(
        session, person=person, verb="division.import", county=county, area=county,
        subject=f"divisions/{wanted.edition}", detail=detail, now=now,
    )  # fmt: skip
    return found
