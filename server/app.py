"""The composition root: the one place where every room is known and put together.

Rooms below import nothing from above; what one needs of another (derivations, places, panels) is handed over
here.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import Depends, FastAPI
from sqlalchemy.engine import Engine
from starlette.middleware.sessions import SessionMiddleware

import server.access.pages
import server.access.tablet_pages
from server import database, web
from server.access import actions
from server.access.session import SESSION_LIFETIME, our_own_form, visitor
from server.access.throttle import Throttle
from server.settings import Settings

PAGES = (
    server.access.pages.router,
    server.access.tablet_pages.router,
)
NAVIGATION = (*server.access.tablet_pages.NAVIGATION,)


def utc_now() -> datetime:
    return datetime.now(UTC)


def random_id() -> str:
    return str(uuid.uuid4())


def create_app(
    settings: Settings, *, clock: Callable[[], datetime] = utc_now, new_id: Callable[[], str] = random_id
) -> FastAPI:
    """The server over its database, migrated and with an administrator.

    `app.state.first_password` holds the administrator's password when this call made one, else None. Raises
    DatabaseProblem.
    """
    engine = database.engine(settings.database_url)
    database.migrate(engine)
    app = FastAPI(
        title="cleanheat",
        description="清洁取暖登记与进度 / Registry and progress of a county's clean winter heating",
        version="1",
        # The documentation pages of FastAPI load their scripts from a foreign server.
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_lifespan,
    )
    app.state.settings, app.state.engine = settings, engine
    app.state.clock, app.state.new_id = clock, new_id
    app.state.sign_in_throttle = Throttle(clock)
    with database.write(engine) as session:
        app.state.first_password = actions.first_administrator(
            session, county=settings.county, new_id=new_id, now=clock()
        )
    _put_together(app, settings, engine)
    return app


def _put_together(app: FastAPI, settings: Settings, engine: Engine) -> None:
    web.install(app, lambda: _facts(settings, engine), NAVIGATION)
    app.add_middleware(
        SessionMiddleware,
        secret_key=settings.secret,
        session_cookie="cleanheat",
        max_age=int(SESSION_LIFETIME.total_seconds()),
        https_only=settings.https_only,
    )
    for router in PAGES:
        app.include_router(router, dependencies=[Depends(visitor), Depends(our_own_form)])


def _facts(settings: Settings, engine: Engine) -> web.ShellFacts:
    return web.ShellFacts(settings.county, settings.county, settings.synthetic)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.engine.dispose()
