"""`cleanheat bench sync`: which figures are wanted, each told as soon as it is measured.

A group of figures comes from one measurement and is measured when any of its names is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from server.lab.bench import ingest, lines, peer
from server.lab.bench.figures import REACH, Figure
from server.lab.bench.load import Load
from server.lab.bench.made import Made
from server.lab.bench.problem import BenchProblem
from server.terminal.steps import Steps

RUNS_N: Final = 5
SUBMISSIONS_N: Final = 10_000
errors: Final = Console(stderr=True)


@dataclass(frozen=True)
class Wanted:
    """``only``: names of figures, empty for all. ``count``: submissions of the ingest measurement. ``pouchdb``: a
    folder for PouchDB's packages, to measure it beside.
    """

    only: tuple[str, ...] = ()
    runs_n: int = RUNS_N
    count: int = SUBMISSIONS_N
    sqlite: bool = False
    pouchdb: Path | None = None


Measure = Callable[[lines.Bench], Iterator[Figure]]

# What one measurement over the line gives, in the order in which they are told.
ON_LINE: Final[tuple[tuple[tuple[str, ...], Measure], ...]] = (
    (("first_sync_s", "first_sync_bytes"), lambda at: at.first_sync("first_sync")),
    (
        ("first_sync_zstd_s", "first_sync_zstd_bytes"),
        lambda at: at.first_sync("first_sync_zstd", zstandard=True),
    ),
    (("plain_lines_s", "plain_lines_bytes", "plain_columns_s", "plain_columns_bytes"), lambda at: at.plain()),
    (("nothing_new_s", "nothing_new_bytes", "nothing_new_requests"), lambda at: at.nothing_new()),
    (("one_down_s", "one_down_bytes"), lambda at: at.one_down()),
    (("hundred_up_s", "hundred_up_bytes", "hundred_up_requests"), lambda at: at.hundred_up()),
    (
        ("first_sync_reset10_s", "first_sync_reset10_ratio"),
        lambda at: at.first_sync_reset("first_sync_reset10", 10),
    ),
    (
        ("first_sync_reset3_s", "first_sync_reset3_ratio"),
        lambda at: at.first_sync_reset("first_sync_reset3", 3),
    ),
)
LINE_NAMES: Final = tuple(name for names, _ in ON_LINE for name in names)
NAMES: Final = (*LINE_NAMES, *ingest.NAMES)


def measured(made: Made, wanted: Wanted, steps: Steps) -> Iterator[Figure]:
    """The wanted figures, each as soon as it is known. Raises BenchProblem."""
    if unknown := sorted(set(wanted.only) - set(NAMES)):
        raise BenchProblem(f"没有叫 {'、'.join(unknown)} 的指标。可以测的有：{'、'.join(NAMES)}。")
    asked = set(wanted.only or NAMES)
    on_line = [measure for names, measure in ON_LINE if asked & set(names)]
    missed: BenchProblem | None = None
    try:
        if on_line:
            yield from _over_the_line(made, wanted, on_line, steps)
    except BenchProblem as problem:
        missed = problem
    # What needs no link is measured even where there can be none.
    if asked & set(ingest.NAMES):
        yield from ingest.measure(
            made, Load(wanted.count), runs_n=wanted.runs_n, sqlite=wanted.sqlite, steps=steps
        )
    if missed:
        raise missed


def _over_the_line(made: Made, wanted: Wanted, measures: Sequence[Measure], steps: Steps) -> Iterator[Figure]:
    with lines.bench(made, runs_n=wanted.runs_n, steps=steps) as at:
        for number, measure in enumerate(measures):
            with steps(f"在线路上测量（{number + 1}/{len(measures)}）"):
                yield from measure(at)
        if wanted.pouchdb:
            yield from _peer(at, wanted.pouchdb, wanted.runs_n, steps)


def _peer(at: lines.Bench, folder: Path, runs_n: int, steps: Steps) -> Iterator[Figure]:
    """Where PouchDB cannot be had, the rest is told all the same."""
    try:
        packages = peer.installed(folder)
    except BenchProblem as problem:
        errors.print(str(problem), markup=False, highlight=False)
        return
    with peer.peer(at.at, at.county, packages, runs_n) as beside, steps("在线路上测量 PouchDB"):
        yield from beside.figures()


def tell(figures: Iterator[Figure], console: Console, *, as_json: bool) -> None:
    """Each figure as a line of JSON as it comes; or all of them as one table, also those that came before a problem."""
    if as_json:
        for each in figures:
            console.out(each.line(), highlight=False)
        return
    told: list[Figure] = []
    try:
        for each in figures:
            told.append(each)
    finally:
        if told:
            console.print(table(told))


def table(figures: Sequence[Figure]) -> Table:
    """Our figures, PouchDB's beside them. The floor: plain HTTP with the same bytes, or inserts of the same rows."""
    beside = {
        each.name.removeprefix(peer.PREFIX): each for each in figures if each.name.startswith(peer.PREFIX)
    }
    made = Table(
        "指标", "应达到", "测得", "最小至最大", "下限", "PouchDB", "", title="同步的测量", box=box.SIMPLE
    )
    made.columns[0].no_wrap = True
    for column in made.columns[1:6]:
        column.justify = "right"
    for each in figures:
        if each.name.startswith(peer.PREFIX):
            continue
        other = beside.get(each.name)
        made.add_row(
            each.name, _reach(each.name), f"{_number(each.value)} {each.unit}",
            " 至 ".join(map(_number, each.spread)), "" if each.reference is None else _number(each.reference),
            _number(other.value) if other else "", {True: "达到", False: "未达到", None: ""}[each.reached],
        )  # fmt: skip
    return made


def _reach(name: str) -> str:
    most, least = REACH.get(name, (None, None))
    if most is not None:
        return f"≤ {_number(most)}"
    return "" if least is None else f"≥ {_number(least)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:g}"
