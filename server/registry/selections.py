"""Lists of households that rooms above the register define: the homes behind a line of a zone's checklist, and
whatever comes later.

The household list opens such a list by `of=<room>:<key>`. What a key means only its room knows; it is
registered here while the application is composed, so the register stays below and the list stays one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement


@dataclass(frozen=True)
class Selection:
    """A room's lists. `condition`: over Household, always with its county; None where the key means nothing.
    `label`: the list in Chinese, as the filter is called."""

    condition: Callable[[str], ColumnElement[bool] | None]
    label: Callable[[str], str]


# Filled while the application is composed, only read afterwards.
_rooms: Final[dict[str, Selection]] = {}


def register(room: str, selection: Selection) -> None:
    """The same room again replaces what it said: applications are composed anew in one process."""
    _rooms[room] = selection


def condition(text: str) -> ColumnElement[bool] | None:
    """The condition of "room:key"; None where there is no such list."""
    room, _, key = text.partition(":")
    found = _rooms.get(room)
    return found.condition(key) if found else None


def label(text: str) -> str:
    """What "room:key" is called; the text itself where nobody knows."""
    room, _, key = text.partition(":")
    found = _rooms.get(room)
    return found.label(key) if found else text
