"""`cleanheat simulate`: many counties from many seeds, each with its faults, each checked when it is quiet.

The same seed plays the same county, here and on every machine with the same SQLite; a digest over everything
that travelled and everything that is left says so. A county that breaks a promise is cut down to a short story, told,
and written to a file that plays it again, whatever becomes of the drawing of stories.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from server.lab.simulation import faults, story
from server.lab.simulation.playing import County, play_and_shrink
from server.lab.simulation.story import SizeName, Story, draw
from server.lab.simulation.world import stage
from server.terminal.bars import Bars

TOLD_MAX: Final = 5
BATCHES_PER_JOB: Final = 4
BATCH_MIN: Final = 20
Played = tuple[County, float]
"""What came of a story, and the seconds of a processor that it took."""


@dataclass(frozen=True)
class Asked:
    """``seeds``: how many, from ``first`` on. ``keep``: the folder for stories that break a promise. ``replay``:
    a file with one, to be played instead. ``jobs``: processes, None: one for each core."""

    seeds: int
    first: int = 0
    size: SizeName = "small"
    jobs: int | None = None
    keep: Path = Path("simulated")
    replay: Path | None = None

    @property
    def processes(self) -> int:
        return max(1, min(self.jobs or os.cpu_count() or 1, self.seeds // BATCH_MIN))

    def stories(self) -> list[Story]:
        if self.replay is not None:
            return [story.kept(self.replay)[0]]
        return [draw(seed, self.size) for seed in range(self.first, self.first + self.seeds)]


@dataclass(frozen=True)
class Report:
    """What came of a run. ``counts``: of all its counties. ``seconds``: from beginning to end; ``cpu_s``: those of a
    processor that playing took, on however many of them, without what is done once for each process."""

    counties_n: int
    failed: tuple[County, ...]
    counts: Counter[str]
    seconds: float
    cpu_s: float = 0.0

    @property
    def worlds_per_s(self) -> float | None:
        """Of one core."""
        return round(self.counties_n / self.cpu_s, 1) if self.cpu_s else None

    @property
    def exit_status(self) -> int:
        return 1 if self.failed else 0


def simulate(asked: Asked, on_county: Callable[[int, County], None] = lambda n, county: None) -> Report:
    """Play what is asked for; ``on_county`` is told how many have been played, and of each, in their order."""
    begun, counts, failed, n, cpu_s = time.monotonic(), Counter[str](), [], 0, 0.0
    with closing(_played(asked.stories(), asked.processes)) as counties:
        for n, (county, took_s) in enumerate(counties, start=1):
            cpu_s += took_s
            counts.update(county.counts)
            if county.violations:
                failed.append(county)
            on_county(n, county)
    return Report(n, tuple(failed), counts, time.monotonic() - begun, cpu_s)


def _played(stories: list[Story], jobs: int) -> Generator[Played, None, None]:
    if jobs == 1:
        yield from _one_after_the_other(stories)
        return
    size = max(BATCH_MIN, -(-len(stories) // (jobs * BATCHES_PER_JOB)))
    batches = [stories[start : start + size] for start in range(0, len(stories), size)]
    # Spawned, not forked: a copy of this process would share its open databases.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for batch in pool.map(_batch, batches):
            yield from batch


def _one_after_the_other(stories: Iterable[Story]) -> Generator[Played, None, None]:
    todo = list(stories)
    with stage(todo[0].size) as on:
        # What is loaded by now stays: no county is to look through it for what it can throw away.
        gc.freeze()
        for each in todo:
            begun = time.process_time()
            county = play_and_shrink(on, each)
            yield county, time.process_time() - begun


def _batch(stories: list[Story]) -> list[Played]:
    return list(_one_after_the_other(stories))


# --- telling ----------------------------------------------------------------------------------------------


def run(asked: Asked, *, as_json: bool = False) -> int:
    """The command: simulate and tell, in JSON or in words. The exit status: 1 if any county broke a promise."""
    if as_json:
        report = simulate(asked, lambda _n, county: keep(asked, county))
        sys.stdout.write(json.dumps(summary(report), ensure_ascii=False, indent=2) + "\n")
        return report.exit_status
    console = Console()
    with Bars(console)("模拟 / simulating") as told:

        def on_county(n: int, county: County) -> None:
            told(n, asked.seeds)
            if county.violations:
                keep(asked, county)
                _tell(console, county, _file(asked, county))

        report = simulate(asked, on_county)
    _conclude(console, report)
    return report.exit_status


def keep(asked: Asked, county: County) -> None:
    """Write what a broken promise was cut down to into its file."""
    if county.short is not None and asked.replay is None:
        asked.keep.mkdir(parents=True, exist_ok=True)
        found = "; ".join(sorted(county.short.promises))
        _file(asked, county).write_text(story.as_json(county.short.story, found), encoding="utf-8")


def _file(asked: Asked, county: County) -> Path:
    return asked.replay or asked.keep / f"{county.story.size}-{county.story.seed}.json"


def summary(report: Report) -> dict[str, Any]:
    """The report as JSON values: seeds, failures (how many counties), steps, conflicts, seconds by the clock and of a
    processor, counties that one core plays in a second, faults, other counts."""
    told = ("steps", "conflicts")
    befell = {row["name"] for row in faults.table()}
    return {
        "seeds": report.counties_n,
        "failures": len(report.failed),
        **{name: report.counts[name] for name in told},
        "seconds": round(report.seconds, 1),
        "cpu_s": round(report.cpu_s, 1),
        "worlds_per_s": report.worlds_per_s,
        "faults": [{**row, "n": report.counts[str(row["name"])]} for row in faults.table()],
        "counts": {
            name: n for name, n in sorted(report.counts.items()) if name not in told and name not in befell
        },
        "failed": [_failed(county) for county in report.failed],
    }


def _failed(county: County) -> dict[str, Any]:
    short = county.short or county
    return {
        "seed": county.story.seed,
        "broken": [{"promise": each.promise, "what": each.what} for each in short.violations],
        "told": short.told,
        "story": json.loads(story.as_json(short.story)),
        "again": county.again,
    }


def _tell(console: Console, county: County, file: Path) -> None:
    def say(text: str, style: str = "") -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True, style=style)

    short = county.short or county
    seed, broken = county.story.seed, len(short.violations)
    say(f"种子 {seed}：{broken} 处违背 / seed {seed} breaks promises", style="bold red")
    for violation in short.violations[:TOLD_MAX]:
        say(f"  {violation.promise}: {violation.what}", style="red")
    say(f"  缩短后的经过 / cut down from {len(county.story.steps)} steps to {len(short.story.steps)}:")
    for line in short.told:
        say(f"    {line}")
    say(f"  重演 / again: {county.again}")
    say(f"  只重演这一段 / only this: cleanheat simulate --story {file}")


def _conclude(console: Console, report: Report) -> None:
    counts, failed = report.counts, len(report.failed)
    zh = (
        f"模拟了 {report.counties_n} 个县，{counts['steps']} 步，{counts['submissions']} 条记录，"
        f"{counts['conflicts']} 条冲突；{failed} 个县违背承诺。"
    )
    en = (
        f"{report.counties_n} counties, {counts['steps']} steps, {counts['submissions']} records, "
        f"{counts['conflicts']} conflicts; {failed} broke a promise "
        f"({report.seconds:.0f} s; {report.worlds_per_s}/s on one core)."
    )
    for text in (zh, en):
        console.print(text, style="red" if failed else "green", highlight=False)
