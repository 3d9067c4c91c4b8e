"""Tablets reduced to what they send: enrolled in the database, their requests packed beforehand as a tablet packs
them, sent over one connection each as fast as they are answered.

Each request is a whole contact. Everything in it is known before, also how far the tablet will have read: nobody else
records in its villages. So the load takes as little as it can from the cores it shares, and what came back is read
and checked after the clock has stopped.
"""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Final

from fastapi import FastAPI
from sqlmodel import Session

from server.access import actions, enrolment
from server.access.places import Place
from server.database import write
from server.exchange import forms as released
from server.exchange import history
from server.lab.bench.forms import documents, parsed
from server.lab.bench.homes import Home, Recorder, edit, homes, random_id, register
from server.lab.bench.problem import BenchProblem
from survey_forms.form import Form
from sync.codec import to_text, villages_hash
from sync.messages import PROTOCOL, Cursor, Request, Submission, Village
from sync.wire import LEAN, TAKES, Packed, pack_request, unpack_reply

SEED: Final = 140525
_NOW: Final = datetime(2020, 9, 1, 2, 0, tzinfo=UTC)
_WAITS_FOR_S: Final = 120


@dataclass(frozen=True)
class Load:
    """``tablets_n`` tablets with ``villages_each`` villages of their own send ``count`` submissions in batches."""

    count: int
    tablets_n: int = 8
    villages_each: int = 3
    batch_n: int = 50

    @property
    def batches_each(self) -> int:
        return max(1, -(-self.count // (self.tablets_n * self.batch_n)))


@dataclass(frozen=True)
class Tablet:
    """How a tablet signs in, and its requests in the order they are sent. The first only fills the registry and is
    not counted.
    """

    secret: str
    requests: tuple[Sent, ...]


@dataclass(frozen=True)
class Sent:
    """A request, as it is on the wire, and the cursors of its villages once it is answered."""

    request: Request
    packed: Packed
    reached: Mapping[str, Cursor]


def tablets(app: FastAPI, load: Load) -> list[Tablet]:
    """Enrols the load's tablets in the application's database, with the bench's forms released there."""
    rng, made = Random(SEED), documents()
    with write(app.state.engine) as session:
        released.register(session, made, app.state.clock())
        county = app.state.settings.county
        places = app.state.places.villages(session, county)[: load.tablets_n * load.villages_each]
        assert len(places) == load.tablets_n * load.villages_each, "a county with enough villages"
        past = history.present(session)
        stated = tuple(f"{form}@{version}" for form, version in released.keys(session))
        enrolled = [
            _enrolled(session, app, places[first : first + load.villages_each], past, rng)
            for first in range(0, len(places), load.villages_each)
        ]
    forms = parsed(made)
    return [
        Tablet(
            secret,
            tuple(_requests(recorder, own, stated, forms, load, rng)),
        )
        for recorder, secret, own in enrolled
    ]


def _enrolled(
    session: Session, app: FastAPI, villages: Sequence[Place], past: str, rng: Random
) -> tuple[Recorder, str, Sequence[Place]]:
    county, now = app.state.settings.county, app.state.clock()
    device, secret = random_id(rng), f"{rng.getrandbits(256):064x}"
    person = actions.surveyor(
        session, name="测量用平板", county=county, new_id=lambda: random_id(rng), now=now
    )
    code = enrolment.make_code(
        session, county=county, person=person.id, villages=[each.code for each in villages], made_by="bench", now=now
    )  # fmt: skip
    enrolment.enrol(
        session, code=code, device=device, secret=secret, name="测量", app_version="bench", now=now
    )
    return Recorder(device, person.id, county, past), secret, villages


def _requests(
    by: Recorder,
    villages: Sequence[Place],
    stated: tuple[str, ...],
    forms: Mapping[str, Form],
    load: Load,
    rng: Random,
) -> Iterator[Sent]:
    half = load.batch_n // 2
    waiting = iter(homes(rng, load.batch_n + load.batches_each * (load.batch_n - half), villages))
    held: dict[str, Cursor | None] = {each.code: None for each in villages}
    hashed = villages_hash(
        Village(each.code, each.name, each.township_name, each.area_class) for each in villages
    )
    known: list[Home] = []
    for number in range(load.batches_each + 1):
        batch: list[Submission] = []
        fresh: list[Home] = []
        edited_n = half if number else 0
        for home in known[:edited_n]:
            by, made, _ = edit(by, home, forms, rng, _NOW)
            batch.append(made)
        for _ in range(load.batch_n - edited_n):
            by, made, home = register(by, next(waiting), forms, rng)
            batch.append(made)
            fresh.append(home)
        known = fresh
        request = Request(
            protocol=PROTOCOL, device=by.device, history=by.history, sent_at=to_text(_NOW), app_version="bench",
            chain_seq=by.seq, chain_hash=by.last_hash, waiting=len(batch), villages_hash=hashed, held=dict(held),
            forms=stated, submissions=tuple(batch), can=(LEAN,),
        )  # fmt: skip
        reached = _reached(held, batch)
        held |= reached
        yield Sent(request, pack_request(request, TAKES), reached)


def _reached(held: Mapping[str, Cursor | None], batch: Sequence[Submission]) -> dict[str, Cursor]:
    """Each submission is one change of its village; a village without any is read to its head too."""
    changes = Counter(submission.village for submission in batch)
    before = {village: (cursor.seq or 0) if cursor else 0 for village, cursor in held.items()}
    return {village: Cursor(seq=before[village] + changes[village]) for village in held}


@dataclass
class Line:
    """One tablet's connection, and the answers that came over it: what was asked, status, encoding, body."""

    tablet: Tablet
    connection: http.client.HTTPConnection
    answers: list[tuple[Sent, int, str, bytes]] = field(default_factory=list)

    def send(self, first: int, end: int) -> int:
        """The requests from ``first`` up to ``end``, one after the other; how many submissions that were."""
        asked = self.tablet.requests[first:end]
        for sent in asked:
            headers = {"Authorization": f"Bearer {self.tablet.secret}", "Accept-Encoding": "gzip"}
            if sent.packed.encoding:
                headers["Content-Encoding"] = sent.packed.encoding
            self.connection.request("POST", "/sync/v1", sent.packed.body, headers)
            answer = self.connection.getresponse()
            self.answers.append(
                (sent, answer.status, answer.headers.get("Content-Encoding", ""), answer.read())
            )
        return sum(len(sent.request.submissions) for sent in asked)


def check(them: Sequence[Line]) -> None:
    """Everything that was sent was taken in, and read back. Raises BenchProblem."""
    for sent, status, encoding, body in (answer for line in them for answer in line.answers):
        if status != 200:
            raise BenchProblem(f"服务器拒绝了一批：{status} {body.decode(errors='replace')[:300]}")
        reply = unpack_reply(body, encoding, sent.request)
        outcomes = Counter(verdict.outcome for verdict in reply.verdicts)
        if outcomes != {"applied": len(sent.request.submissions)}:
            raise BenchProblem(f"有一批没有全部入库：{dict(outcomes)} {str(reply)[:500]}")
        if reply.more or any(sent.reached[village] != cursor for village, cursor in reply.cursors.items()):
            raise BenchProblem(f"有一批的改动没有照预计读回：{reply.cursors} {sent.reached}")


@contextmanager
def lines(host: str, port: int, loaded: Sequence[Tablet]) -> Iterator[list[Line]]:
    """A connection for each tablet."""
    with ExitStack() as opened:
        yield [
            Line(
                tablet,
                opened.enter_context(closing(http.client.HTTPConnection(host, port, timeout=_WAITS_FOR_S))),
            )
            for tablet in loaded
        ]


def at_once(them: Sequence[Line], first: int, end: int | None = None) -> int:
    """All tablets send their requests from ``first`` up to ``end`` (None: all that are left) at the same time; how
    many submissions were taken in.
    """
    with ThreadPoolExecutor(len(them)) as pool:
        return sum(pool.map(lambda line: line.send(first, end or len(line.tablet.requests)), them))
