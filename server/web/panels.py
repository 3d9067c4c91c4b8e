"""Fragments a page takes from capabilities it may not import.

A household's page belongs to the registry, yet later it shows payments and problems. Those rooms stand
above the registry, so the application registers their fragments here under the subject they speak of
("household", "area"), and the page asks for whatever there is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from starlette.requests import Request

from server.web.rendering import render

Panel = Callable[[Request, str], Markup | None]
"""(request, key of the subject) to a fragment, or None where there is nothing to show."""


@dataclass
class Panels:
    """Filled while the application is composed, only read afterwards."""

    by_subject: dict[str, list[tuple[int, Panel]]] = field(default_factory=dict)

    def add(self, subject: str, panel: Panel, order: int = 100) -> None:
        self.by_subject.setdefault(subject, []).append((order, panel))

    def fragments(self, request: Request, subject: str, key: str) -> list[Markup]:
        ordered = sorted(self.by_subject.get(subject, []), key=lambda entry: entry[0])
        drawn = (panel(request, key) for _, panel in ordered)
        return [fragment for fragment in drawn if fragment]


def fragment(request: Request, template: str, **ctx: Any) -> Markup:
    """A template drawn for a panel, with the same names every page has."""
    return Markup(bytes(render(request, template, **ctx).body).decode())
