"""What the application hands this room, and how the room is put into an application."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request

from server.registry import selections
from server.subsidies import owed, panels, payees, review, tablets
from server.subsidies.tablets import Publish
from server.web import N_


@dataclass(frozen=True)
class Room:
    """`publish`: the way to tablets; None where there is none."""

    publish: Publish | None = None

    def tell(self, session: Session, county: str, households: Collection[str], now: datetime) -> None:
        """Tells tablets how these homes' money stands now, in the transaction that changed it."""
        if self.publish is not None and households:
            session.flush()
            self.publish(session, county, list(tablets.states(session, county, households, now)), now)


def install(app: FastAPI, *, publish: Publish | None = None) -> None:
    """Registers the list of homes still owed, the fragments other rooms' pages take of this one, and what follows
    an acceptance: its homes come into the queue of decisions, and their tablets hear of it.
    """
    made = app.state.subsidies = Room(publish)

    def told(session: Session, county: str, households: Collection[str]) -> None:
        made.tell(session, county, households, app.state.clock())

    selections.register(owed.ROOM, owed.selection())
    app.state.acceptance_watchers += [payees.follow, review.accepted, told]
    app.state.panels.add("household", panels.household, order=5)
    app.state.panels.add("area", panels.area, order=10)
    app.state.panels.add_column("duplicate", N_("已核定（元）"), panels.decided_of)
    app.state.panels.add_column("duplicate", N_("已发放（元）"), panels.paid_of)


def room(request: Request) -> Room:
    found: Room = request.app.state.subsidies
    return found
