"""What the application hands this room, and how the room is put into an application."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import FastAPI
from sqlmodel import Session
from starlette.requests import Request

from server.registry import selections
from server.web import N_
from server.zones import lines, panels, tablets
from server.zones.lines import ROOM, Unpaid
from server.zones.tablets import Publish


@dataclass(frozen=True)
class Room:
    """`unpaid`: who waits for money, None while subsidies are not in use. `publish`: the way to tablets."""

    unpaid: Unpaid | None = None
    publish: Publish | None = None

    def tell(self, session: Session, county: str, zone: str, now: datetime) -> None:
        """Tells tablets how a zone stands now, in the transaction that changed it."""
        if self.publish is not None:
            self.publish(session, county, tablets.states(session, county, zone, now), now)


def install(app: FastAPI, *, unpaid: Unpaid | None = None, publish: Publish | None = None) -> None:
    """Registers the lists of checklists and the fragments other rooms' pages take of this one."""
    app.state.zones = Room(unpaid, publish)
    selections.register(ROOM, lines.selection(unpaid))
    app.state.panels.add("area", panels.area, order=20)
    app.state.panels.add("household", panels.household, order=10)
    app.state.panels.add_column("area", N_("禁煤区"), panels.column)


def room(request: Request) -> Room:
    found: Room = request.app.state.zones
    return found
