"""Entering at the office: the spring survey of the whole county, and of one township everything that followed.

It goes in transactions of a size that lets tablets between, and where it stopped it goes on: the hub says which
of the clerk's submissions it has.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from typing import Final

from fastapi import FastAPI
from sqlalchemy import func
from sqlmodel import Session, col, select

from server.database import read
from server.exchange import history, store
from server.exchange.tables import SubmissionRow
from server.lab.baseline import Clerk, envelope, spring, submissions
from server.lab.county import SyntheticHousehold
from server.lab.filling import entity_id, parsed_forms
from server.lab.headless import tasks
from server.lab.prepared import DemoFile, clerk_id
from server.lab.recordings import Recording
from server.registry.tables import Household
from sync.facts import Device
from sync.messages import Submission

BATCH_N: Final = 300
ROUND_HOMES_N: Final = 40

Told = Callable[[int], None]


@dataclass(frozen=True)
class Work:
    """What is entered, in this order: `whole` with all that happened in the year, then of `shares`, one for each
    tablet, what spring found. `told` counts homes begun.
    """

    whole: Sequence[SyntheticHousehold]
    shares: Sequence[Sequence[SyntheticHousehold]]
    told: Told


def enter(
    app: FastAPI, file: DemoFile, work: Work, stop: threading.Event, whole_done: threading.Event
) -> None:
    """Enter what is not entered yet, until `stop`. `whole_done` is set once the first part is."""
    with read(app.state.engine) as session:
        clerk, homes_n = _clerk(session, file), _registered(session, file.county)
        done = _entered(session, clerk)
    if homes_n >= file.households:
        work.told(file.households)
        whole_done.set()
        return
    forms = parsed_forms()
    villages = frozenset(home.village for share in (work.whole, *work.shares) for home in share)
    device = Device(clerk.device, clerk.county, villages)
    clerk = _enter(app, device, submissions(clerk, work.whole, forms, year), clerk, done, work.told, stop)
    if stop.is_set():
        return
    whole_done.set()
    _enter(app, device, submissions(clerk, in_turn(work.shares), forms), clerk, done, work.told, stop)


def year(home: SyntheticHousehold) -> list[Recording]:
    """Everything recorded of a home: by the spring survey, and by those who would have gone there later."""
    return [*spring(home), *(task.recording for task in tasks([home]))]


def _enter(
    app: FastAPI, device: Device, everything: Iterator[tuple[Clerk, Submission]], clerk: Clerk, done: int,
    told: Told, stop: threading.Event,
) -> Clerk:  # fmt: skip
    """The clerk as she stands at the end. `done`: how many of her submissions the hub has."""
    exchange: store.Exchange = app.state.exchange
    while not stop.is_set():
        batch = list(islice(everything, BATCH_N))
        if not batch:
            break
        clerk = batch[-1][0]
        new = tuple(made for _, made in batch if made.device_seq > done)
        if new:
            now = app.state.clock()
            store.push(exchange, device, envelope(clerk, new, now), now)
        told(sum(_begins_a_home(made) for _, made in batch))
    return clerk


def in_turn(shares: Sequence[Sequence[SyntheticHousehold]]) -> Iterator[SyntheticHousehold]:
    """A few homes for each tablet, round and round, so that all of them can begin at once."""
    cut: list[list[Sequence[SyntheticHousehold]]] = [
        [share[start : start + ROUND_HOMES_N] for start in range(0, len(share), ROUND_HOMES_N)]
        for share in shares
    ]
    for around in zip_longest(*cut, fillvalue=()):
        yield from chain.from_iterable(around)


def _begins_a_home(made: Submission) -> bool:
    """Whether it is the first that is said of its household."""
    return any(target.dataset == "household" and target.follows is None for target in made.targets)


def _clerk(session: Session, file: DemoFile) -> Clerk:
    return Clerk(
        seed=file.seed,
        device=entity_id(file.seed, "clerk's device", 0),
        person=clerk_id(file.seed),
        county=file.county,
        history=history.present(session),
    )


def _registered(session: Session, county: str) -> int:
    return session.exec(select(func.count()).where(Household.county == county)).one()


def _entered(session: Session, clerk: Clerk) -> int:
    """How many submissions of the baseline the journal has."""
    last = session.exec(
        select(func.max(SubmissionRow.device_seq)).where(
            SubmissionRow.county == clerk.county, col(SubmissionRow.device) == clerk.device
        )
    ).one()
    return int(last or 0)
