"""The exchange's transactions: what a tablet sends is judged and written in one, what it reads is read in
another.

A verdict leaves this module only after its transaction has committed. The pure hub decides; `journal` and
`feed` are its eyes and hands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Final

from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from server.access import enrolment
from server.access.callers import Caller
from server.access.places import Place, Places
from server.access.views import names
from server.database import is_busy, read, write
from server.exchange import chains, digests, history, journal, photos, snapshots
from server.exchange.feed import SqlFeed
from server.exchange.forms import Forms
from server.exchange.snapshots import Asked, Shelf, Snapshot
from server.exchange.wording import Wordings
from sync import digest, hub, pull, repair
from sync.chain import Standing
from sync.codec import to_instant
from sync.facts import Device, Facts, Held, Policy, Pushed
from sync.messages import Cursor, EntityState, Incoming, Reply, Request, Village
from sync.sealed import key_id

Derivation = Callable[[Session, str, Sequence[Held], datetime], None]
"""(session, county, changed entities, now): writes what follows from them, in the same transaction."""

Dress = Callable[[EntityState], EntityState]
"""Adds to an entity on its way to a tablet what the tablet cannot work out, as properties that begin with "_"."""

Decide = Callable[[Incoming, Facts, datetime], Pushed]


def judged_by_the_hub(incoming: Incoming, facts: Facts, now: datetime) -> Pushed:
    """The protocol's own judgement; a trial may plant a fault in its place."""
    return hub.push(incoming, facts, now=now)


# Two writers in each other's way: whoever loses begins again. More than this many times is not chance.
ATTEMPTS: Final = 6


@dataclass(frozen=True)
class Exchange:
    """What the exchange is made of; put together by the application."""

    engine: Engine
    places: Places
    forms: Forms
    policy: Policy
    derivations: Sequence[Derivation]
    new_id: Callable[[], str]
    dress: Dress = lambda state: state
    decide: Decide = judged_by_the_hub
    county_key: str = ""
    shelf: Shelf = field(default_factory=Shelf)

    @cached_property
    def wordings(self) -> Wordings:
        """The forms' words, for pages."""
        return Wordings(self.forms)


@dataclass(frozen=True)
class Contacted:
    """Who sends: the device with its villages, and what is known of its chain. `calls`: it is the tablet itself, which
    reads the reply. `formers`: ids it was enrolled under before, as its row has them."""

    device: Device
    standing: Standing | None = None
    challenge: str | None = None
    calls: bool = False
    formers: Sequence[str] = ()


@dataclass(frozen=True)
class Taken:
    """A push that is committed: under which history it was judged, what came of it, who sent it, and the villages
    that are the sender's.
    """

    history: str
    pushed: Pushed
    by: Contacted
    villages: Sequence[Village] = ()


def contact(exchange: Exchange, tablet: Caller, incoming: Incoming, now: datetime) -> Reply:
    """One whole contact of a tablet: push, commit, then read. Raises whatever the database raises."""
    request, county = incoming.request, tablet.county
    taken = push(exchange, Device(tablet.device, county, frozenset()), incoming, now, tablet=True)
    by = taken.by
    with read(exchange.engine) as session:
        cursors = pull.cursors(request, sorted(by.device.held), taken.history)
        feed = SqlFeed(session, county)
        snapshot = _snapshot(exchange, feed, request, taken.history, cursors)
        places = repair.places(request, taken.history)
        kept = digests.kept(session, county, places)
        ask = repair.ask(request, kept)
        pulled = repair.NOTHING_YET if ask else pull.pull(cursors, feed)
        pulled = replace(pulled, changes=tuple(map(exchange.dress, pulled.changes)))
        named = pull.named(taken.pushed, pulled) | (snapshot.people if snapshot else frozenset())
        people = names(session, named)
    different = repair.differences(request, kept)
    masked = exchange.policy.masked
    reread = digests.repair(exchange.engine, tablet, different, masked, now) if different else ()
    answer = pull.reply(
        request,
        taken.pushed,
        pulled,
        history=taken.history,
        now=now,
        county=county,
        person=tablet.person,
        villages=taken.villages,
        forms=exchange.forms.documents,
        masked=masked,
        people=people,
    )
    return replace(
        answer,
        more=answer.more or bool(snapshot and snapshot.more),
        part=snapshot.part if snapshot else None,
        ask_digests=ask,
        reread=reread,
        county_key=exchange.county_key if request.county_key != key_id(exchange.county_key) else "",
        challenge=by.challenge,
        enrol_again=by.standing.closed if by.standing else None,
    )


def _snapshot(
    exchange: Exchange, feed: SqlFeed, request: Request, present: str, cursors: dict[str, Cursor | None]
) -> Snapshot | None:
    """The part of a snapshot that follows the reply, if this tablet reads them; its villages leave ``cursors``."""
    held = snapshots.unread(request, cursors)
    if not held:
        return None
    for village in held:
        del cursors[village]
    policy = exchange.policy
    asked = Asked(
        feed.county, present, policy.version, held, request.part, snapshots.encoding_for(request),
        snapshots.shown(exchange.dress, policy.masked),
    )  # fmt: skip
    return snapshots.snapshot(exchange.shelf, feed, asked)


def push(
    exchange: Exchange, device: Device, incoming: Incoming, now: datetime, *, tablet: bool = False,
    doubted: bool = False,
) -> Taken:  # fmt: skip
    """Judge and store a batch of any size in one writing transaction; begun again if another writer was in
    the way.

    With `tablet`, the device is one that enrolled: its contact is noted and its villages are looked up. `doubted`:
    these records come in a file, of a copy perhaps, or without what a restored hub lost: only their links say what they
    go on from.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with write(exchange.engine) as session:
                known = _brought(device, doubted)
                if tablet:
                    known = _calling(exchange, session, device, incoming.request, now)
                taken = _push(exchange, session, known, incoming, now)
                if tablet:
                    _note(session, taken, incoming.request, now)
                return taken
        except (journal.Stale, IntegrityError):
            if attempt == ATTEMPTS:
                raise
        except DBAPIError as error:
            # SQLite has waited for the lock already; PostgreSQL ends one of two that block each other at once.
            if attempt == ATTEMPTS or exchange.engine.dialect.name == "sqlite" or not is_busy(error):
                raise
    raise AssertionError("the last attempt returns or raises")


def _brought(device: Device, doubted: bool) -> Contacted:
    return Contacted(device, Standing(0, "", closed="cloned") if doubted else None)


def _calling(
    exchange: Exchange, session: Session, device: Device, request: Request, now: datetime
) -> Contacted:
    """The device with its villages, the standing of its chain, and what it is asked.

    Its row is locked until commit, so the same tablet's requests (one repeated because its reply was lost, while
    the first is still at work) are judged one after the other.
    """
    known = enrolment.locked(session, county=device.county, device=device.id)
    standing = chains.judged(session, device, known, request)
    challenge = chains.settle(session, device, known, standing, now, exchange.new_id)
    held, ever = enrolment.held_and_ever(session, county=device.county, device=device.id)
    device = replace(device, held=frozenset(held), formerly=frozenset(ever - held))
    return Contacted(device, standing, challenge, calls=True, formers=known.formers)


def _note(session: Session, taken: Taken, request: Request, now: datetime) -> None:
    """Keeps what the tablet said of itself; of what waits there, what still does when it has its verdicts."""
    device, standing = taken.by.device, taken.by.standing
    assert standing is not None, "a tablet has a chain"
    digests.note(session, device.county, device.id, request, taken.history, now)
    said = enrolment.Contact(
        app_version=request.app_version,
        waiting=max(0, request.waiting - len(taken.pushed.verdicts)),
        clock_offset_s=round((now - to_instant(request.sent_at)).total_seconds()),
        standing=standing,
        forms=request.forms,
        free_bytes=request.free_bytes,
        photos_waiting=request.photos_waiting,
    )
    enrolment.note_contact(session, county=device.county, device=device.id, contact=said, now=now,
                           challenge=taken.by.challenge)  # fmt: skip


def _push(exchange: Exchange, session: Session, by: Contacted, incoming: Incoming, now: datetime) -> Taken:
    county = by.device.county
    present = _history(exchange, session, county, incoming.request)
    if by.calls:
        incoming = hub.heard(incoming, present)
    request = incoming.request
    # Where submissions are from, and where the sender reads.
    places = _places(
        exchange.places, session, county, by.device.held | {each.village for each in request.submissions}
    )
    facts = _facts(exchange, session, by, incoming, present, places)
    pushed = exchange.decide(incoming, facts, now)
    write_down(exchange, session, county, pushed, facts.entities, now)
    return Taken(present, pushed, by, _named(by.device.held, places))


def write_down(
    exchange: Exchange,
    session: Session,
    county: str,
    pushed: Pushed,
    before: Mapping[str, Held],
    now: datetime,
) -> None:
    """Everything that follows from what was decided, in the transaction that decided it. `before`: the entities
    it was decided from. The feed comes last: its heads are locked from then on until commit.
    """
    journal.record(session, county, pushed.records, now)
    photos.note(session, county, pushed.records)
    journal.keep(session, county, pushed.changed, before)
    for derive in exchange.derivations:
        derive(session, county, pushed.changed, now)
    session.flush()
    deltas = digest.deltas(before, pushed.changed, exchange.policy.masked)
    journal.tell(session, county, pushed.feed, deltas)


def _history(exchange: Exchange, session: Session, county: str, request: Request) -> str:
    """The present history; a new one when this tablet has read further than our feed goes."""
    present, heads = history.present_with_heads(session, county, request.held)
    if not pull.restored(request, present, heads):
        return present
    begun = exchange.new_id()
    if not history.begin_new(session, present, begun):
        raise journal.Stale
    return begun


def _facts(
    exchange: Exchange,
    session: Session,
    by: Contacted,
    incoming: Incoming,
    present: str,
    places: Mapping[str, Place],
) -> Facts:
    """What the hub decides from, in two reads: what the submissions name, then what the entities name."""
    device, submissions = by.device, incoming.request.submissions
    doubted = by.standing is not None and (by.standing.closed is not None or by.standing.ask)
    needed = hub.needed(incoming)
    facts = Facts(
        device=device,
        history=present,
        villages=frozenset(places),
        forms=exchange.forms.by_key,
        entities=journal.entities(session, device.county, needed.entities),
        known=journal.past(session, device.county, needed.past),
        policy=exchange.policy,
        ever_held=_ever_held(session, device, incoming.request),
        lines=chains.lines(
            session, device.county, device.id, submissions, doubted=doubted, formers=by.formers
        ),
    )
    further = hub.needed_past(incoming, facts)
    found = journal.past(session, device.county, further)
    return replace(facts, known={**facts.known, **found})


def _ever_held(session: Session, device: Device, request: Request) -> dict[str, frozenset[str]]:
    """What the other devices that made these records hold or have held, in the county of the one that sends."""
    others = {submission.device for submission in request.submissions} - {device.id}
    return {
        other: frozenset(enrolment.ever_held(session, county=device.county, device=other))
        for other in sorted(others)
    }


def villages_of(places: Places, session: Session, county: str, codes: Collection[str]) -> tuple[Village, ...]:
    """Villages as they travel; one the registry has no name for goes under its code."""
    return _named(codes, _places(places, session, county, codes))


def _places(places: Places, session: Session, county: str, codes: Collection[str]) -> Mapping[str, Place]:
    return {place.code: place for place in places.villages(session, county, codes)} if codes else {}


def _named(codes: Collection[str], known: Mapping[str, Place]) -> tuple[Village, ...]:
    return tuple(
        Village(code, known[code].name, known[code].township_name, known[code].area_class)
        if code in known
        else Village(code, code, "", None)
        for code in sorted(codes)
    )
