"""From a template's name to a page, with what every page needs already in it.

Templates live in their capability and are addressed as "capability/file". An undefined name is an error,
because a silently empty figure on an official page is worse than none.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, Protocol

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request

from server.web import charts, figures
from server.web.language import CAPABILITIES, LANGUAGE_COOKIE, located, request_language, translate
from server.web.listing import with_query

STATIC: Final = Path(__file__).resolve().parent / "static"
COOKIE_AGE_S: Final = 365 * 24 * 3600


class Wrong(Protocol):
    """What a page needs of a problem."""

    status: int


@lru_cache(maxsize=1)
def environment() -> Environment:
    folders = {path.parent.name: FileSystemLoader(path) for path in CAPABILITIES.glob("*/templates")}
    env = Environment(
        loader=PrefixLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        amount=figures.amount,
        count=figures.count,
        day=figures.day,
        moment=figures.moment,
        rate=figures.rate,
        size=figures.size,
        square_metres=figures.square_metres,
        told=figures.told,
        yuan=figures.yuan,
    )
    env.globals.update(with_query=with_query, static=static, charts=charts)
    return env


@lru_cache(maxsize=32)
def static(name: str) -> str:
    """The address of a static file, changed with its content so that a browser never shows an old one."""
    path = STATIC / name
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else "none"
    return f"/static/{name}?{digest}"


def _csrf_field(request: Request) -> Markup:
    token = getattr(request.state, "csrf", "")
    return Markup(f'<input type="hidden" name="csrf" value="{escape(token)}">')


def _facts(request: Request) -> Any:
    """The shell's facts, read once a request: the fragments of panels are drawn for the same one."""
    if not hasattr(request.state, "facts"):
        request.state.facts = request.app.state.shell.facts()
    return request.state.facts


def render(
    request: Request, template: str, status: int | None = None, *, fault: Wrong | None = None, **ctx: Any
) -> HTMLResponse:
    """Draws "capability/file.html" in the reader's language; ctx are the template's own names. A page that is shown
    again says what was wrong (`fault`), and answers with its status.
    """
    lang = request_language(request)
    shell = request.app.state.shell
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    # Set by whoever knows the person; somebody not signed in may nothing.
    may = getattr(request.state, "may", lambda verb: False)
    given: dict[str, Any] = {
        "request": request,
        "lang": lang,
        "_": partial(translate, lang),
        "located": partial(located, lang),
        "facts": _facts(request),
        "navigation": [item for item in shell.navigation if not item.verb or may(item.verb)],
        "may": may,
        "has_htmx": shell.has_htmx,
        "person": getattr(request.state, "person", None),
        "csrf_field": _csrf_field(request),
        "here": here,
        "breadcrumbs": [],
        "refused": getattr(request.state, "refused", None),
        "fragment": "hx-request" in request.headers,
        "fault": fault,
    }
    text = environment().get_template(template).render({**given, **ctx})
    response = HTMLResponse(
        text, status_code=status or (fault.status if fault else 200), headers={"Vary": "HX-Request, Cookie"}
    )
    if request.query_params.get("lang") == lang:
        response.set_cookie(LANGUAGE_COOKIE, lang, max_age=COOKIE_AGE_S, samesite="lax")
    return response
