"""What the application hands the shell, and how the shell is put into an application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.web.panels import Panels
from server.web.problems import install_handlers

STATIC: Final = Path(__file__).resolve().parent / "static"
# Everything a page needs comes from this server: township networks reach nothing else, and no page can
# be made to load or to run what somebody typed into a form.
POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

FOR_TABLETS: Final = "/sync/"


@dataclass(frozen=True)
class NavItem:
    """One entry of the navigation: where it leads, its Chinese name, marked with N_, and the verb without which
    it is not offered; empty for everybody."""

    path: str
    label: str
    verb: str = ""


@dataclass(frozen=True)
class ShellFacts:
    """What every page says: six-digit county, its name, and whether the data are synthetic."""

    county: str
    county_name: str
    synthetic: bool


@dataclass(frozen=True)
class Shell:
    """`recognise`: notes in the request's state who asks, for pages that no route and so no guard has seen."""

    facts: Callable[[], ShellFacts]
    navigation: tuple[NavItem, ...]
    has_htmx: bool
    recognise: Callable[[Request], None]


@dataclass(frozen=True)
class Guarded:
    """Adds the headers to every answer a browser may show; plain ASGI, so that downloads stream through untouched.

    Tablets show nothing of theirs, and on a village's line a header is a tenth of what they ask for.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if _is_shown(scope) else send)


def _is_shown(scope: Scope) -> bool:
    return scope["type"] == "http" and not scope["path"].startswith(FOR_TABLETS)


def _nobody(request: Request) -> None:
    """Where nobody signs in, nobody is recognised."""


def install(
    app: FastAPI, facts: Callable[[], ShellFacts], navigation: tuple[NavItem, ...],
    recognise: Callable[[Request], None] = _nobody,
) -> None:  # fmt: skip
    """Mounts the static files, the error answers and the headers; called once by the application."""
    # htmx only refreshes the coverage figures; a checkout without it serves the same pages.
    has_htmx = (STATIC / "vendor" / "htmx.min.js").is_file()
    app.state.shell = Shell(facts, navigation, has_htmx, recognise)
    app.state.panels = Panels()
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(Guarded)
    install_handlers(app)
