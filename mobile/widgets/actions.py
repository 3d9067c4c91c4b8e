"""What a question's widget may do to the world, and what every one of them must be able to be told."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from mobile.locale import Say
from mobile.presenters.photos import PhotoTold
from survey_forms.interview import Shown

Located = Callable[[str | None], None]


@dataclass(frozen=True)
class Actions:
    """`answer(path, value, settled)`; `locate` calls back with a geopoint's lexical form or None. `photograph(path,
    done)` takes a photo as the answer of that question, and says when it is over, with or without one; `photo` tells
    of the photo an answer names. Without `has_camera` a file is chosen."""

    answer: Callable[[str, str, bool], None]
    add: Callable[[str], None]
    remove: Callable[[str, int], None]
    locate: Callable[[Located], None]
    photograph: Callable[[str, Callable[[], None]], None]
    photo: Callable[[str], PhotoTold | None]
    has_camera: bool
    today: Callable[[], date]
    say: Say


class Control(Protocol):
    """The part of a question one answers with."""

    def show(self, shown: Shown, *, faulty: bool) -> None:
        """Show the question's present value."""

    def flush(self) -> None:
        """Take what was typed and not taken yet."""
