"""Talking to the hub without ever holding up the window: a thread per contact, with its own replica and connection.

SQLite connections stay on the thread that opened them, so the thread opens the replica's file again; both see the
same records. `post` brings a call back to the window's thread.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from sync.client import Account, Progress

Post = Callable[[Callable[[], None]], None]


@dataclass(frozen=True)
class ThreadedContact:
    """`exchange` makes one whole contact (opening and closing what it needs) and never raises for the world's sake."""

    exchange: Callable[[Callable[[Progress], None]], Account]
    post: Post

    def start(self, progress: Callable[[Progress], None], done: Callable[[Account], None]) -> None:
        """Begin; both callbacks arrive on the window's thread."""

        def work() -> None:
            account = self.exchange(lambda step: self.post(lambda: progress(step)))
            self.post(lambda: done(account))

        threading.Thread(target=work, name="contact", daemon=True).start()


@dataclass(frozen=True)
class ThreadedOffice:
    """Enrolment on a thread; `ask` gives "" or the reason it did not work."""

    ask: Callable[[str, str], str]
    post: Post

    def enrol(self, address: str, code: str, done: Callable[[str], None]) -> None:
        """Begin; `done` arrives on the window's thread."""

        def work() -> None:
            why = self.ask(address, code)
            self.post(lambda: done(why))

        threading.Thread(target=work, name="enrol", daemon=True).start()
