"""Stories are values: drawn from a seed, played with some of it left out, cut down, kept in a file, told."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from server.lab import simulate
from server.lab.simulation import story as stories
from server.lab.simulation.checkers import Violation
from server.lab.simulation.faults import table
from server.lab.simulation.playing import County, play
from server.lab.simulation.shrink import shrunk
from server.lab.simulation.story import Story, draw

KEPT = sorted((Path(__file__).parent / "kept").glob("*.json"))
SEED = 105


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_a_story_that_once_broke_a_promise_keeps_it_now(on, on_large, file):
    story, found = stories.kept(file)
    county = play(on if story.size == "small" else on_large, story)
    assert county.violations == (), f"{found}\n" + "\n".join(county.told)


def test_a_story_is_the_same_from_its_file(tmp_path):
    file = tmp_path / "story.json"
    file.write_text(stories.as_json(draw(SEED, "large"), "something"), encoding="utf-8")
    assert stories.kept(file) == (draw(SEED, "large"), "something")


def test_what_a_step_comes_to_does_not_depend_on_steps_that_are_left_out(on):
    """Who registers a household registers the same one, with or without what others did before."""
    whole = draw(SEED)
    assert len(whole.steps) > 3
    told = {line.split()[0]: line for line in play(on, whole).told}
    last = whole.steps[-1]
    alone = {line.split()[0]: line for line in play(on, replace(whole, steps=(last,))).told}
    assert (
        whole.stream(last.n, "people").random() == replace(whole, steps=()).stream(last.n, "people").random()
    )
    assert str(last.n) in told and str(last.n) in alone


def test_a_story_is_cut_down_to_the_steps_and_faults_it_needs():
    whole = draw(SEED, "large")
    needed = {step.n for step in whole.steps if step.event == "contact" and step.faults}
    first, second = sorted(needed)[:2]

    def breaks(story: Story) -> bool:
        steps = {step.n: step for step in story.steps}
        return first in steps and bool(steps[first].faults) and second in steps

    short = shrunk(whole, breaks)
    assert [step.n for step in short.steps] == [first, second]
    assert short.steps[0].faults and not short.steps[1].faults
    assert (short.servers, {step.minutes for step in short.steps}) == (1, {1})


def test_the_report_counts_names_and_prints_the_table_of_faults():
    told: list[int] = []
    asked = simulate.Asked(2, SEED, jobs=1)
    report = simulate.simulate(asked, on_county=lambda n, county: told.append(county.story.seed))
    summary = simulate.summary(report)
    assert told == [SEED, SEED + 1] and report.exit_status == 0
    assert (summary["seeds"], summary["failures"], summary["failed"]) == (2, 0, [])
    assert summary["steps"] >= 12 and summary["conflicts"] >= 0
    assert {"request_lost", "two_servers"} <= {row["name"] for row in summary["faults"]}


def test_the_report_says_how_many_counties_one_core_plays():
    report = simulate.Report(90, (), Counter(), seconds=7.0, cpu_s=4.5)
    summary = simulate.summary(report)
    assert (summary["worlds_per_s"], summary["cpu_s"], summary["seconds"]) == (20.0, 4.5, 7.0)
    assert simulate.summary(replace(report, cpu_s=0.0))["worlds_per_s"] is None
    assert simulate.simulate(simulate.Asked(1, SEED, jobs=1)).worlds_per_s


def test_a_broken_promise_is_told_with_its_short_story_and_kept(tmp_path, capsys):
    whole, broken = draw(SEED), (Violation("nothing_lost", "x is gone"),)
    short = County(replace(whole, steps=whole.steps[:2]), "", Counter(), broken, ("  0 a", "  1 b"))
    county = County(whole, "", Counter(steps=9), broken, tuple(f"{n:3} something" for n in range(9)), short)
    (failed,) = simulate.summary(simulate.Report(1, (county,), county.counts, 0.1))["failed"]
    assert failed["again"] == f"cleanheat simulate --seeds 1 --seed {SEED} --size small"
    assert failed["broken"] == [{"promise": "nothing_lost", "what": "x is gone"}]
    assert failed["told"] == ("  0 a", "  1 b")
    simulate.keep(simulate.Asked(1, SEED, keep=tmp_path / "kept"), county)
    (file,) = (tmp_path / "kept").iterdir()
    assert stories.kept(file) == (short.story, "nothing_lost")
    assert json.loads(file.read_text(encoding="utf-8"))["found"] == "nothing_lost"


def test_the_readme_shows_the_table_of_faults_as_it_is():
    readme = (Path(simulate.__file__).parent / "README.md").read_text(encoding="utf-8")
    for row in table():
        assert f"| `{row['name']}` | {row['of']} | {row['chance']:g} | {row['what']} |" in readme
