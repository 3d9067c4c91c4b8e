"""The hub sees ordinary records at a glance: every one that the laboratory's surveyors and the bench make.

Counted, not timed: a form that falls back to the full look would still be judged rightly, only slowly.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, time
from random import Random

import pytest

from server.exchange.forms import ReleasedForm
from server.lab.bench import forms as bench
from server.lab.bench import homes as bench_homes
from server.lab.county import synthetic_county
from server.lab.filling import fill, parsed_forms, place, targets
from server.lab.recordings import recordings
from survey_forms.glance import is_surely_sound
from survey_forms.interview import examine
from sync.codec import to_instant
from sync.messages import FormXml


@dataclass(frozen=True)
class Village:
    code: str
    name: str
    area_class: str | None = "rural"


VILLAGES = [Village("140525105201", "模拟村"), Village("140525100202", "模拟庄")]


def test_whatever_the_laboratory_records_is_seen_at_a_glance() -> None:
    forms, seen = parsed_forms(), Counter[str]()
    for home in synthetic_county(Random(2020), 150, VILLAGES):
        known: dict[str, str] = {}
        for recording in recordings(home):
            form, ids = forms[recording.form], targets(1, recording)
            now = datetime.combine(recording.on, time(2), tzinfo=UTC)
            given = known | place(home, "p-1")
            filled = fill(form, recording, given=given, ids=ids, now=now)
            known |= filled.changes.get("household", {})
            given |= {f"{dataset}_id": entity for dataset, entity in ids.items()}
            context = ReleasedForm(form, FormXml(form.id, form.version, "", "")).context(now, given)
            assert examine(form, filled.answers, context) == ()
            assert is_surely_sound(form, filled.answers, context)
            seen[form.id] += 1
    assert seen.keys() >= {"household", "conversion", "visit"}
    assert min(seen.values()) > 10


@pytest.mark.parametrize("form", [bench.REGISTRATION, bench.EDIT])
def test_whatever_the_bench_sends_is_seen_at_a_glance(form: str) -> None:
    forms = bench.parsed(bench.documents())
    rng, rules = Random(1), ReleasedForm(forms[form], FormXml(form, bench.VERSION, "", ""))
    by = bench_homes.Recorder("d", "p-1", "140525", "h")
    for home in bench_homes.homes(rng, 60, VILLAGES):
        by, registered, held = bench_homes.register(by, home, forms, rng)
        by, edited, _ = bench_homes.edit(by, held, forms, rng, datetime(2020, 9, 1, 2, tzinfo=UTC))
        sent = registered if form == bench.REGISTRATION else edited
        given = {"county": sent.county, "village": sent.village, "person": sent.person}
        given |= {f"{target.dataset}_id": target.id for target in sent.targets}
        context = rules.context(to_instant(sent.observed_at), given)
        assert examine(rules.form, sent.answers, context) == ()
        assert is_surely_sound(rules.form, sent.answers, context)
