"""The composition root: the one place where every room is known and put together.

Rooms below import nothing from above; what one needs of another (derivations, places, panels) is handed over
here.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response

import server.access.audit_pages
import server.access.pages
import server.access.people_pages
import server.access.tablet_pages
import server.exchange.conflict_pages
import server.exchange.deciding_pages
import server.exchange.endpoint
import server.exchange.pages
import server.exchange.photo_endpoint
import server.exchange.photo_pages
import server.exchange.rescue_pages
import server.inspections.pages
import server.inspections.steps
import server.programme.api
import server.programme.pages
import server.registry.acceptance_pages
import server.registry.duplicate_pages
import server.registry.duplicate_sheets
import server.registry.pages
import server.subsidies.batch_pages
import server.subsidies.decision_pages
import server.subsidies.finance_pages
import server.subsidies.owed
import server.subsidies.payee_import_pages
import server.subsidies.payee_pages
import server.subsidies.prepare_pages
import server.subsidies.return_pages
import server.subsidies.room
import server.subsidies.schedule_pages
import server.zones.forms
import server.zones.pages
import survey_forms
from server import database, web
from server.access import actions
from server.access.places import Place
from server.access.session import SESSION_LIFETIME, Refused, on_refused, our_own_form, recognise, visitor
from server.access.throttle import Throttle
from server.exchange import digests, forms, history, invented, keyring, office
from server.exchange.current import exchange_now
from server.exchange.journal import Stale
from server.exchange.photo_files import FOLDER, PhotoFiles
from server.exchange.store import Derivation, Exchange
from server.inspections import sightings
from server.programme.actions import release_bundled
from server.registry import aliases, divisions
from server.registry.actions import import_bundled_divisions
from server.registry.policy import POLICY
from server.registry.projection import projection, syllables
from server.settings import Settings
from server.subsidies import payees, review, schedules
from server.terminal.steps import Steps, unseen
from server.web.problems import answer, problem
from server.zones import room
from server.zones.watch import watch
from sync.messages import EntityState

PAGES: Final = (
    server.programme.pages.router,
    server.registry.pages.router,
    server.registry.acceptance_pages.router,
    server.registry.duplicate_sheets.router,
    server.registry.duplicate_pages.router,
    server.subsidies.finance_pages.router,
    server.subsidies.decision_pages.router,
    server.subsidies.prepare_pages.router,
    server.subsidies.batch_pages.router,
    server.subsidies.return_pages.router,
    server.subsidies.schedule_pages.router,
    server.subsidies.payee_import_pages.router,
    server.subsidies.payee_pages.router,
    server.zones.pages.router,
    server.zones.forms.router,
    server.inspections.pages.router,
    server.inspections.steps.router,
    server.access.pages.router,
    server.exchange.pages.router,
    server.exchange.conflict_pages.router,
    server.exchange.photo_pages.router,
    server.exchange.rescue_pages.router,
    server.exchange.deciding_pages.router,
    server.access.tablet_pages.router,
    server.access.people_pages.router,
    server.access.audit_pages.router,
)
NAVIGATION: Final = (
    *server.programme.pages.NAVIGATION,
    *server.registry.pages.NAVIGATION,
    *server.registry.acceptance_pages.NAVIGATION,
    *server.registry.duplicate_pages.NAVIGATION,
    *server.subsidies.finance_pages.NAVIGATION,
    *server.zones.pages.NAVIGATION,
    *server.inspections.pages.NAVIGATION,
    *server.exchange.pages.NAVIGATION,
    *server.exchange.conflict_pages.NAVIGATION,
    *server.access.tablet_pages.NAVIGATION,
    *server.access.people_pages.NAVIGATION,
    *server.access.audit_pages.NAVIGATION,
)
DERIVATIONS: Final[tuple[Derivation, ...]] = (
    aliases.through(projection, sightings.projection, watch, review.watch, payees.projection),
)
# Office forms and division files; tablets have a bound of their own.
MAX_BODY_BYTES: Final = 20_000_000
RETRY_AFTER_S: Final = 5
PINYIN: Final = "_pinyin"
# Of a name; what is longer is none, and spelt it would be longer than any value may be.
SPELT_CHARS_MAX: Final = 100


def utc_now() -> datetime:
    return datetime.now(UTC)


def random_id() -> str:
    return str(uuid.uuid4())


def create_app(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    new_id: Callable[[], str] = random_id,
    steps: Steps = unseen,
) -> FastAPI:
    """The server over its database: migrated, with its forms, its history and an administrator.

    `app.state.first_password` holds the administrator's password when this call made one, else None. Raises
    DatabaseProblem or FormsProblem.
    """
    engine = database.engine(settings.database_url)
    try:
        with steps("准备数据库（版本）") as told:
            database.migrate(engine, told)
        digests.ensure(engine, POLICY.masked, steps)
        return _create(settings, engine, clock, new_id)
    except BaseException:
        engine.dispose()
        raise


def _create(
    settings: Settings, engine: Engine, clock: Callable[[], datetime], new_id: Callable[[], str]
) -> FastAPI:
    app = FastAPI(
        title="cleanheat",
        description="清洁取暖登记与进度 / Registry and progress of a county's clean winter heating",
        version="1",
        # The documentation pages of FastAPI load their scripts from a foreign server.
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_lifespan,
        max_body_size=MAX_BODY_BYTES,
    )
    state, places = app.state, RegistryPlaces()
    state.engine, state.clock, state.new_id = engine, clock, new_id
    state.places, state.sign_in_throttle = places, Throttle(clock)
    state.photo_files = PhotoFiles(settings.data / FOLDER)
    with database.write(engine) as session:
        forms.register(session, survey_forms.released(), clock())
        history.ensure(session, new_id)
        settings = replace(settings, synthetic=settings.synthetic or invented.marked(session))
        state.first_password = actions.first_administrator(
            session, county=settings.county, new_id=new_id, now=clock()
        )
    state.settings = settings
    with database.read(engine) as session:
        released = forms.load(session)
    state.keyring = keyring.opened(settings.data, settings.county_keys)
    state.keyring_stamp = keyring.stamp(settings.data)
    state.exchange = Exchange(
        engine, places, released, POLICY, DERIVATIONS, new_id, with_pinyin, county_key=state.keyring.public
    )
    state.newest_forms = lambda: exchange_now(state).forms.newest
    state.form_titles = lambda: exchange_now(state).forms.titles
    _put_together(app, settings, engine)
    return app


def fill(app: FastAPI, steps: Steps = unseen) -> None:
    """What a county starts from, where it is not there yet: the province's divisions, its released plans and
    subsidy schedules.
    """
    now, county = app.state.clock(), app.state.settings.county
    with database.write(app.state.engine) as session:
        with steps("导入行政区划（行）") as told:
            import_bundled_divisions(session, told)
        release_bundled(session, county, now)
        schedules.release_bundled(session, county, now)


def _put_together(app: FastAPI, settings: Settings, engine: Engine) -> None:
    web.install(app, lambda: _facts(settings, engine), NAVIGATION, recognise)
    server.registry.acceptance_pages.install(app)
    server.registry.duplicate_pages.install(app)
    server.inspections.pages.install(app)
    server.subsidies.room.install(app, publish=office.publish)
    room.install(app, unpaid=server.subsidies.owed.unsettled, publish=office.publish)
    app.add_middleware(
        SessionMiddleware,
        secret_key=settings.secret,
        session_cookie="cleanheat",
        max_age=int(SESSION_LIFETIME.total_seconds()),
        https_only=settings.https_only,
    )
    app.add_exception_handler(OperationalError, _on_database)
    app.add_exception_handler(Stale, _on_overtaken)
    app.add_exception_handler(Refused, on_refused)
    app.router.routes.extend(_rooms().routes)


@lru_cache(maxsize=1)
def _rooms() -> APIRouter:
    """Every room's routes. FastAPI works out what each takes at the first request; this way once, not for every
    application of a process.
    """
    rooms = APIRouter(max_body_size=MAX_BODY_BYTES)
    rooms.include_router(server.exchange.endpoint.router)
    rooms.include_router(server.exchange.photo_endpoint.router)
    rooms.include_router(server.programme.api.router, dependencies=[Depends(visitor)])
    for router in PAGES:
        rooms.include_router(router, dependencies=[Depends(visitor), Depends(our_own_form)])
    return rooms


def _facts(settings: Settings, engine: Engine) -> web.ShellFacts:
    with database.read(engine) as session:
        name = divisions.county_name(session, settings.county)
    return web.ShellFacts(settings.county, name, settings.synthetic)


@dataclass(frozen=True)
class RegistryPlaces:
    """The registry's villages as access and exchange ask for them. Fits `Places`."""

    def county_name(self, session: Session, county: str) -> str:
        return divisions.county_name(session, county)

    def area_name(self, session: Session, area: str) -> str:
        return divisions.area_name(session, area)

    def area_names(self, session: Session, areas: Collection[str]) -> dict[str, str]:
        return divisions.area_names(session, areas)

    def villages(self, session: Session, county: str, codes: Collection[str] | None = None) -> list[Place]:
        found = divisions.villages(session, county, codes)
        return [Place(each.code, each.name, each.township_name, each.area_class) for each in found]


def with_pinyin(state: EntityState) -> EntityState:
    """A household with its head's name as it sounds, syllable by syllable: tablets search by it and cannot spell."""
    name = state.props.get("head_name", "") if state.dataset == "household" else ""
    if not 0 < len(name) <= SPELT_CHARS_MAX:
        return state
    return replace(state, props={**state.props, PINYIN: " ".join(filter(None, syllables(name)))})


async def _on_database(request: Request, error: Exception) -> Response:
    """A database that is only busy is worth another try; anything else is a failure."""
    if not database.is_busy(error):
        raise error
    return _busy(request)


async def _on_overtaken(request: Request, error: Exception) -> Response:
    """What was read has meanwhile been written by another: nothing happened here, and trying again will help."""
    return _busy(request)


def _busy(request: Request) -> Response:
    busy = problem("busy")
    busy.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer(request, busy)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.engine.dispose()
