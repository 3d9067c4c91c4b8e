"""Cuts a story that breaks a promise down to what it needs for it (delta debugging).

First steps are left out, in halves, quarters … one by one; then faults of those that stay; then what is left is tried
without its second server, its waiting times and its odd clocks. A shorter story must break the same promise: one that
breaks another one has left the trail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from server.lab.simulation.story import Step, Story

Breaks = Callable[[Story], bool]
"""Whether the story still breaks the promise."""


def shrunk(story: Story, breaks: Breaks) -> Story:
    """The shortest story found. ``story`` breaks."""
    while True:
        before = story
        story = _fewer(story, breaks)
        for simpler in _simpler:
            story = simpler(story, breaks)
        if story == before:
            return story


def _fewer(story: Story, breaks: Breaks) -> Story:
    """Without the steps it does not need."""
    size = max(1, len(story.steps) // 2)
    while True:
        start = 0
        while start < len(story.steps):
            left = (*story.steps[:start], *story.steps[start + size :])
            shorter = replace(story, steps=left)
            if breaks(shorter):
                story = shorter
            else:
                start += size
        if size == 1:
            return story
        size //= 2


def _calmer(story: Story, breaks: Breaks) -> Story:
    """Without the faults it does not need."""
    for at, step in enumerate(story.steps):
        for faults in _without_one(step.faults):
            calmer = _with(story, at, replace(story.steps[at], faults=faults))
            if breaks(calmer):
                story = calmer
                break
    return story


def _without_one(faults: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if any(faults):
        yield ()
    if len(faults) > 1:
        yield faults[:1]
        yield ("", *faults[1:])


def _quicker(story: Story, breaks: Breaks) -> Story:
    """A minute between any two steps, if that will do."""
    quick = replace(story, steps=tuple(replace(step, minutes=1) for step in story.steps))
    return quick if quick != story and breaks(quick) else story


def _simple_cast(story: Story, breaks: Breaks) -> Story:
    """One server, right clocks, no tablet that does nothing, if that will do."""
    one_server = replace(story, servers=1)
    story = one_server if one_server != story and breaks(one_server) else story
    clocks = replace(story, offsets_s=(0,) * len(story.offsets_s))
    story = clocks if clocks != story and breaks(clocks) else story
    plain = replace(story, lines=("plain",) * len(story.lines))
    story = plain if plain != story and breaks(plain) else story
    last = max((step.who for step in story.steps), default=0)
    fewer = replace(story, offsets_s=story.offsets_s[: last + 1], lines=story.lines[: last + 1])
    return fewer if fewer != story and breaks(fewer) else story


def _with(story: Story, at: int, step: Step) -> Story:
    return replace(story, steps=(*story.steps[:at], step, *story.steps[at + 1 :]))


_simpler = (_calmer, _quicker, _simple_cast)
