"""The county that a bench tablet meets: two thousand households in ten villages, entered by a clerk.

They go through the hub as any submission does; only the way over HTTP is left out, which would show nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from fastapi import FastAPI

from server.access import actions, enrolment
from server.database import parts, write
from server.exchange import forms as released
from server.exchange import history, store
from server.exchange.current import exchange_now
from server.lab.baseline import Clerk, envelope
from server.lab.bench.forms import documents, parsed
from server.lab.bench.homes import Home, Recorder, edit, homes, random_id, register
from server.lab.bench.problem import BenchProblem
from survey_forms.form import Form
from sync.facts import Device
from sync.messages import Submission

SEED: Final = 140525
HOUSEHOLDS_N: Final = 2_000
VILLAGES_N: Final = 10
_AT_ONCE: Final = 500
_NOW: Final = datetime(2020, 9, 1, 2, 0, tzinfo=UTC)


@dataclass
class County:
    """``homes``: as the registry has them. ``code``: enrols one tablet with all the villages."""

    app: FastAPI
    clerk: Recorder
    villages: frozenset[str]
    forms: dict[str, Form]
    homes: list[Home]
    code: str
    rng: Random

    def enter(self, submissions: Sequence[Submission]) -> None:
        """The hub takes them in at once. Raises BenchProblem where it does not."""
        exchange = exchange_now(self.app.state)
        device = Device(self.clerk.device, self.clerk.county, self.villages)
        clerk = Clerk(
            SEED,
            device.id,
            self.clerk.person,
            device.county,
            self.clerk.history,
            self.clerk.seq,
            self.clerk.last_hash,
        )
        for batch in parts(submissions, _AT_ONCE):
            taken = store.push(exchange, device, envelope(clerk, tuple(batch), _NOW), self.app.state.clock())
            outcomes = {verdict.outcome for verdict in taken.pushed.verdicts}
            if outcomes != {"applied"}:
                raise BenchProblem(f"模拟的登记没有全部入库：{'、'.join(sorted(outcomes)) or '没有答复'}。")

    def change_one(self, number: int) -> None:
        """Somebody else changes two fields of a home."""
        self.clerk, made, self.homes[number] = edit(
            self.clerk, self.homes[number], self.forms, self.rng, _NOW
        )
        self.enter([made])


def county(app: FastAPI, households_n: int = HOUSEHOLDS_N) -> County:
    """Enters the county into the application's database."""
    rng, made = Random(SEED), documents()
    settings, now = app.state.settings, app.state.clock()
    with write(app.state.engine) as session:
        released.register(session, made, now)
        villages = app.state.places.villages(session, settings.county)[:VILLAGES_N]
        codes = [village.code for village in villages]
        person = actions.surveyor(
            session, name="测量用平板", county=settings.county, new_id=lambda: random_id(rng), now=now
        )
        code = enrolment.make_code(
            session, county=settings.county, person=person.id, villages=codes, made_by="bench", now=now
        )
        clerk = Recorder(random_id(rng), person.id, settings.county, history.present(session))
    forms, entered, known = parsed(made), [], []
    for home in homes(rng, households_n, villages):
        clerk, submission, registered = register(clerk, home, forms, rng)
        entered.append(submission)
        known.append(registered)
    whole = County(app, clerk, frozenset(codes), forms, known, code, rng)
    whole.enter(entered)
    return whole
