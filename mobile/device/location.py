"""Where the tablet stands: a port with one method, and the device without a receiver."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Fix:
    """A position: degrees (WGS 84), altitude and accuracy in metres."""

    latitude: float
    longitude: float
    altitude_m: float
    accuracy_m: float

    def lexical(self) -> str:
        """As a geopoint answer: "lat lon alt accuracy"."""
        return f"{self.latitude:.6f} {self.longitude:.6f} {self.altitude_m:.1f} {self.accuracy_m:.1f}"


class Locator(Protocol):
    """Calls `done` on the window's thread with a fix, or None if there is none to be had."""

    def locate(self, done: Callable[[Fix | None], None]) -> None: ...


class NoReceiver:
    """A device that cannot tell where it is."""

    def locate(self, done: Callable[[Fix | None], None]) -> None:
        """Answers at once that there is no fix."""
        done(None)
