"""The baseline survey of spring 2020, entered at the office: every household begins with a submission of its own.

One device enters it all, with a chain like any tablet's, and the hub judges it like any tablet's. It goes
straight to the exchange's store because twenty thousand records over HTTP would show nothing more. Ids and
instants follow from the seed, so a run that was cut is simply begun again: the hub knows what it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from server.lab.county import SyntheticHousehold
from server.lab.filling import entity_id, fill, place, targets
from server.lab.recordings import Recording, recordings
from survey_forms.form import Form
from sync.codec import submission_hash, to_text
from sync.messages import PROTOCOL, Incoming, Request, Submission, Target

_MORNING = time(2, 0, tzinfo=UTC)  # ten o'clock in China


@dataclass(frozen=True)
class Clerk:
    """Who enters the baseline, and where her device's chain stands."""

    seed: int
    device: str
    person: str
    county: str
    history: str
    seq: int = 0
    last_hash: str = ""


def spring(home: SyntheticHousehold) -> list[Recording]:
    """What the spring survey found: the first visit where nobody answered, and the registration."""
    return [
        recording
        for recording in recordings(home)
        if recording.form in ("visit", "household") and recording.on != home.away_on
    ]


def submissions(
    clerk: Clerk,
    homes: Iterable[SyntheticHousehold],
    forms: Mapping[str, Form],
    recorded: Callable[[SyntheticHousehold], Iterable[Recording]] = spring,
) -> Iterator[tuple[Clerk, Submission]]:
    """Each submission of the baseline, with the clerk as she stands after it. ``recorded``: what is entered of a
    home, oldest first.
    """
    for home in homes:
        last: dict[tuple[str, str], str] = {}
        known: dict[str, str] = {}
        for recording in recorded(home):
            now = _instant(recording.on)
            ids = targets(clerk.seed, recording)
            told = {**known, **place(home, clerk.person)}
            filled = fill(forms[recording.form], recording, given=told, ids=ids, now=now)
            known |= filled.changes.get("household", {})
            made = Submission(
                id=entity_id(clerk.seed, "baseline", clerk.seq + 1),
                device=clerk.device,
                device_seq=clerk.seq + 1,
                previous_hash=clerk.last_hash,
                history=clerk.history,
                county=clerk.county,
                village=home.village,
                person=clerk.person,
                form=recording.form,
                form_version=forms[recording.form].version,
                observed_at=to_text(now),
                corrects=None,
                targets=tuple(
                    Target(dataset, ids[dataset], 0, {}, last.get((dataset, ids[dataset])))
                    for dataset in sorted(filled.changes)
                ),
                answers=filled.answers,
            )
            last |= {(target.dataset, target.id): made.id for target in made.targets}
            clerk = replace(clerk, seq=made.device_seq, last_hash=submission_hash(made))
            yield clerk, made


def envelope(clerk: Clerk, batch: tuple[Submission, ...], now: datetime) -> Incoming:
    """A batch as one contact of the clerk's device."""
    request = Request(
        protocol=PROTOCOL,
        device=clerk.device,
        history=clerk.history,
        sent_at=to_text(now),
        app_version="baseline",
        chain_seq=clerk.seq,
        chain_hash=clerk.last_hash,
        waiting=len(batch),
        villages_hash="",
        held={},
        forms=(),
        submissions=batch,
    )
    return Incoming(request, ())


def _instant(day: date) -> datetime:
    return datetime.combine(day, _MORNING)
