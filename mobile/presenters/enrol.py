"""Enrolment: a server address and a one-time code, and in plain words why it did not work."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from mobile.locale import Say


class Enrolling(Protocol):
    """Enrols this tablet without blocking; calls `done` with "" or with the reason in plain words."""

    def enrol(self, address: str, code: str, done: Callable[[str], None]) -> None: ...


@dataclass(frozen=True)
class EnrolState:
    """What the form holds and what is wrong with it."""

    address: str = ""
    code: str = ""
    busy: bool = False
    fault: str = ""
    enrolled: bool = False


class EnrolPresenter:
    """Intents: enrol."""

    def __init__(self, say: Say, office: Enrolling, changed: Callable[[EnrolState], None]) -> None:
        self._say = say
        self._office = office
        self._changed = changed
        self.state = EnrolState()

    def enrol(self, address: str, code: str) -> None:
        """Ask the office; answers arrive through `changed`."""
        if self.state.busy:
            return
        address, code = address.strip().rstrip("/"), code.strip()
        fault = self._fault(address, code)
        self._show(EnrolState(address, code, busy=not fault, fault=fault))
        if not fault:
            self._office.enrol(address, code, self._answered)

    def _fault(self, address: str, code: str) -> str:
        if not address:
            return self._say("enrol.no_address")
        return "" if code else self._say("enrol.no_code")

    def _answered(self, why: str) -> None:
        fault = self._say("enrol.failed", why=why) if why else ""
        self._show(replace(self.state, busy=False, fault=fault, enrolled=not why))

    def _show(self, state: EnrolState) -> None:
        self.state = state
        self._changed(state)
