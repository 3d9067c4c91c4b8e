"""What writes the register from outside the journal: the list of divisions, and decisions on area classes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from server.access.audit import audit, common_area
from server.database import parts, upsert
from server.registry.division_file import DivisionFile, DivisionLine, Issue, read_divisions
from server.registry.rules import AREA_CLASSES, UNCLASSIFIED
from server.registry.tables import AreaClass, Division
from server.registry.vocabulary import AREA_CLASS_NAMES
from server.terminal.steps import Told, unheard
from server.web import N_, Problem
from server.web.figures import CHINA

BUNDLED: Final = Path(__file__).parent / "data" / "shanxi_divisions.csv.gz"
# The edition named in the data's README: the bureau's list as of 2023-06-30.
BUNDLED_EDITION: Final = "2023"


class DivisionFault(Exception):
    """A file of divisions that was not imported, with every one of its faults."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        super().__init__("\n".join(map(str, issues)))
        self.issues = issues


@dataclass(frozen=True)
class Imported:
    """How many divisions of which level were written."""

    by_level: dict[str, int]
    encoding: str

    @property
    def total(self) -> int:
        return sum(self.by_level.values())


def import_divisions(session: Session, data: bytes, edition: str, told: Told = unheard) -> Imported:
    """Writes a whole file of divisions; a code already there takes the new row. Raises DivisionFault.

    ``told`` counts rows.
    """
    known = frozenset(session.exec(select(Division.code)))
    read = read_divisions(data, known)
    if read.issues:
        raise DivisionFault(read.issues)
    return _write(session, read, edition, told)


def import_bundled_divisions(session: Session, told: Told = unheard) -> Imported | None:
    """All of Shanxi, where the register has no divisions yet; None where it has."""
    if session.exec(select(Division.code).limit(1)).first() is not None:
        return None
    return import_divisions(session, BUNDLED.read_bytes(), BUNDLED_EDITION, told)


def _write(session: Session, read: DivisionFile, edition: str, told: Told) -> Imported:
    rows = [_row(line, edition) for line in sorted(read.lines, key=lambda line: line.code)]
    upsert(session, Division, rows, told)
    levels = [line.level for line in read.lines]
    return Imported({level: levels.count(level) for level in dict.fromkeys(levels)}, read.encoding)


def _row(line: DivisionLine, edition: str) -> dict[str, Any]:
    row = asdict(line)
    del row["row"]
    return {**row, "edition": edition}


def classify(
    session: Session,
    *,
    county: str,
    villages: Collection[str],
    area_class: str,
    source: str,
    decided_on: date,
    approver: str,
    entered_by: str,
    now: datetime,
) -> int:
    """Enters one decision for each of these villages; answers how many. Raises Problem `classification`.

    "unclassified" withdraws an earlier decision. Nothing is overwritten: a village keeps all its decisions.
    """
    wanted = sorted(set(villages))
    _check_decision(session, county, wanted, area_class, source, decided_on, approver, now)
    for part in parts(wanted):
        standing = _standing_decisions(session, county, part)
        for village in part:
            number, decided_before = standing.get(village, (0, None))
            # A decision entered late does not undo a later one.
            in_force = decided_before is None or decided_on >= decided_before
            if in_force:
                session.connection().execute(
                    update(AreaClass)
                    .where(
                        col(AreaClass.county) == county,
                        col(AreaClass.village) == village,
                        col(AreaClass.current),
                    )
                    .values(current=False)
                )
            session.add(
                AreaClass(
                    county=county, village=village, number=number + 1, area_class=area_class,
                    source=source.strip(), decided_on=decided_on, approver=approver.strip(),
                    entered_by=entered_by, entered_at=now, current=in_force,
                )
            )  # fmt: skip
        session.flush()
    detail = {
        N_("区域类别"): AREA_CLASS_NAMES[area_class], N_("依据"): source.strip(), N_("批准人"): approver.strip(),
        N_("村"): "、".join(wanted),
    }  # fmt: skip
    audit(
        session, person=entered_by, verb="village.classify", county=county, area=common_area(wanted, county),
        subject=f"decision/{decided_on.isoformat()}", detail=detail, now=now,
    )  # fmt: skip
    return len(wanted)


def _standing_decisions(
    session: Session, county: str, villages: Iterable[str]
) -> dict[str, tuple[int, date]]:
    """Village to (number of its last decision, date of its latest)."""
    rows = session.exec(
        select(AreaClass.village, func.max(AreaClass.number), func.max(AreaClass.decided_on))
        .where(AreaClass.county == county, col(AreaClass.village).in_(list(villages)))
        .group_by(col(AreaClass.village))
    )
    return {village: (number, latest) for village, number, latest in rows}


def _refused(message: str, remedy: str) -> Problem:
    return Problem("classification", 422, message, remedy)


def _check_decision(
    session: Session,
    county: str,
    villages: Collection[str],
    area_class: str,
    source: str,
    decided_on: date,
    approver: str,
    now: datetime,
) -> None:
    if not villages:
        raise _refused(N_("没有选中任何村。"), N_("请勾选至少一个村再提交。"))
    if area_class not in (*AREA_CLASSES, UNCLASSIFIED):
        raise _refused(N_("没有选择区域类别。"), N_("请选择建成区、城乡结合部、农村或撤销划定。"))
    if not source.strip() or not approver.strip():
        raise _refused(N_("依据和批准人都要填写。"), N_("请写明文件号或会议，以及批准人姓名。"))
    if decided_on > now.astimezone(CHINA).date():
        raise _refused(N_("决定日期在今天之后。"), N_("请填写作出决定的日期。"))
    known: set[str] = set()
    codes = sorted(villages)
    for part in parts(codes):
        known |= set(
            session.exec(
                select(Division.code).where(col(Division.code).in_(part), Division.level == "village")
            )
        )
    strange = [code for code in codes if code not in known or not code.startswith(county)]
    if strange:
        raise _refused(f"{'、'.join(strange[:5])} 不是本县的村。", N_("请从区划列表中选择。"))
