"""`cleanheat simulate`: many counties from many seeds, each with its faults, each checked when it is quiet.

The same seed plays the same county, here and on every machine with the same SQLite; a digest over everything
that travelled and everything that is left says so. A county that breaks a promise is told with its last steps
and the command that plays it again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Final

from rich.console import Console

from server.lab.simulation.checkers import Violation, check
from server.lab.simulation.evidence import Evidence, gather
from server.lab.simulation.stage import Stage, stage
from server.lab.simulation.world import World
from server.terminal.bars import Bars
from sync.codec import encode

STORY_LINES: Final = 15
TOLD_MAX: Final = 5
BATCH: Final = 20


@dataclass(frozen=True)
class County:
    """What came of one seed. ``story``: what happened, oldest first. ``digest``: of everything in it."""

    seed: int
    digest: str
    counts: Counter[str]
    violations: tuple[Violation, ...]
    story: tuple[str, ...]

    @property
    def again(self) -> str:
        return f"cleanheat simulate --seeds 1 --seed {self.seed}"


@dataclass(frozen=True)
class Report:
    """What came of a run. ``counts``: of all its counties."""

    first_seed: int
    counties_n: int
    failed: tuple[County, ...]
    counts: Counter[str]
    seconds: float

    @property
    def exit_status(self) -> int:
        return 1 if self.failed else 0


def play(on: Stage, seed: int, make: Callable[[Stage, int], World] = World) -> County:
    """One county. ``make`` is for tests that plant a fault. An error on the way is a broken promise too."""
    world = make(on, seed)
    try:
        try:
            world.play()
            world.heal()
            evidence = gather(world)
        except Exception:  # noqa: BLE001 - whatever fails in a simulated county is a finding, told with its seed
            broken = Violation("runs_to_the_end", traceback.format_exc(limit=-6))
            return County(seed, "", Counter(world.counts), (broken,), tuple(world.story))
        violations = tuple(check(evidence))
        return County(
            seed, _digest(world, evidence), _counts(world, evidence), violations, tuple(world.story)
        )
    finally:
        world.close()


def simulate(
    seeds: int,
    first_seed: int = 0,
    *,
    jobs: int = 1,
    on_county: Callable[[County], None] = lambda county: None,
) -> Report:
    """Play the counties of ``seeds`` seeds from ``first_seed`` on, in ``jobs`` processes; ``on_county`` is told
    of each, in the order of seeds."""
    begun, counts, failed = time.monotonic(), Counter[str](), []
    with closing(_played(range(first_seed, first_seed + seeds), jobs)) as counties:
        for county in counties:
            counts.update(county.counts)
            if county.violations:
                failed.append(county)
            on_county(county)
    return Report(first_seed, seeds, tuple(failed), counts, time.monotonic() - begun)


def _played(seeds: range, jobs: int) -> Generator[County, None, None]:
    if jobs == 1:
        with stage() as on:
            for seed in seeds:
                yield play(on, seed)
        return
    batches = [seeds[start : start + BATCH] for start in range(0, len(seeds), BATCH)]
    # Spawned, not forked: a copy of this process would share its open databases.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for batch in pool.map(_batch, batches):
            yield from batch


def _batch(seeds: range) -> list[County]:
    return list(_played(seeds, 1))


def run(seeds: int, first_seed: int = 0, *, as_json: bool = False) -> int:
    """The command: simulate and tell, in JSON or in words. The exit status: 1 if any county broke a promise."""
    jobs = max(1, min(os.cpu_count() or 1, seeds // BATCH))
    if as_json:
        report = simulate(seeds, first_seed, jobs=jobs)
        sys.stdout.write(json.dumps(summary(report), ensure_ascii=False, indent=2) + "\n")
        return report.exit_status
    console = Console()
    with Bars(console)("模拟 / simulating") as told:

        def on_county(county: County) -> None:
            told(county.seed - first_seed + 1, seeds)
            if county.violations:
                _tell(console, county)

        report = simulate(seeds, first_seed, jobs=jobs, on_county=on_county)
    _conclude(console, report)
    return report.exit_status


def summary(report: Report) -> dict[str, Any]:
    """The report as JSON values: seeds, failures (how many counties), steps, conflicts, other counts."""
    told = ("steps", "conflicts")
    return {
        "first_seed": report.first_seed,
        "seeds": report.counties_n,
        "failures": len(report.failed),
        **{name: report.counts[name] for name in told},
        "seconds": round(report.seconds, 1),
        "counts": {name: count for name, count in sorted(report.counts.items()) if name not in told},
        "failed": [
            {
                "seed": county.seed,
                "broken": [{"promise": each.promise, "what": each.what} for each in county.violations],
                "story": county.story[-STORY_LINES:],
                "again": county.again,
            }
            for county in report.failed
        ],
    }


def _counts(world: World, evidence: Evidence) -> Counter[str]:
    counts = Counter({"steps": world.steps_n, "tablets": len(world.tablets)})
    counts.update(world.counts)
    counts.update(world.network.counts)
    outcomes = Counter(judged.verdict.outcome for judged in evidence.journal.values())
    counts["conflicts"] = outcomes.pop("conflict", 0)
    counts.update(outcomes)
    counts["submissions"] = len(evidence.journal)
    counts["conflicts_open"] = sum(len(held.conflicts) for held in evidence.entities.values())
    counts["entities"] = len(evidence.entities)
    return counts


def _digest(world: World, evidence: Evidence) -> str:
    """Of the story, of all that travelled, and of the registry as it is left."""
    digest = hashlib.sha256(world.network.seen.digest())
    parts: Iterable[bytes] = (
        "\n".join(world.story).encode(),
        *(encode(held) for held in evidence.entities.values()),
        *(encode(judged.verdict) for judged in evidence.journal.values()),
    )
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _tell(console: Console, county: County) -> None:
    def say(text: str, **style: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True, **style)  # type: ignore[arg-type]

    say(
        f"种子 {county.seed}：{len(county.violations)} 处违背 / seed {county.seed} breaks promises",
        style="bold red",
    )
    for violation in county.violations[:TOLD_MAX]:
        say(f"  {violation.promise}: {violation.what}", style="red")
    say("  最后的经过 / its last steps:")
    for line in county.story[-STORY_LINES:]:
        say(f"    {line}")
    say(f"  重演 / again: {county.again}")


def _conclude(console: Console, report: Report) -> None:
    counts, failed = report.counts, len(report.failed)
    zh = (
        f"模拟了 {report.counties_n} 个县，{counts['steps']} 步，{counts['submissions']} 条记录，"
        f"{counts['conflicts']} 条冲突；{failed} 个县违背承诺。"
    )
    en = (
        f"{report.counties_n} counties, {counts['steps']} steps, {counts['submissions']} records, "
        f"{counts['conflicts']} conflicts; {failed} broke a promise ({report.seconds:.0f} s)."
    )
    for text in (zh, en):
        console.print(text, style="red" if failed else "green", highlight=False)


def main(arguments: list[str] | None = None) -> int:
    """For `python -m server.lab.simulate`."""
    parser = argparse.ArgumentParser(
        description="模拟许多个县，检查同步的承诺 / simulate counties, check the promises"
    )
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args(arguments)
    return run(told.seeds, told.seed, as_json=told.json)


if __name__ == "__main__":
    sys.exit(main())
