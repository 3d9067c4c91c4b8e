"""Photos for the office: on the pages of what they show, and by themselves, to whoever may see that household."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, Response
from sqlmodel import Session

from server.access import rules
from server.access import views as access
from server.access.session import holding, require
from server.access.tables import Person
from server.database import read
from server.exchange import photo_views, wording
from server.exchange.current import exchange_now
from server.exchange.photo_files import PhotoFiles
from server.exchange.photo_views import PhotoShown
from server.exchange.store import Exchange
from server.web import problem, request_language
from server.web.language import Language
from sync.photos import MEDIA_TYPES, SHA256

Viewer = Annotated[Person, Depends(holding("household.view"))]
# Under its hash a photo never changes. "private": only the reader's own browser may keep it.
HEADERS: Final = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}

router = APIRouter(include_in_schema=False)


@router.get("/photos/{county}/{sha256}")
def photo(request: Request, person: Viewer, county: str, sha256: str) -> Response:
    """The bytes as they came, under the type their content says."""
    if not SHA256.fullmatch(sha256):
        raise problem("not_found")
    with read(request.app.state.engine) as session:
        found = photo_views.kept(session, county, sha256)
    if found is None:
        raise problem("not_found")
    if not any(rules.may(person, "household.view", village) for village in found.villages):
        require(person, "household.view", min(found.villages))
    files: PhotoFiles = request.app.state.photo_files
    path = files.path(county, sha256)
    if not path.is_file():
        raise problem("not_found")
    name = f'inline; filename="{sha256[:16]}.{found.kind}"'
    return FileResponse(
        path, media_type=MEDIA_TYPES[found.kind], headers=HEADERS | {"Content-Disposition": name}
    )


@dataclass(frozen=True)
class Figure:
    """A photo in a page: what it shows in the words of the form that asked, and who took it."""

    shown: PhotoShown
    label: str
    form: str
    person: str


def gallery(request: Request, session: Session, county: str, submissions: Collection[str]) -> list[Figure]:
    """The photos of these records, newest record first; empty where none names any."""
    exchange, lang = exchange_now(request.app.state), request_language(request)
    found = photo_views.of_submissions(session, county, submissions)
    people = access.names(session, {each.person for each in found})
    titles = exchange.forms.titles(lang)
    return [
        Figure(
            each, _label(exchange, each, lang), titles.get(each.form, each.form),
            people.get(each.person, each.person),
        )
        for each in found
    ]  # fmt: skip


def _label(exchange: Exchange, shown: PhotoShown, lang: Language) -> str:
    released = exchange.forms.by_key.get((shown.form, shown.form_version))
    return wording.label_of_path(released, f"/data/{shown.path}", lang) if released else shown.path
