"""How long work says how far it is, to whoever wants to hear it.

Below everything, and without a terminal: what does the work is handed a `Steps`, begins its steps under a name
and counts in whatever it has (rows, pages, revisions). Who listens decides how that looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

Thing = TypeVar("Thing")

# So many are done, of so many in all; both in the unit that the step's name ends with.
Told = Callable[[int, int], None]
# Begins a step under a name, until its block ends.
Steps = Callable[[str], AbstractContextManager[Told]]


def unheard(_done_n: int, _total_n: int) -> None:
    """For work that nobody watches."""


def unseen(_name: str) -> AbstractContextManager[Told]:
    """Steps that nobody watches."""
    return nullcontext(unheard)


def counted(them: Iterable[Thing], total_n: int, told: Told) -> Iterator[Thing]:
    """`them`, each told when the next is asked for."""
    for done_n, each in enumerate(them):
        told(done_n, total_n)
        yield each
    told(total_n, total_n)
