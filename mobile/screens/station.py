"""What every screen is given: the desk, the ways to go, and the devices behind their ports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mobile.presenters.desk import Desk
from mobile.presenters.enrol import Enrolling
from mobile.presenters.photos import Photographed
from mobile.presenters.sync import Contact
from mobile.widgets.actions import Located


class Routes(Protocol):
    """Where one can go. `home` forgets the way back, `go` keeps it."""

    def home(self, name: str, **values: str) -> None: ...

    def go(self, name: str, **values: str) -> None: ...

    def begin(self, start: Callable[[], str]) -> None:
        """Go into the interview whose draft `start` makes; if it cannot be made, say why."""

    def back(self) -> None: ...

    def refresh(self) -> None: ...

    def tell(self, text: str) -> None: ...


@dataclass(frozen=True)
class Station:
    """Handed to every screen; nothing is looked up through the running app."""

    desk: Desk
    routes: Routes
    contact: Contact
    office: Enrolling
    locate: Callable[[Located], None]
    online: Callable[[], bool]
    photograph: Callable[[Photographed], None]
    has_camera: bool
