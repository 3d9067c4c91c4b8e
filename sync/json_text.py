"""JSON as both ends write it where it is hashed or kept, and a place for somebody who writes the same more quickly.

`sync` runs on tablets and keeps to the standard library, which takes a sixth of what a contact costs the hub to write
down its records. So the hub's process hands in a writer of its own. What is written is hashed at both ends of the wire:
it has to give the same bytes, or to raise TypeError where it would not, and then the standard library writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol


class Writer(Protocol):
    def __call__(self, value: object, plain: Callable[[Any], object], *, sort_keys: bool) -> bytes:
        """JSON without spaces in UTF-8, of texts, whole numbers, truth values, None, and lists, tuples and dicts of
        these; anything else is asked of `plain`. Raises TypeError for what it cannot write as `json` does.
        """
        ...


_HANDED_IN: Final[list[Writer]] = []


@contextmanager
def written_by(writer: Writer) -> Iterator[None]:
    """Until the block ends, that one writes for the whole process."""
    _HANDED_IN.insert(0, writer)
    try:
        yield
    finally:
        _HANDED_IN.remove(writer)


@dataclass(frozen=True)
class Style:
    """How a kind of JSON is written. ``plain``: what stands for a value that JSON does not know."""

    plain: Callable[[Any], object]
    sort_keys: bool = False

    def text(self, value: object) -> str:
        quick = self._quick(value)
        return self.exact(value) if quick is None else quick.decode()

    def utf8(self, value: object) -> bytes:
        quick = self._quick(value)
        return self.exact(value).encode() if quick is None else quick

    def exact(self, value: object) -> str:
        """As the standard library writes it, also where there is a fraction or half a character in it."""
        return self._encoder.encode(value)

    def _quick(self, value: object) -> bytes | None:
        if not _HANDED_IN:
            return None
        try:
            return _HANDED_IN[0](value, self.plain, sort_keys=self.sort_keys)
        except TypeError:
            return None

    # Made once: to make an encoder takes as long as to encode a verdict.
    @cached_property
    def _encoder(self) -> json.JSONEncoder:
        return json.JSONEncoder(
            check_circular=False,
            default=self.plain,
            ensure_ascii=False,
            separators=(",", ":"),
            sort_keys=self.sort_keys,
        )
