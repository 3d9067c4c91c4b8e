"""The bench over this machine's loopback: every figure comes out, in its shape. What it measured, no test judges."""

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from io import StringIO
from random import Random

import pytest
from rich.console import Console

from server.access.places import Place
from server.app import create_app, fill
from server.lab.bench import command, ingest, lines
from server.lab.bench.command import Wanted
from server.lab.bench.figures import Figure, figure
from server.lab.bench.forms import EDITED, documents, parsed
from server.lab.bench.homes import Recorder, edit, homes, register
from server.lab.bench.load import Load
from server.lab.bench.made import Made
from server.lab.bench.problem import BenchProblem
from server.terminal.steps import unseen
from sync.codec import encode, submission_hash

MADE = Made(create_app, fill)
VILLAGES = [Place(f"1405251002{n:02d}", f"{n}村", "镇", "rural") for n in range(1, 4)]


def told(figures: Iterable[Figure]) -> dict[str, dict]:
    """Name → the line of JSON, read."""
    lines_of_json = [json.loads(each.line()) for each in figures]
    for each in lines_of_json:
        assert set(each) == {"name", "value", "unit", "reference", "spread", "runs"}
        assert each["spread"][0] <= each["value"] <= each["spread"][1]
    return {each["name"]: each for each in lines_of_json}


def test_every_row_over_the_line_comes_out() -> None:
    with lines.bench(MADE, runs_n=1, households_n=20, on_link=False) as at:
        measured = told(each for _, measure in command.ON_LINE for each in measure(at))
    # Without a link no bytes are counted.
    assert set(measured) == {name for name in command.LINE_NAMES if not name.endswith("_bytes")}
    assert measured["nothing_new_requests"]["value"] == 1
    assert measured["first_sync_s"]["reference"] > 0


def test_taking_in_is_measured_over_sqlite_too() -> None:
    load = Load(count=40, tablets_n=2, villages_each=1, batch_n=10)
    measured = told(ingest.measure(MADE, load, runs_n=1, sqlite=True))
    assert set(measured) == set(ingest.NAMES)
    assert measured["ingest_per_s"]["unit"] == "/s" and measured["ingest_per_s"]["reference"] > 0


def test_a_household_of_the_bench_has_thirty_properties_and_an_edit_changes_two() -> None:
    rng, forms = Random(1), parsed(documents())
    by = Recorder(str(uuid.UUID(int=1)), "p", "140525", str(uuid.UUID(int=2)))
    sizes = []
    for each in homes(rng, 30, VILLAGES):
        before = by
        by, made, home = register(by, each, forms, rng)
        assert len(home.props) == 30
        assert made.previous_hash == before.last_hash and by.last_hash == submission_hash(made)
        assert uuid.UUID(home.id).version == 4
        sizes.append(len(encode(dict(home.props))))
    assert 600 < sum(sizes) / len(sizes) < 750
    _, _, changed = edit(by, home, forms, rng, datetime(2020, 9, 1, tzinfo=UTC))
    assert {name for name in home.props if home.props[name] != changed.props[name]} == set(EDITED)


def test_a_figure_is_the_median_beside_the_least_and_the_greatest() -> None:
    made = figure("first_sync_s", "s", [9.0, 5.12345, 7.0], [4.0, 6.0])
    assert made == Figure("first_sync_s", 7.0, "s", 5.0, (5.123, 9.0), 3)
    assert made.reached is False and figure("first_sync_s", "s", [6.6]).reached
    assert figure("ingest_per_s", "/s", [1_999.4]).reached is False
    assert figure("plain_lines_s", "s", [1.0]).reached is None


def test_the_table_says_what_is_reached() -> None:
    console = Console(width=120, record=True, file=StringIO())
    command.tell(iter([figure("first_sync_s", "s", [7.0, 6.0, 5.0], [4.0])]), console, as_json=False)
    said = console.export_text()
    for word in ("first_sync_s", "≤ 6.6", "6 s", "5 至 7", "4", "达到"):
        assert word in said


def test_a_figure_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(BenchProblem, match=r"没有叫 sync_s 的指标.*first_sync_s.*ingest_per_s"):
        list(command.measured(MADE, Wanted(only=("sync_s",)), unseen))
