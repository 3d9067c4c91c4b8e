"""Taking a photo: a port with one method, and the thread on which it is made fit to travel.

A tablet hands in its camera; a desktop has none, and the app then lets one choose a file.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mobile.presenters.photos import Photographed, Shot

Post = Callable[[Callable[[], None]], None]
Chosen = Callable[[Path | None], None]


class Camera(Protocol):
    """Calls `done` on the window's thread with the file it wrote, or None if no photo was taken."""

    def take(self, done: Chosen) -> None: ...


@dataclass(frozen=True)
class Darkroom:
    """`take` gives a file: the camera's, or one that was chosen. A thread makes the photo of it."""

    take: Callable[[Chosen], None]
    develop: Callable[[Path], Shot]
    post: Post

    def photograph(self, done: Photographed) -> None:
        """Begin; `done` arrives on the window's thread."""
        self.take(lambda path: self._chosen(path, done))

    def _chosen(self, path: Path | None, done: Photographed) -> None:
        if path is None:
            done(None)
            return

        def work() -> None:
            try:
                shot = self.develop(path)
            except OSError:
                shot = Shot(b"")
            self.post(lambda: done(shot))

        threading.Thread(target=work, name="darkroom", daemon=True).start()
