"""How often something may fail before the next try must wait: sign-in and enrolment.

Kept in memory: it slows a guesser down, and a restart forgives everybody. The limits are low enough for a
password of ten characters and an enrolment code of forty bits.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

KEYS_MAX: Final = 10_000
WINDOW: Final = timedelta(minutes=5)


class Throttle:
    """Counts failures per key inside a sliding window. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], datetime], window: timedelta = WINDOW) -> None:
        self._clock = clock
        self._window = window
        self._failures: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, key: str, failures_max: int) -> int:
        """Seconds until this key may try again; 0 = now."""
        now = self._clock()
        with self._lock:
            failures = self._recent(key, now)
            if len(failures) < failures_max:
                return 0
            return max(1, int((failures[-failures_max] + self._window - now).total_seconds()) + 1)

    def failed(self, key: str) -> None:
        now = self._clock()
        with self._lock:
            failures = self._recent(key, now)
            failures.append(now)
            self._failures[key] = failures
            self._failures.move_to_end(key)
            while len(self._failures) > KEYS_MAX:
                self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        with self._lock:
            self._failures.pop(key, None)

    def _recent(self, key: str, now: datetime) -> deque[datetime]:
        failures = self._failures.get(key, deque())
        while failures and failures[0] <= now - self._window:
            failures.popleft()
        return failures
