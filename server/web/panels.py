"""Fragments a page takes from capabilities it may not import.

A household's page belongs to the registry, yet later it shows payments and problems. Those rooms stand
above the registry, so the application registers their fragments here under the subject they speak of
("household", "area"), and the page asks for whatever there is. A column is the same for a table's rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from starlette.requests import Request

from server.web.rendering import render

Panel = Callable[[Request, str], Markup | None]
"""(request, key of the subject) to a fragment, or None where there is nothing to show."""


@dataclass(frozen=True)
class Cell:
    """What a column says of a row: a text in the reader's language, the page behind it, and the mark it is drawn as
    (good, warn, strive, bad; empty: plain).
    """

    text: str
    address: str
    mark: str = ""


Cells = Callable[[Request, str], Mapping[str, Cell] | None]
"""(request, key of the subject) to cells by the key of the row; None where the column is not for this reader."""


@dataclass(frozen=True)
class Column:
    """A column as a page draws it; `title` in Chinese, to be translated."""

    title: str
    cells: Mapping[str, Cell]


@dataclass
class Panels:
    """Filled while the application is composed, only read afterwards."""

    by_subject: dict[str, list[tuple[int, Panel]]] = field(default_factory=dict)
    columns_of: dict[str, list[tuple[str, Cells]]] = field(default_factory=dict)

    def add(self, subject: str, panel: Panel, order: int = 100) -> None:
        self.by_subject.setdefault(subject, []).append((order, panel))

    def add_column(self, subject: str, title: str, cells: Cells) -> None:
        self.columns_of.setdefault(subject, []).append((title, cells))

    def columns(self, request: Request, subject: str, key: str) -> list[Column]:
        """The columns that a table of `key`'s parts takes from other rooms."""
        drawn = ((title, cells(request, key)) for title, cells in self.columns_of.get(subject, []))
        return [Column(title, cells) for title, cells in drawn if cells is not None]

    def fragments(self, request: Request, subject: str, key: str) -> list[Markup]:
        ordered = sorted(self.by_subject.get(subject, []), key=lambda entry: entry[0])
        drawn = (panel(request, key) for _, panel in ordered)
        return [fragment for fragment in drawn if fragment]


def fragment(request: Request, template: str, **ctx: Any) -> Markup:
    """A template drawn for a panel, with the same names every page has."""
    return Markup(bytes(render(request, template, **ctx).body).decode())
