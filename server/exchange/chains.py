"""Must 8 over the database: what the journal has of a device's chain, and what a contact's head says of it.

The pure half is `sync.chain`; this one looks up what that asks for. A sound tablet that sends only what is new costs
no look into the journal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlmodel import Session

from server import statements
from server.access import enrolment
from server.access.enrolment import ChainKnown
from server.database import among, parts, table_of
from server.exchange.tables import SubmissionRow
from sync import chain
from sync.chain import Known, Link, Standing
from sync.codec import submission_hash
from sync.documents import read_traces
from sync.facts import Device
from sync.messages import Anew, ChainEnd, Request, Submission

_JOURNAL: Final = table_of(SubmissionRow).c
# Built once: to put a statement together costs more than to run it.
_SENT: Final = select(_JOURNAL.device_seq, _JOURNAL.id, _JOURNAL.hash, _JOURNAL.sent, _JOURNAL.traces).where(
    _JOURNAL.county == bindparam("county"),
    among(_JOURNAL.device, "senders"),
    _JOURNAL.kind == "submission",
)
_AT_PLACES: Final = _SENT.where(among(_JOURNAL.device_seq, "places"))
_FROM: Final = _SENT.where(_JOURNAL.device_seq >= bindparam("place"))


def judged(session: Session, device: Device, known: ChainKnown, request: Request) -> Standing:
    """What this contact says of the device's chain. `known`: from its row, locked."""
    asked = chain.asked(request, known.chain_seq) if known.closed_as is None else ()
    return chain.judge(
        request,
        Known(
            known.chain_seq,
            known.chain_hash,
            known.challenge,
            _closed(known),
            _links(session, device.county, device.id, {device.id}, asked),
        ),
    )


def settle(
    session: Session, device: Device, known: ChainKnown, standing: Standing, now: datetime,
    new_id: Callable[[], str],
) -> str | None:  # fmt: skip
    """Close the device if it must be; gives the challenge to ask with, if it is asked again.

    Fresh for each reply: whoever did not read this one cannot know it.
    """
    if standing.closed and known.closed_as is None:
        enrolment.close(session, county=device.county, device=device.id, closed_as=standing.closed, now=now)
    return new_id() if standing.ask else None


def lines(
    session: Session, county: str, sender: str, submissions: Sequence[Submission], *, doubted: bool,
    formers: Sequence[str] = (),
) -> dict[str, str]:  # fmt: skip
    """Submission → the line it belongs to, where that is not simply its device: of records that copies of a tablet may
    have made side by side, for their device is closed or behind what it said before (`doubted`), or they come by way
    of another; and of a tablet that enrolled anew and said where its former chains end (`formers`).
    """
    ends = enrolment.ends(formers)
    before = {end.device: ends[:n] for n, end in enumerate(ends)} | {sender: ends}
    makers = {each.device for each in submissions} - (set() if doubted or ends else {sender})
    found: dict[str, str] = {}
    # The former chains first: the later ones go on from them.
    for maker in sorted(makers, key=lambda each: (len(before.get(each, ends)), each)):
        made = [each for each in submissions if each.device == maker]
        copies = doubted or maker != sender
        senders = _senders(session, county, sender, maker) if copies else {sender}
        links = _links_from(session, county, maker, senders, min(chain.around(made)))
        known = next((link.line for there in links.values() for link in there if link.line), "")
        line = chain.root(known, maker) if known else maker
        if not known and before.get(maker):
            line = _goes_on(session, county, sender, maker, before[maker][-1], found, submissions)
        links = _lined(links, line)
        found |= chain.lines(line, made, links) if copies else dict.fromkeys([each.id for each in made], line)
    return found


def _senders(session: Session, county: str, sender: str, maker: str) -> set[str]:
    """By way of which devices records of a maker may have come."""
    successors = enrolment.successors(session, county=county, device=maker)
    return {sender, maker} | {each.device for each in successors}


def _goes_on(
    session: Session, county: str, sender: str, maker: str, end: ChainEnd, found: Mapping[str, str],
    submissions: Sequence[Submission],
) -> str:  # fmt: skip
    """The line of a maker none of whose records is here yet: on from where the chain before it ended, if that is
    known. `found`: the lines of what comes with them."""
    senders = _senders(session, county, sender, end.device)
    links = _links(session, county, end.device, senders, {end.seq}).get(end.seq, ())
    here = {link.hash: link.line or end.device for link in links}
    here |= {submission_hash(each): found[each.id] for each in submissions if each.device == end.device}
    return chain.enrolled(here[end.hash], end.seq, maker) if end.hash in here else maker


def parted(session: Session, county: str, device: str, submissions: Sequence[Submission]) -> bool:
    """Whether these records of a device, which nobody has judged yet, go another way than those it sent."""
    made = [each for each in submissions if each.device == device]
    return chain.parted(made, _links(session, county, device, {device}, chain.around(made)))


def _links(
    session: Session, county: str, maker: str, senders: Collection[str], places: Collection[int]
) -> Mapping[int, Sequence[Link]]:
    """What the journal has of a device's chain at these places; it is indexed by who sent it."""
    rows: list[Any] = []
    for part in parts(sorted(places)):
        wanted = {"county": county, "senders": sorted(senders), "places": part}
        rows += statements.rows(session, _AT_PLACES, wanted)
    return _read(maker, rows)


def _links_from(
    session: Session, county: str, maker: str, senders: Collection[str], place: int
) -> Mapping[int, Sequence[Link]]:
    """The same from a place on."""
    wanted = {"county": county, "senders": sorted(senders), "place": place}
    return _read(maker, statements.rows(session, _FROM, wanted))


def _read(maker: str, rows: Iterable[Any]) -> Mapping[int, Sequence[Link]]:
    links: dict[int, list[Link]] = {}
    for seq, id, digest, sent, traces in rows:
        said = json.loads(sent)
        if said["device"] == maker:
            # A refused record may have left no trace; then nothing here says which line it belongs to.
            line = next((trace.device or maker for trace in read_traces(traces).values()), "")
            links.setdefault(seq, []).append(Link(id, digest, line, said["previous_hash"]))
    return links


def _lined(links: Mapping[int, Sequence[Link]], line: str) -> Mapping[int, Sequence[Link]]:
    """Where a link's line is not known, it is this one."""
    return {
        place: [link if link.line else replace(link, line=line) for link in there]
        for place, there in links.items()
    }


def _closed(known: ChainKnown) -> Anew | None:
    if known.closed_as is None:
        return None
    return "cloned" if known.closed_as == "cloned" else "restored"
