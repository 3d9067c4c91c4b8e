"""What writes zones: proposing a range, leaving households out of it, deciding on it.

Every step locks its zone first, so that of two clerks the second sees what the first has done. A range is
designated as its decider saw it, or not at all: the form carries a digest of the proposal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from server.access.audit import audit, common_area
from server.inspections.views import may_answer
from server.registry import divisions
from server.registry.tables import Household
from server.web import N_, Problem, problem
from server.web.figures import CHINA
from server.zones import rules, views
from server.zones.lines import Unpaid
from server.zones.rules import Designation, Proposal
from server.zones.tables import Zone, ZoneLeftOut, ZoneVersion, ZoneVillage

# Shown in the log, in Chinese as everything recorded is.
NAME, CHANGE, REASON, VERSION = N_("名称"), N_("变动"), N_("理由"), N_("版")
DOCUMENT, IN_FORCE, UNMET = N_("文件号"), N_("施行日期"), N_("未达到")
LEFT_OUT, TAKEN_BACK, REFUSED = N_("划出的住户"), N_("划回"), N_("未获批准")


@dataclass(frozen=True)
class Range:
    """What a form proposes. `change`: new, amend or withdraw; `bans`: what the zone forbids, in words."""

    change: str
    name: str
    reason: str
    bans: str
    responsible: str
    due_days: int
    villages: frozenset[str]


@dataclass(frozen=True)
class Paper:
    """The published document a designation rests on, and why it is made with lines unmet."""

    document_number: str
    document_on: date | None
    in_force_on: date | None
    unmet_reason: str
    seen: str


def refused(code: str, detail: str = "") -> Problem:
    """A refusal of the rules as a problem of the edge."""
    message, remedy = rules.REFUSALS[code]
    return Problem("zone_step", 422, f"{message}{detail}", remedy)


def propose(
    session: Session, *, county: str, zone: str | None, wanted: Range, person: str, now: datetime,
    new_id: Callable[[], str],
) -> ZoneVersion:  # fmt: skip
    """Puts a range up for decision: of a new zone where `zone` is None, else on top of what the zone has.

    Households left out of the range before stay left out where their village stays. Raises Problem
    `zone_step`.
    """
    row = _new(session, county, wanted.name, now, new_id) if zone is None else _locked(session, county, zone)
    before = views.versions_of(session, county, row.id)
    if any(each.decision == "proposed" for each in before):
        raise refused("pending")
    if (wanted.change == "new") != (not before):
        raise refused("state")
    _check(session, county, row.id, wanted)
    row.versions_n += 1
    version = ZoneVersion(
        county=county, zone=row.id, number=row.versions_n, change=wanted.change, decision="proposed",
        name=wanted.name.strip(), reason=wanted.reason.strip(), bans=wanted.bans.strip(),
        responsible=wanted.responsible, due_days=wanted.due_days, proposed_by=person, proposed_at=now,
        edited_by=[person], checklist=[],
    )  # fmt: skip
    session.add(version)
    _fill(session, version, wanted, before)
    session.flush()
    said = {NAME: version.name, CHANGE: rules.CHANGES[version.change], REASON: version.reason}
    _log(session, version, "zone.propose", person, said, now)
    return version


def _log(
    session: Session, version: ZoneVersion, verb: str, person: str, detail: Mapping[str, str], now: datetime
) -> None:
    area = common_area(views.villages_of(session, version), version.county)
    audit(
        session, person=person, verb=verb, county=version.county, area=area, subject=f"zone/{version.zone}",
        detail={VERSION: str(version.number), **detail}, now=now,
    )  # fmt: skip


def _new(session: Session, county: str, name: str, now: datetime, new_id: Callable[[], str]) -> Zone:
    row = Zone(county=county, id=new_id(), kind="no_coal", name=name.strip(), versions_n=0, made_at=now)
    session.add(row)
    return row


def _locked(session: Session, county: str, zone: str) -> Zone:
    wanted = select(Zone).where(Zone.county == county, Zone.id == zone).with_for_update()
    row = session.exec(wanted).first()
    if row is None:
        raise problem("not_found")
    # Whoever asked for the right has read the zone's versions already; while we waited they may have been decided.
    session.expire_all()
    return row


def _check(session: Session, county: str, zone: str, wanted: Range) -> None:
    known = {village.code for village in divisions.villages(session, county, wanted.villages)}
    taken = views.taken(session, county, wanted.villages, but=zone)
    code = rules.proposal_fault(
        Proposal(
            wanted.change, wanted.name, wanted.reason, wanted.responsible, wanted.due_days,
            wanted.villages, taken, wanted.villages - known,
        )
    )  # fmt: skip
    if code is None and not may_answer(session, wanted.responsible, wanted.villages or {county}):
        code = "responsible"
    if code is not None:
        called = divisions.names(session, taken)
        where = "、".join(f"{called.get(code, code)}（{name}）" for code, name in sorted(taken.items())[:5])
        raise refused(code, where if code == "taken" else "")


def _fill(session: Session, version: ZoneVersion, wanted: Range, before: Collection[ZoneVersion]) -> None:
    key: dict[str, Any] = {"county": version.county, "zone": version.zone, "number": version.number}
    session.add_all(ZoneVillage(**key, village=code) for code in sorted(wanted.villages))
    last = next((each for each in before if each.decision == "designated"), None)
    for row in views.left_outs(session, last) if last else []:
        if row.village in wanted.villages:
            # With whoever entered it then: they have not written in this proposal.
            session.add(ZoneLeftOut(**{**row.model_dump(), **key}))


def _proposal(session: Session, county: str, zone: str) -> ZoneVersion:
    """The proposal of a zone that waits, its zone locked. Raises Problem `zone_step` or `not_found`."""
    _locked(session, county, zone)
    found = views.versions_of(session, county, zone)
    waiting = next((each for each in found if each.decision == "proposed"), None)
    if waiting is None:
        raise refused("state")
    return waiting


def leave_out(
    session: Session, *, county: str, zone: str, households: Collection[str], reason: str, note: str,
    person: str, now: datetime,
) -> int:  # fmt: skip
    """Leaves households out of a proposal, with the reason; answers how many. Raises Problem `zone_step`."""
    version = _proposal(session, county, zone)
    if reason not in rules.LEFT_OUT_REASONS or (reason == "other" and not note.strip()):
        raise refused("reason")
    inside = set(views.villages_of(session, version))
    wanted = select(Household).where(Household.county == county, col(Household.id).in_(sorted(households)))
    rows = [row for row in session.exec(wanted) if row.village in inside]
    for row in rows:
        session.merge(
            ZoneLeftOut(
                county=county, zone=zone, number=version.number, household=row.id, village=row.village,
                reason=reason, note=note.strip(), entered_by=person, entered_at=now,
            )
        )  # fmt: skip
    if rows:
        _edited(version, person)
        said = {LEFT_OUT: f"{len(rows)}", REASON: f"{rules.LEFT_OUT_REASONS[reason]} {note}".strip()}
        _log(session, version, "zone.propose", person, said, now)
    session.flush()
    return len(rows)


def take_back(
    session: Session, *, county: str, zone: str, household: str, person: str, now: datetime
) -> None:
    """Puts a household that a proposal leaves out back into it; whoever does so has edited the proposal."""
    version = _proposal(session, county, zone)
    session.execute(
        delete(ZoneLeftOut).where(
            col(ZoneLeftOut.county) == county,
            col(ZoneLeftOut.zone) == zone,
            col(ZoneLeftOut.number) == version.number,
            col(ZoneLeftOut.household) == household,
        )
    )
    _edited(version, person)
    _log(session, version, "zone.propose", person, {TAKEN_BACK: household}, now)
    session.flush()


def _edited(version: ZoneVersion, person: str) -> None:
    version.edited_by = sorted({*version.edited_by, person})


def digest(session: Session, version: ZoneVersion) -> str:
    """What a proposal says, as a hash: whoever decides decides on this."""
    said = {
        "change": version.change,
        "name": version.name,
        "bans": version.bans,
        "responsible": version.responsible,
        "due_days": version.due_days,
        "villages": views.villages_of(session, version),
        "left_out": [[row.household, row.reason, row.note] for row in views.left_outs(session, version)],
    }
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def designate(
    session: Session,
    *,
    county: str,
    zone: str,
    paper: Paper,
    person: str,
    now: datetime,
    unpaid: Unpaid | None,
) -> ZoneVersion:
    """Designates the range that waits. Raises Problem `zone_step`.

    The checklist as it stood is kept with the decision. The version replaced stays in force until the day
    before this one begins.
    """
    version, today = _proposal(session, county, zone), now.astimezone(CHINA).date()
    found = views.readiness(session, version, today, unpaid)
    replaced = next(
        (each for each in views.versions_of(session, county, zone) if each.decision == "designated"), None
    )
    villages = views.villages_of(session, version)
    withdrawn = version.change == "withdraw"
    given = Designation(
        person=person, editors=frozenset(version.edited_by), document_number=paper.document_number,
        document_on=paper.document_on, in_force_on=paper.in_force_on,
        # Nothing has to be shown to lift a ban.
        ready=found.ready or withdrawn, unmet_reason=paper.unmet_reason, seen=paper.seen,
        digest=digest(session, version), replaces_from=replaced.in_force_on if replaced else None,
        taken={} if withdrawn else views.taken(session, county, villages, but=zone),
    )  # fmt: skip
    code = rules.designation_fault(given, today)
    if code is not None:
        raise refused(code)
    if replaced is not None:
        replaced.until_on = paper.in_force_on
    version.decision, version.decided_by, version.decided_at = "designated", person, now
    version.document_number, version.document_on = paper.document_number.strip(), paper.document_on
    version.in_force_on, version.decision_reason = paper.in_force_on, paper.unmet_reason.strip()
    version.checklist = [asdict(line) for line in found.lines]
    _make_latest(session, version)
    said = {
        DOCUMENT: version.document_number,
        IN_FORCE: f"{version.in_force_on}",
        UNMET: "、".join(rules.LINES[line.code] for line in found.lines if line.counts and not line.met),
        REASON: version.decision_reason,
    }
    _log(session, version, "zone.designate", person, said, now)
    return version


def _make_latest(session: Session, version: ZoneVersion) -> None:
    of_zone = (col(ZoneVillage.county) == version.county, col(ZoneVillage.zone) == version.zone)
    session.execute(update(ZoneVillage).where(*of_zone).values(latest=False))
    if version.change == "withdraw":
        session.flush()
        return
    named = select(Zone).where(Zone.county == version.county, Zone.id == version.zone)
    session.exec(named).one().name = version.name
    try:
        session.execute(
            update(ZoneVillage).where(*of_zone, col(ZoneVillage.number) == version.number).values(latest=True)
        )
        session.flush()
    except IntegrityError as error:
        # Another zone took one of the villages since this transaction looked.
        raise refused("taken") from error


def refuse(
    session: Session, *, county: str, zone: str, reason: str, person: str, now: datetime
) -> ZoneVersion:
    """Decides against the range that waits, with a reason."""
    return _against(session, _proposal(session, county, zone), "zone.designate", reason, person, now)


def drop(session: Session, *, county: str, zone: str, reason: str, person: str, now: datetime) -> ZoneVersion:
    """Takes a proposal back, with a reason; only those who wrote it can. Raises Problem `zone_step`."""
    version = _proposal(session, county, zone)
    if person not in version.edited_by:
        raise refused("not_own")
    return _against(session, version, "zone.propose", reason, person, now)


def _against(
    session: Session, version: ZoneVersion, verb: str, reason: str, person: str, now: datetime
) -> ZoneVersion:
    if not reason.strip():
        raise refused("reason")
    version.decision, version.decided_by, version.decided_at = "refused", person, now
    version.decision_reason = reason.strip()
    _log(session, version, verb, person, {REFUSED: version.decision_reason}, now)
    session.flush()
    return version
