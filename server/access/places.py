"""What access and exchange must know of a county's villages, which live in a room above them.

The application hands in an implementation; here is only its shape.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlmodel import Session


@dataclass(frozen=True)
class Place:
    """A village: 12-digit code, its name and its township's, and the programme's area class (None =
    unclassified).
    """

    code: str
    name: str
    township_name: str
    area_class: str | None

    @property
    def township(self) -> str:
        return self.code[:9]


class Places(Protocol):
    """The divisions of one county, as the registry has them."""

    def county_name(self, session: Session, county: str) -> str:
        """The county's name; its code where it is not known."""
        ...

    def villages(
        self, session: Session, county: str, codes: Collection[str] | None = None
    ) -> Sequence[Place]:
        """Those of `codes` the registry knows, or all villages of the county; sorted by code."""
        ...

    def area_name(self, session: Session, area: str) -> str:
        """What an area (division code prefix) is called; its code where it is not known."""
        ...

    def area_names(self, session: Session, areas: Collection[str]) -> dict[str, str]:
        """The same of several, from one look."""
        ...
