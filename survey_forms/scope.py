"""What an expression can see while it runs.

Apart from the expressions themselves so that the compiler, the form and the interview agree on one small
vocabulary: a *place* is a node of the form (its path without positions) together with the 1-based positions
of the repeats it stands in (`At`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

At = tuple[int, ...]
Value = str | Decimal | bool | tuple[str, ...]
"""An XPath value; a tuple holds the texts of a node-set in document order."""
Cells = dict[str, dict[At, str]]
"""Path → place → text. A place that is not there is not relevant, or does not exist."""
Item = Mapping[str, str]
"""One row of a secondary instance (a choice list): element name → text."""


@dataclass(frozen=True)
class Context:
    """The world as the form sees it.

    `today` is the local calendar date and `now` an aware instant in the county's zone. `given` fills fields
    that nobody is asked (see `interview.begin`); the key `uuid` is what `uuid()` draws from.
    """

    today: date
    now: datetime
    given: Mapping[str, str] = field(default_factory=dict)


class Texts(Protocol):
    """The form's words, for the functions that ask for them."""

    def itext(self, text_id: str, scope: "Scope", at: At) -> str: ...

    def choice_name(self, question: str, value: str, scope: "Scope", at: At) -> str: ...


@dataclass(slots=True)
class Scope:
    """The state an expression reads. `live` holds relevant values only, `typed` everything ever entered."""

    live: Cells
    typed: Cells
    context: Context
    lang: str
    texts: Texts


@dataclass(frozen=True, slots=True)
class Frame:
    """The node a predicate is looking at: a list row, or a place of the form; its position counts from 1."""

    item: Item | None
    at: At
    position: int


@dataclass(frozen=True, slots=True)
class Shape:
    """A node as paths see it, before anything is compiled. `repeats` holds the paths of its repeats, itself
    included.
    """

    path: str
    kind: str  # group | repeat | leaf
    repeats: tuple[str, ...]


@dataclass(frozen=True)
class Surroundings:
    """What a compiler may refer to: the form's nodes by path, and its lists by id."""

    shapes: Mapping[str, Shape]
    lists: Mapping[str, tuple[Item, ...]]
