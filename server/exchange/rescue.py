"""Taking a rescue file: what a lost tablet had not sent goes through the same hub as if it had.

Every record keeps the id, person, device and instant it was made with, so the journal shows whose it is; one that
came by another way meanwhile gets the verdict it has, and the same file twice changes nothing. Killed half way, the
rest is taken at the next attempt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session, col, select

from server.access import enrolment
from server.access.audit import audit, common_area
from server.access.callers import Caller, as_caller
from server.access.tables import Rescue, Tablet
from server.access.views import names
from server.database import parts, write
from server.exchange import chains, history, journal, photos, rescue_file, store
from server.exchange.keyring import Keyring
from server.exchange.photos import PhotoDesk, Wanted
from server.exchange.rescue_file import Contents
from server.exchange.store import Exchange
from server.web import N_, Problem
from sync.codec import to_text
from sync.facts import Device
from sync.messages import PROTOCOL, Incoming, Request, Submission, Verdict

RECORDS_AT_A_TIME: Final = 50
# A file nobody confirmed holds what people said, for nobody's use.
KEPT_UNCONFIRMED: Final = timedelta(days=30)
NAME_CHARS_MAX: Final = 100


@dataclass(frozen=True)
class Outcome:
    """What an import came to: records by verdict; `not_yet` waits for a form or a village; photos that got their
    receipt, and those that were not taken.
    """

    verdicts: Counter[str]
    not_yet_n: int
    photos_n: int
    photos_refused_n: int


@dataclass(frozen=True)
class Line:
    """One record of a file: where, whose, and the verdict it has (None: not taken yet)."""

    submission: Submission
    village: str
    person: str
    verdict: Verdict | None


def keep(session: Session, contents: Contents, data: bytes, name: str, by: str, now: datetime) -> Rescue:
    """The file as brought, still sealed, until somebody confirms it; the same file is the same row."""
    session.execute(
        delete(Rescue).where(
            col(Rescue.county) == contents.county, col(Rescue.imported_at).is_(None),
            col(Rescue.read_at) < now - KEPT_UNCONFIRMED,
        )
    )  # fmt: skip
    row = session.get(Rescue, (contents.county, contents.id))
    if row is None:
        row = Rescue(
            county=contents.county, id=contents.id, device=contents.device, name=name[-NAME_CHARS_MAX:],
            content=data, submissions_n=len(contents.submissions) + len(contents.unreadable),
            drafts_n=len(contents.drafts), photos_n=len(contents.photos), made_at=contents.made_at,
            read_at=now, read_by=by,
        )  # fmt: skip
        session.add(row)
        session.flush()
    return row


def take(
    exchange: Exchange, desk: PhotoDesk, keyring: Keyring, row: Rescue, *, by: str, now: datetime
) -> Outcome:
    """Everything of the file through the hub, and then a line in the log. Raises Problem `rescue_…`."""
    contents = rescue_file.look(row.content, keyring, row.county)
    with write(exchange.engine) as session:
        _close_if_copied(session, contents, now)
        tablet = session.get(Tablet, (row.county, contents.device))
        _vouch(session, exchange, contents, by, now)
        sender = _sender(session, contents)
    verdicts: Counter[str] = Counter()
    not_yet_n = 0
    for incoming in _batches(contents, now):
        taken = store.push(exchange, sender, incoming, now, doubted=True)
        verdicts.update(verdict.outcome for verdict in taken.pushed.verdicts)
        not_yet_n += len(taken.pushed.not_yet)
    held = rescue_file.photos(row.content, keyring, contents.photos) if tablet else iter(())
    photos_n = sum(
        _photo(desk, as_caller(tablet), digest, content, now) for digest, content in held if tablet
    )
    outcome = Outcome(verdicts, not_yet_n, photos_n, len(contents.photos) - photos_n)
    with write(exchange.engine) as session:
        _note(session, contents, outcome, by, now)
    return outcome


def _close_if_copied(session: Session, contents: Contents, now: datetime) -> None:
    """A copy of a tablet may be found out by its file alone: both were revoked before either had called."""
    county, device = contents.county, contents.device
    known = session.get(Tablet, (county, device)) is not None
    if known and chains.parted(session, county, device, contents.submissions):
        enrolment.close(session, county=county, device=device, closed_as="cloned", now=now)


def _vouch(session: Session, exchange: Exchange, contents: Contents, by: str, now: datetime) -> None:
    """Of records from before a restore nobody knows any more who held their villages, and a revoked tablet is given
    none: the county, which imports the file, says with it that the tablet had held them.
    """
    county, device, present = contents.county, contents.device, history.present(session)
    named = {each.village for each in contents.submissions if each.history not in (None, present)}
    forgotten = named - enrolment.ever_held(session, county=county, device=device)
    known = (
        [place.code for place in exchange.places.villages(session, county, forgotten)] if forgotten else []
    )
    enrolment.assign(session, county=county, device=device, villages=known, now=now, by=by)
    enrolment.unassign(session, county=county, device=device, villages=known, now=now, by=by)


def _sender(session: Session, contents: Contents) -> Device:
    """The tablet that made the file, with the villages it has by now: what was handed over is marked so."""
    county, device = contents.county, contents.device
    held = enrolment.held(session, county=county, device=device)
    ever = enrolment.ever_held(session, county=county, device=device)
    return Device(device, county, frozenset(held), frozenset(ever - held))


def _batches(contents: Contents, now: datetime) -> Iterator[Incoming]:
    # As if the tablet had called now: then its clock's error is what it was at its last contact.
    sent_at = to_text(now - timedelta(seconds=contents.clock_offset_s))
    for some in parts(contents.submissions, RECORDS_AT_A_TIME):
        yield Incoming(_request(contents, sent_at, some), ())
    if contents.unreadable:
        yield Incoming(_request(contents, sent_at, ()), contents.unreadable)


def _request(contents: Contents, sent_at: str, some: Sequence[Submission]) -> Request:
    return Request(
        PROTOCOL, contents.device, contents.history, sent_at, "", 0, "", len(some), "", {}, (), tuple(some),
        screens=contents.screens,
    )  # fmt: skip


def _photo(desk: PhotoDesk, tablet: Caller, digest: str, content: bytes, now: datetime) -> bool:
    """One photo, as if the tablet had sent it; False where it was not taken: a photo never blocks records."""
    try:
        at = photos.begin(desk, tablet, Wanted(digest, len(content)), now)
        if not at.whole:
            desk.files.append(tablet.county, digest, tablet.device, at.offset, content[at.offset :])
            at = photos.finish(desk, tablet, digest, now)
        return at.whole
    except Problem:
        return False


def _note(session: Session, contents: Contents, outcome: Outcome, by: str, now: datetime) -> None:
    row = session.get_one(Rescue, (contents.county, contents.id))
    again = row.imported_at is not None
    row.imported_at, row.imported_by = row.imported_at or now, row.imported_by or by
    session.add(row)
    villages = sorted({each.village for each in contents.submissions})
    detail = {
        N_("使用人"): contents.person_name, N_("记录数"): str(row.submissions_n),
        N_("已采用"): str(outcome.verdicts["applied"] + outcome.verdicts["merged"]),
        N_("有冲突"): str(outcome.verdicts["conflict"]), N_("被退回"): str(outcome.verdicts["rejected"]),
        N_("暂不能处理"): str(outcome.not_yet_n), N_("照片"): str(outcome.photos_n),
        N_("文件"): contents.id[:12], N_("再次导入"): N_("是") if again else "",
    }  # fmt: skip
    audit(
        session, person=by, verb="rescue.import", county=contents.county,
        area=common_area(villages, contents.county), subject=f"tablet/{contents.device}", detail=detail, now=now,
    )  # fmt: skip


# --- reading ------------------------------------------------------------------------------------------------------


def lines(session: Session, exchange: Exchange, contents: Contents) -> list[Line]:
    """The file's records in the order they were made, each with the verdict the journal has for it."""
    known = journal.past(session, contents.county, {each.id for each in contents.submissions})
    codes = {each.village for each in contents.submissions}
    places = {place.code: place for place in exchange.places.villages(session, contents.county, codes)}
    people = names(session, {each.person for each in contents.submissions})
    return [
        Line(
            each,
            places[each.village].name if each.village in places
            else contents.villages.get(each.village, each.village),
            people.get(each.person, contents.person_name if each.person == contents.person else each.person),
            known[each.id].verdict if each.id in known else None,
        )
        for each in contents.submissions
    ]  # fmt: skip


def brought(session: Session, county: str) -> Sequence[Rescue]:
    """Every file that was brought, the latest first."""
    query = select(Rescue).where(Rescue.county == county).order_by(col(Rescue.read_at).desc(), col(Rescue.id))
    return session.exec(query).all()
