"""Tablets reduced to what they send: enrolled in the database, their batches made beforehand, sent over one
connection each as fast as they are answered.

Each request is a whole contact. What it holds beside the submissions (the cursors of the last reply) is put in at
the last moment; the rest is ready, so that the load takes as little as it can from the cores it shares.
"""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

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
from sync.codec import encode, to_json, to_text, villages_hash
from sync.messages import PROTOCOL, Request, Submission, Village

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
    """How a tablet signs in, and its requests in the order they are sent: the head of each, without cursors, and
    its submissions as JSON. The first only fills the registry and is not counted.
    """

    secret: str
    villages: tuple[str, ...]
    requests: tuple[tuple[Mapping[str, Any], bytes], ...]


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
            tuple(place.code for place in own),
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
) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    half = load.batch_n // 2
    waiting = iter(homes(rng, load.batch_n + load.batches_each * (load.batch_n - half), villages))
    held = villages_hash(
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
        yield _head(by, len(batch), held, stated), b"[" + b",".join(map(encode, batch)) + b"]"


def _head(by: Recorder, waiting: int, held: str, stated: tuple[str, ...]) -> Mapping[str, Any]:
    request = Request(
        protocol=PROTOCOL, device=by.device, history=by.history, sent_at=to_text(_NOW), app_version="bench",
        chain_seq=by.seq, chain_hash=by.last_hash, waiting=waiting, villages_hash=held, held={}, forms=stated,
        submissions=(),
    )  # fmt: skip
    head: dict[str, Any] = to_json(request)
    del head["submissions"]
    return head


@dataclass
class Line:
    """One tablet's connection, and the cursors it has reached."""

    tablet: Tablet
    connection: http.client.HTTPConnection
    held: dict[str, Any]

    def send(self, first: int, end: int) -> int:
        """The requests from ``first`` up to ``end``, one after the other; how many submissions were taken in.

        Raises BenchProblem where one was not.
        """
        return sum(self._one(number) for number in range(first, end))

    def _one(self, number: int) -> int:
        head, submissions = self.tablet.requests[number]
        start = json.dumps({**head, "held": self.held}).encode()
        self.connection.request(
            "POST", "/sync/v1", start[:-1] + b',"submissions":' + submissions + b"}",
            {
                "Authorization": f"Bearer {self.tablet.secret}", "Content-Type": "application/json",
                "Accept-Encoding": "gzip",
            },
        )  # fmt: skip
        answer = self.connection.getresponse()
        told = answer.read()
        if answer.headers.get("Content-Encoding") == "gzip":
            told = gzip.decompress(told)
        if answer.status != 200:
            raise BenchProblem(
                f"服务器拒绝了第 {number} 批：{answer.status} {told.decode(errors='replace')[:300]}"
            )
        reply = json.loads(told)
        self.held |= reply["cursors"]
        return _taken(reply, number)


def _taken(reply: Mapping[str, Any], number: int) -> int:
    outcomes = [verdict["outcome"] for verdict in reply["verdicts"]]
    if set(outcomes) != {"applied"} or reply["more"]:
        raise BenchProblem(f"第 {number} 批没有全部入库：{str(reply['verdicts'] or reply)[:500]}")
    return len(outcomes)


@contextmanager
def lines(host: str, port: int, loaded: Sequence[Tablet]) -> Iterator[list[Line]]:
    """A connection for each tablet."""
    with ExitStack() as opened:
        yield [
            Line(
                tablet,
                opened.enter_context(closing(http.client.HTTPConnection(host, port, timeout=_WAITS_FOR_S))),
                dict.fromkeys(tablet.villages),
            )
            for tablet in loaded
        ]


def at_once(them: Sequence[Line], first: int, end: int | None = None) -> int:
    """All tablets send their requests from ``first`` up to ``end`` (None: all that are left) at the same time; how
    many submissions were taken in.
    """
    with ThreadPoolExecutor(len(them)) as pool:
        return sum(pool.map(lambda line: line.send(first, end or len(line.tablet.requests)), them))
