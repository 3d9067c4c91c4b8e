"""What a question's widget may do to the world, and what every one of them must be able to be told."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from mobile.locale import Say
from survey_forms.interview import Shown

Located = Callable[[str | None], None]


@dataclass(frozen=True)
class Actions:
    """`answer(path, value, settled)`; `locate` calls back with a geopoint's lexical form or None."""

    answer: Callable[[str, str, bool], None]
    add: Callable[[str], None]
    remove: Callable[[str, int], None]
    locate: Callable[[Located], None]
    today: Callable[[], date]
    say: Say


class Control(Protocol):
    """The part of a question one answers with."""

    def show(self, shown: Shown, *, faulty: bool) -> None:
        """Show the question's present value."""

    def flush(self) -> None:
        """Take what was typed and not taken yet."""
