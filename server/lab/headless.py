"""A tablet without a window: the real replica, interview and client, worked by a list of recordings.

What it has done is what its own chain says: task n is submission n+1. So a run that was cut anywhere goes
on where it stopped, and nothing is recorded twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from server.lab.baseline import spring
from server.lab.county import SyntheticHousehold
from server.lab.filling import fill, place, targets
from server.lab.houses import house
from server.lab.names import resident_number
from server.lab.recordings import Recording, recordings
from survey_forms.form import Form
from sync.client import Account
from sync.driver import HttpHub, enrol, http_client, run
from sync.replica import Draft, Replica


@dataclass(frozen=True)
class Task:
    """One recording at one home; `new`: nobody has registered it yet, as far as the surveyor knows."""

    home: SyntheticHousehold
    recording: Recording
    new: bool = False


def registered_twice(beside: SyntheticHousehold, tablet: int) -> Task:
    """A home that moved in next door to another, registered as new: two tablets that do this offline hold one home
    twice. ``tablet`` counts from 0; the home is not among those the county was drawn with."""
    assert beside.registered_on is not None, "a registered home"
    rng = Random(f"{beside.number}/next door")
    drawn = house(rng, beside.village, 0, beside.area_class, mountain=beside.house.mountain)
    told = replace(
        drawn, door_number=f"{beside.house.door_number}附1", location=None, occupancy="all_winter",
        id_number=resident_number(rng, beside.village[:6], 47), phone=f"154{tablet:02d}{beside.number:06d}",
        hardship="none", residents_n=3, not_heated_reason=None, demolition_year=None,
    )  # fmt: skip
    home = replace(
        beside, number=-1 - tablet, house=told, first_visit_on=beside.registered_on, first_outcome="surveyed",
        conversion=None, away_on=None,
    )  # fmt: skip
    return Task(home, next(recordings(home)), new=True)


@dataclass(frozen=True)
class Headless:
    """A tablet and the hands that work it. ``seed``: of the county it works in."""

    seed: int
    replica: Replica
    forms: Mapping[str, Form]
    clock: Callable[[], datetime]
    new_id: Callable[[], str]


def tasks(homes: Iterable[SyntheticHousehold]) -> list[Task]:
    """What is left for the tablets after the baseline, village by village and door by door.

    A visit at which nothing but a signature could be noted is left out: the next one notes it too.
    """
    return [
        Task(home, recording) for home in homes for recording in recordings(home) if _ours(home, recording)
    ]


def contested(home: SyntheticHousehold, phone: str) -> Task:
    """The registration once more with another telephone number: two tablets that do this offline disagree."""
    recording = spring(home)[-1]
    assert recording.form == "household", "a registered home"
    basics = recording.answers["basics"]
    assert isinstance(basics, dict), "a group of answers"
    return Task(home, replace(recording, answers={**recording.answers, "basics": {**basics, "phone": phone}}))


def _ours(home: SyntheticHousehold, recording: Recording) -> bool:
    if recording.form == "conversion":
        assert home.conversion is not None, "only converted homes have conversions recorded"
        return home.conversion.stages.as_of(recording.on).installed_on is not None
    return recording.form == "visit" and recording.on == home.away_on


def join(tablet: Headless, *, server: str, code: str, name: str, app_version: str) -> None:
    """Make this tablet known to the hub; harmless to repeat. Raises `sync.driver.HubProblem`."""
    if tablet.replica.identity() is None:
        with http_client() as client:
            enrol(tablet.replica, client, server, code, device_name=name, app_version=app_version)


def work(tablet: Headless, todo: Sequence[Task], count: int) -> int:
    """Record up to ``count`` of the next tasks, offline; how many that were.

    It stops at a home that is not on the tablet yet: a surveyor works down the list she has.
    """
    identity = tablet.replica.identity()
    assert identity is not None, "an enrolled tablet"
    begun = tablet.replica.stated().chain_seq
    for number, task in enumerate(todo[begun : begun + count]):
        if not _record(tablet, task, identity.person):
            return number
    return min(count, max(len(todo) - begun, 0))


def _record(tablet: Headless, task: Task, person: str) -> bool:
    ids = targets(tablet.seed, task.recording)
    household = tablet.replica.entity("household", ids["household"])
    if household is None and not task.new:
        return False
    form = tablet.forms[task.recording.form]
    given = {**(household.props if household else {}), **place(task.home, person)}
    filled = fill(form, task.recording, given=given, ids=ids, now=tablet.clock())
    draft = Draft(
        id=tablet.new_id(),
        form=form.id,
        form_version=form.version,
        village=task.home.village,
        household_id=ids["household"],
        target_ids={dataset: ids[dataset] for dataset in filled.changes},
        answers=filled.answers,
    )
    tablet.replica.save_draft(draft)
    tablet.replica.submit(draft.id, filled.answers, filled.changes, tablet.clock())
    return True


def report(tablet: Headless, server: str, app_version: str) -> Account:
    """Go online once: everything waiting is offered, everything new is read."""
    identity = tablet.replica.identity()
    assert identity is not None, "an enrolled tablet"
    with http_client() as client:
        hub = HttpHub(client, server, identity.secret)
        return run(tablet.replica, hub, clock=tablet.clock, app_version=app_version)
