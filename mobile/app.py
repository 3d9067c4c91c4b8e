"""Composition: replica, presenters, devices and screens are put together here and nowhere else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kivy.app import App
from kivy.clock import Clock as Loop
from kivy.core.window import Window

from mobile.device.camera import Camera, Chosen, Darkroom
from mobile.device.contact import ThreadedContact, ThreadedOffice
from mobile.device.location import Fix, Locator
from mobile.device.pictures import develop
from mobile.presenters.desk import Desk
from mobile.presenters.enrol import Enrolling
from mobile.presenters.problems import explain
from mobile.presenters.revoked import is_revoked
from mobile.presenters.strip import StripPresenter
from mobile.presenters.sync import Contact
from mobile.screens.enrol import EnrolScreen
from mobile.screens.household import HouseholdScreen
from mobile.screens.households import HouseholdsScreen
from mobile.screens.interview import InterviewScreen
from mobile.screens.outbox import OutboxScreen
from mobile.screens.record import RecordScreen
from mobile.screens.revoked import RevokedScreen
from mobile.screens.shell import Shell
from mobile.screens.station import Station
from mobile.screens.sync import SyncScreen
from mobile.screens.villages import VillagesScreen
from mobile.widgets.actions import Located
from mobile.widgets.file_picker import FilePicker
from mobile.widgets.theme import FacePaths, dress
from sync.client import Account, Progress
from sync.replica import ReplicaProblem

SCREENS: tuple[Callable[[Station], Any], ...] = (
    EnrolScreen, VillagesScreen, HouseholdsScreen, HouseholdScreen, InterviewScreen, OutboxScreen, RecordScreen,
    SyncScreen, RevokedScreen,
)  # fmt: skip


@dataclass(frozen=True)
class Devices:
    """What the machine offers. `exchange` and `ask` block and are called on threads of their own."""

    faces: FacePaths
    locator: Locator
    online: Callable[[], bool]
    exchange: Callable[[Callable[[Progress], None]], Account]
    ask: Callable[[str, str], str]
    camera: Camera | None = None  # without one a file is chosen


class Journey:
    """Where the surveyor is and the way back. Screens see it as `Routes`."""

    def __init__(
        self, shell: Shell, enrolled: Callable[[], bool], words: Callable[[ReplicaProblem], str]
    ) -> None:
        self._shell = shell
        self._enrolled = enrolled
        self._words = words
        self._trail: list[tuple[str, Mapping[str, str]]] = []

    def home(self, name: str, **values: str) -> None:
        """Start a new way; what was told on the old one has been read."""
        self.tell("")
        self._trail = [(name, values)]
        self._open()

    def go(self, name: str, **values: str) -> None:
        """One step further."""
        self._trail.append((name, values))
        self._open()

    def begin(self, start: Callable[[], str]) -> None:
        """Into the interview whose draft `start` makes; a full disk, or a form that is not here, is told and nothing
        else happens."""
        try:
            draft = start()
        except ReplicaProblem as problem:
            self.tell(self._words(problem))
            return
        except LookupError as missing:
            self.tell(str(missing.args[0]))
            return
        self.go("interview", draft=draft)

    def back(self) -> None:
        """One step back, from the first step nowhere."""
        if len(self._trail) > 1:
            self._trail.pop()
            self._open()

    def leave_by_key(self) -> None:
        """Back, the way the screen's own arrow goes, where it has one: an interview looks after its draft first."""
        arrow: Callable[[], None] = getattr(self._shell.manager.current_screen, "back", self.back)
        arrow()

    def again(self) -> None:
        """Where we are, read anew."""
        self._open()

    def refresh(self) -> None:
        """The standing may have changed."""
        self._shell.refresh()

    def tell(self, text: str) -> None:
        """A short message."""
        self._shell.tell(text)

    def leave(self) -> None:
        """The window is going away: what is being typed is saved."""
        current = self._shell.manager.current_screen
        if current is not None:
            current.leave()

    def _open(self) -> None:
        self.leave()
        name, values = self._trail[-1]
        try:
            self._shell.manager.get_screen(name).show(**values)
        except ReplicaProblem as problem:
            self._trail.pop()
            self.tell(self._words(problem))
            return
        except LookupError as missing:
            self._trail.pop()
            self.tell(str(missing.args[0]))
            return
        self._shell.manager.current = name
        self._shell.at(name, enrolled=self._enrolled())


class TabletApp(App):
    """Opens on the villages, or on enrolment where there has been none."""

    def __init__(self, desk: Desk, devices: Devices, **values: Any) -> None:
        super().__init__(**values)
        self._desk = desk
        self._devices = devices
        self._folder: Path | None = None  # where the last photo was chosen
        self.title = desk.say("app.title")

    def build(self) -> Shell:
        """The window's content."""
        desk, devices = self._desk, self._devices
        dress(devices.faces)
        shell = Shell(desk.say, StripPresenter(desk))
        self.journey = Journey(shell, self._enrolled, partial(explain, desk.say))
        contact: Contact = ThreadedContact(devices.exchange, _post)
        office: Enrolling = ThreadedOffice(devices.ask, _post)
        station = Station(
            desk, self.journey, contact, office, partial(_locate, devices.locator), devices.online,
            Darkroom(self._take, develop, _post).photograph, devices.camera is not None,
        )  # fmt: skip
        for screen in SCREENS:
            shell.manager.add_widget(screen(station))
        shell.bind(on_visit=lambda _shell, place: self.journey.home(place))
        Window.bind(on_keyboard=self._key)
        self._begin()
        return shell

    def on_pause(self) -> bool:
        """Android: another app is in front. Nothing is lost if this one is then killed."""
        self.journey.leave()
        return True

    def on_resume(self) -> None:
        """Android: in front again, where the surveyor was."""
        self.journey.again()

    def on_stop(self) -> None:
        """The window closes."""
        self.journey.leave()
        if self.root:
            self.root.rest()
        Window.unbind(on_keyboard=self._key)

    def _begin(self) -> None:
        """Enrolment first, then a first contact, from then on the villages."""
        if is_revoked(self._desk):
            self.journey.home("revoked")
        elif not self._enrolled():
            self.journey.home("enrol")
        elif self._desk.replica.status().last_contact_at is None:
            self.journey.home("sync", begin="yes")
        else:
            self.journey.home("villages")

    def _take(self, done: Chosen) -> None:
        """A photo's file: the camera's, or one that is chosen."""
        if self._devices.camera is not None:
            self._devices.camera.take(done)
        else:
            FilePicker(self._desk.say, partial(self._picked, done), self._folder).open()

    def _picked(self, done: Chosen, path: Path | None) -> None:
        """The next photo is most likely beside this one."""
        self._folder = path.parent if path else self._folder
        done(path)

    def _enrolled(self) -> bool:
        return self._desk.replica.identity() is not None

    def _key(self, _window: object, key: int, *_: object) -> bool:
        """Escape, which is Android's back button."""
        if key == 27:
            self.journey.leave_by_key()
        return key == 27


def _post(call: Callable[[], None]) -> None:
    Loop.schedule_once(lambda _dt: call())


def _locate(locator: Locator, done: Located) -> None:
    def told(fix: Fix | None) -> None:
        done(fix.lexical() if fix else None)

    locator.locate(told)
