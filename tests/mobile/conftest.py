"""A surveyor's tablet for tests: the real replica on disk, the real forms, a hub's replies made by hand, and a driver
for the real window."""

import itertools
import os
import re
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mobile.locale import speak
from mobile.presenters.desk import Desk, stock_forms
from survey_forms import released
from sync.messages import Conflict, Cursor, EnrolReply, EntityState, Reply, Verdict, Village
from sync.replica import Replica

_KIVY_HOME = tempfile.TemporaryDirectory(prefix="kivy-home-")
# Kivy reads its environment at its first import, which may be while tests are collected.
os.environ |= {
    "SDL_VIDEODRIVER": "offscreen",
    "KIVY_NO_ARGS": "1",
    "KIVY_NO_CONSOLELOG": "1",
    "KIVY_NO_FILELOG": "1",
    "KIVY_CLIPBOARD": "dummy",
    "KIVY_NO_ENV_CONFIG": "1",
    "KIVY_LOG_MODE": "PYTHON",
    "KIVY_HOME": _KIVY_HOME.name,
}

COUNTY = "140525"
VILLAGE = Village("140525100201", "东常村", "南村镇", "rural")
OTHER = Village("140525100203", "西郜村", "南村镇", None)
ENTER = 13
STILL_FRAMES = 3
START = datetime(2020, 9, 12, 1, 30, tzinfo=UTC)  # 09:30 in China


@dataclass
class Clock:
    """Stands still unless told to go on."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **time: int) -> None:
        """Let time pass."""
        self.now += timedelta(**time)


@dataclass
class Ids:
    """Uuids in order, the same in every run."""

    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __call__(self) -> str:
        return str(uuid.UUID(int=(0xA << 124) | next(self.numbers)))


@dataclass
class Tablet:
    """A replica and what its hub would say; `settle` gives the hub's verdicts on all that waits."""

    desk: Desk
    path: Path
    clock: Clock
    history: str
    seq: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def replica(self) -> Replica:
        return self.desk.replica

    def reply(self, **parts: Any) -> None:
        """A reply of the hub, empty but for `parts`."""
        empty = Reply(
            protocol=1,
            history=self.history,
            now=self.clock().isoformat().replace("+00:00", "Z"),
            county=COUNTY,
            person="p-1",
            verdicts=(),
            not_yet=(),
            villages=None,
            forms=(),
            changes=(),
            cursors={},
            more=False,
        )
        self.replica.apply(replace(empty, **parts))

    def receive(self, *states: EntityState) -> None:
        """Entities as the register has them; the first time closes the village's snapshot."""
        seq = next(self.seq)
        self.reply(changes=states, cursors={v.code: Cursor(seq=seq) for v in (VILLAGE, OTHER)})

    def state(
        self, dataset: str, entity: str, props: dict[str, str], conflicts: tuple[Conflict, ...] = ()
    ) -> EntityState:
        """An entity of the first village as the register has it, a version further."""
        return EntityState(
            dataset, entity, VILLAGE.code, next(self.seq), props, conflicts, "2020-09-12T00:00:00Z"
        )

    def household(self, **props: str) -> str:
        """A household of the first village, straight from the hub; its id."""
        entity = self.desk.new_id()
        told = {
            "head_name": "王秀英",
            "door_number": "3组12号",
            "device": "coal_stove",
            "fuel": "bulk_coal",
        } | props
        self.receive(self.state("household", entity, told))
        return entity

    def settle(self, outcome: Any = "applied", **parts: Any) -> str:
        """A verdict on the latest record; its id."""
        submission = self.replica.outbox()[0].submission
        versions = {target.key: next(self.seq) for target in submission.targets}
        verdict = Verdict(submission.id, outcome, versions=versions)
        self.reply(verdicts=(replace(verdict, **parts),))
        return submission.id


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def blank(tmp_path: Path, clock: Clock) -> Iterator[Tablet]:
    """A tablet out of its box."""
    ids = Ids()
    with Replica.open(tmp_path / "tablet.db", clock=clock, new_id=ids) as replica:
        stock_forms(replica, released())
        desk = Desk(replica, clock, ids, speak("zh"))
        yield Tablet(desk, tmp_path / "tablet.db", clock, ids())


@pytest.fixture
def tablet(blank: Tablet) -> Tablet:
    """An enrolled tablet with two villages, their (empty) registers read."""
    identity = blank.replica.new_identity("http://hub.example")
    reply = EnrolReply(
        device=identity.device,
        county=COUNTY,
        county_name="泽州县（模拟数据）",
        person="p-1",
        person_name="张晓敏",
        history=blank.history,
        now="2020-09-12T01:30:00Z",
        villages=(VILLAGE, OTHER),
    )
    blank.replica.enrolled(reply)
    blank.receive()
    return blank


class Driver:
    """Drives the real window as a surveyor would: by the words on it, touches and typing."""

    def __init__(self, app: Any) -> None:
        from kivy.base import EventLoop
        from kivy.core.window import Window

        self.app, self.window, self.loop = app, Window, EventLoop
        Window.create_window()
        Window.register()
        Window.initialized = True
        EventLoop.start()
        app.root = self.root = app.build()
        Window.add_widget(self.root)
        self.turn(1280, 800)

    def close(self) -> None:
        """Take the app out of the window, which stays for the next one."""
        self.app.on_stop()
        for child in self.window.children[:]:
            self.window.remove_widget(child)
        self.frames(2)

    def turn(self, width: int, height: int) -> None:
        """Another size or orientation."""
        self.window.size = (width, height)
        self.frames(6)

    def frames(self, number: int = 4) -> None:
        """Let the window live."""
        for _ in range(number):
            self.loop.idle()

    def until(self, true: Callable[[], bool], seconds: float = 20, *, after: int = 4) -> None:
        """Let the window live until something holds, and some frames more."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"not within {seconds} s; on screen: {self.words()}"
            self.loop.idle()
            time.sleep(0.005)
        self.frames(after)

    def widgets(self) -> Iterator[Any]:
        """Everything that shows: the shell with its present screen, and whatever lies above."""
        for top in self.window.children:
            yield from (widget for widget in top.walk() if _shows(widget))

    def words(self) -> list[str]:
        """Every text on screen, plain."""
        texts = (_words(widget) for widget in self.widgets())
        return [text for text in texts if text]

    def touchable(self) -> Iterator[tuple[Any, str]]:
        """Everything that answers a touch, with its words."""
        kinds = ("ButtonBehavior", "Field")
        for widget in self.widgets():
            if any(kind in _lineage(widget) for kind in kinds) and widget.width > 0:
                yield widget, _words(widget)

    def see(self, text: str) -> None:
        """This text is on screen, or the test ends."""
        assert any(text in words for words in self.words()), f"{text!r} is not among {self.words()}"

    def find(self, text: str, kind: str = "") -> Any:
        """The widget with this text; what can be touched comes first, then the exact text, then the smallest."""
        found = [widget for widget in self.widgets() if text in _words(widget) and kind in _lineage(widget)]
        assert found, f"{text!r} is not among {self.words()}"
        return min(found, key=lambda widget: ("ButtonBehavior" not in _lineage(widget), len(_words(widget))))

    def touch(self, text: str) -> None:
        """Touch what bears this text."""
        self.touch_widget(self.find(text))

    def touch_widget(self, widget: Any) -> None:
        """A finger down and up in the middle of a widget, scrolled to first and lying still."""
        from kivy.tests.common import UnitTestTouch

        self.show(widget)
        touch = UnitTestTouch(*widget.to_window(*widget.center))
        touch.touch_down()
        self.frames(1)
        # A scroll view holds a finger until it is sure that it does not scroll; a tap shorter than that comes later.
        self.until(lambda: not any("ScrollView" in _lineage(held()) for held in touch.grab_list), after=0)
        touch.touch_up()
        self.until(lambda: not touch.grab_list, after=2)

    def show(self, widget: Any) -> None:
        """Scroll until a widget is in sight, and let the page come to rest."""
        above = widget.parent
        while above is not None and above is not self.window and above is not above.parent:
            if "ScrollView" in _lineage(above) and "RecycleView" not in _lineage(above):
                above.scroll_to(widget, animate=False)
            above = above.parent
        # An answer lays the page out anew in several frames.
        places: list[tuple[float, ...]] = []

        def still() -> bool:
            places.append((*widget.to_window(*widget.pos), *widget.size))
            return len(places) > STILL_FRAMES and len(set(places[-STILL_FRAMES:])) == 1

        self.until(still, after=0)

    def field(self, label: str) -> Any:
        """The text field of the question, or the field whose hint or name this is."""
        for widget in self.widgets():
            if "Field" in _lineage(widget) and label in (widget.hint_text, self._label_of(widget)):
                return widget
        raise AssertionError(f"no field {label!r} among {self.words()}")

    def type(self, label: str, text: str) -> None:
        """Touch a field, type, and press Enter."""
        field = self.field(label)
        self.touch_widget(field)
        self.until(lambda: bool(field.focus), 2)
        field.select_all()
        field.delete_selection()
        for sign in text:
            self.window.dispatch("on_textinput", sign)
        self.window.dispatch("on_key_down", ENTER, 40, None, [])
        self.window.dispatch("on_key_up", ENTER, 40)
        self.frames(3)

    def step(self, label: str, sign: str, times: int) -> None:
        """Touch a stepper of a question."""
        for widget in list(self.widgets()):
            if "Pressable" in _lineage(widget) and widget.text == sign and self._label_of(widget) == label:
                for _ in range(times):
                    self.touch_widget(widget)

    def next_button(self) -> Any:
        """The button that goes on: next page, or the look over everything."""
        return next(widget for widget in self.widgets() if _words(widget) in ("下一页", "检查并提交"))

    def choose(self, label: str, choice: str) -> None:
        """Touch a choice of a question."""
        self.touch_widget(self._choice(label, choice))
        self.until(lambda: bool(self._choice(label, choice).chosen))

    def _choice(self, label: str, choice: str) -> Any:
        for widget in self.widgets():
            if (
                "ChoiceButton" in _lineage(widget)
                and widget.words == choice
                and self._label_of(widget) == label
            ):
                return widget
        raise AssertionError(f"no choice {choice!r} of {label!r} among {self.words()}")

    def picture(self, path: Path) -> None:
        """The whole window as a PNG, sheets above it included."""
        self.frames(8)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.window.children[0].export_to_png(str(path))

    def _label_of(self, widget: Any) -> str:
        above = widget.parent
        while above is not None and above is not self.window and above is not above.parent:
            if "QuestionCard" in _lineage(above):
                return str(above.label)
            above = above.parent
        return ""


def _lineage(widget: Any) -> str:
    return " ".join(kind.__name__ for kind in type(widget).__mro__)


def _shows(widget: Any) -> bool:
    return bool(widget.opacity) and not (hasattr(widget, "height") and widget.height <= 0)


def _words(widget: Any) -> str:
    text = getattr(widget, "text", "") if "Label" in _lineage(widget) else getattr(widget, "words", "")
    return re.sub(r"\[/?(?:b|color|size)[^\]]*\]", "", text) if isinstance(text, str) else ""


@pytest.fixture(scope="session")
def _kivy() -> None:
    from kivy.config import Config

    Config.set("graphics", "width", 1280)
    Config.set("graphics", "height", 800)
    Config.set("graphics", "maxfps", 0)
    # Without a graphics card each edge smoothed is drawn by the processor, in every frame of every test.
    Config.set("graphics", "multisamples", 0)
    for name, _ in Config.items("input"):
        Config.remove_option("input", name)


@pytest.fixture
def open_window(_kivy: None) -> Iterator[Callable[..., Driver]]:
    """`open_window(desk, exchange=…, ask=…)` opens the app on a desk and gives its driver."""
    from mobile.app import Devices, TabletApp
    from mobile.device.fonts import faces
    from mobile.device.location import NoReceiver

    opened: list[Driver] = []

    def start(
        desk: Desk, *, exchange: Any = None, ask: Any = None, locator: Any = None, camera: Any = None
    ) -> Driver:
        devices = Devices(faces(), locator or NoReceiver(), lambda: True, exchange, ask, camera)
        opened.append(Driver(TabletApp(desk, devices)))
        return opened[-1]

    yield start
    for driver in opened:
        driver.close()
