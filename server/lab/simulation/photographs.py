"""Photos of a simulated county: made-up pictures, the real album and driver, the real endpoint and store, a bad line.

HTTP without a socket: the driver's requests reach the endpoint as a server would hand them over, piece by piece, and
break off where a line breaks off. What is chance here comes from streams of its own, so a story without photos is what
it was before there were any.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any, Final

import httpx
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from server.exchange import photo_copies, photo_endpoint
from server.lab.simulation.disk import Died, plenty, ticks
from server.lab.simulation.hub import Hub
from server.lab.simulation.tablet import Tablet
from server.web.problems import Problem, answer
from sync.account import Account
from sync.album import Album
from sync.upload_driver import HttpPhotos, send_photos

if TYPE_CHECKING:
    from pathlib import Path

    from server.lab.simulation.world import World

SERVER: Final = "http://hub"
SIZES: Final = (300, 2_000, 20_000, 70_000)
WITH_THUMBNAIL: Final = 0.6
FOLDER_LOST: Final = 0.5
# These come over the whole sending of a contact, not over one request.
SENDING: Final = (
    "tablet_dies_sending_photos",
    "tablet_loses_power_sending_photos",
    "tablet_disk_full_sending_photos",
)
Piece = MutableMapping[str, Any]


@dataclass
class Photos:
    """What the simulation knows. ``taken``: SHA-256 → content, of every photo whose keeping returned; ``rotten``: those
    whose file was damaged on their tablet. ``safe``: those that had a receipt, or were handed over in a rescue file,
    when their tablet lost them; ``lost``: the others that were on it."""

    taken: dict[str, bytes] = field(default_factory=dict)
    rotten: set[str] = field(default_factory=set)
    safe: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)


def picture(rng: Random, size: int) -> bytes:
    """The least that passes for a JPEG, and noise."""
    said = "模拟数据".encode()
    comment = b"\xff\xfe" + (len(said) + 2).to_bytes(2) + said
    frame = b"\xff\xc0\x00\x11\x08\x00\x10\x00\x10\x03" + bytes(9)
    return b"\xff\xd8" + comment + frame + rng.randbytes(size) + b"\xff\xd9"


def keep(world: World, tablet: Tablet, fault: str, rng: Random) -> str | None:
    """A photo in the tablet's album: the answer that names it; None if the tablet died over it."""
    content = picture(rng, rng.choice(SIZES))
    small = picture(rng, 200) if rng.random() < WITH_THUMBNAIL else b""
    try:
        with tablet.befallen(fault, rng):
            row = Album(tablet.replica).keep(content, small)
    except Died:
        return None
    tablet.took.add(row.sha256)
    world.photos.taken[row.sha256] = content
    if fault == "photo_rots":
        Album(tablet.replica).path(row.sha256, row.kind).write_bytes(content[:-3] + b"\x00\xff\xd9")
        world.photos.rotten.add(row.sha256)
    return row.name


def gone(world: World, tablet: Tablet, *, handed_over: bool) -> None:
    """A tablet is about to lose its photos: those with a receipt are safe, and with ``handed_over`` all that a record
    of it names."""
    states = ("stored", "waiting") if handed_over else ("stored",)
    album = Album(tablet.replica)
    rows = (album.one(sha256) for sha256 in sorted(tablet.took - world.photos.rotten))
    safe = {row.sha256 for row in rows if row and row.state in states}
    world.photos.safe |= safe
    world.photos.lost |= tablet.took if world.hub.went_back else tablet.took - safe


# --- the folder at the hub, where the database goes back ---


def backed_up(world: World, copy: Path) -> None:
    photo_copies.back_up(world.stage.world, copy)


def went_back(world: World, copy: Path, rng: Random, *, restored: bool) -> None:
    """Another machine has no photos, the same one all of them; whoever restores brings back those of the copy."""
    if rng.random() < FOLDER_LOST:
        shutil.rmtree(world.hub.photo_files.root, ignore_errors=True)
    if restored:
        photo_copies.restore(copy, world.stage.world)


# --- sending ---


def send(
    world: World, tablet: Tablet, account: Account, faults: Sequence[str], rng: Random
) -> Account | None:
    """What a tablet does after the records; None if it died over it."""
    line = Line(world.hub, world.note, [each for each in faults if each not in SENDING], rng)
    over_all = next((each for each in faults if each in SENDING), "")
    try:
        with (
            tablet.befallen(over_all, rng),
            httpx.Client(transport=httpx.MockTransport(line.carry)) as client,
        ):
            if over_all:
                world.note(over_all)
            photos = HttpPhotos(client, SERVER, tablet.secret)
            return send_photos(Album(tablet.replica), photos, account, clock=tablet.clock)
    except Died:
        return None


@dataclass
class Line:
    """Between a tablet's driver and the hub's photo endpoint. ``faults`` befall its requests in turn."""

    hub: Hub
    note: Callable[[str], None]
    faults: list[str]
    rng: Random

    def carry(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request. Raises what httpx raises where there is none."""
        met = self.faults.pop(0) if self.faults else ""
        self.note("photo_requests")
        if met:
            self.note(met)
        self.hub.serving = self.rng.randrange(self.hub.servers_n)
        if met == "photo_lost":
            raise httpx.ConnectError("模拟断网", request=request)
        try:
            with plenty():
                found = self._answered(request, met)
        except Died:
            raise httpx.ReadError("模拟服务器停止", request=request) from None
        if met in ("photo_cut", "photo_answer_lost"):
            raise httpx.ReadError("模拟断网", request=request)
        return found

    def _answered(self, request: httpx.Request, met: str) -> httpx.Response:
        if met == "photo_hub_dies":
            with self.hub.dying(ticks(self.rng)):
                return self._deliver(request, request.content)
        if met == "photo_hub_loses_power":
            with self.hub.losing_power(self.rng):
                return self._deliver(request, request.content)
        if met == "photo_hub_disk_full":
            try:
                with self.hub.disk.full(self.rng):
                    return self._deliver(request, request.content)
            except (OperationalError, OSError):
                return httpx.Response(500)
        if met == "photo_cut":
            some = request.content[: self.rng.randrange(len(request.content) + 1)]
            with suppress(ClientDisconnect):
                return self._deliver(request, some, ends=False)
            return httpx.Response(500)
        if met == "photo_flipped":
            return self._deliver(request, self._flipped(request))
        return self._deliver(request, request.content, twice=met == "photo_twice")

    def _flipped(self, request: httpx.Request) -> bytes:
        """A bit of the photo, not of a question about photos: what the hash is there for."""
        body = bytearray(request.content)
        if body and request.headers.get("content-type") == photo_endpoint.BYTES:
            body[self.rng.randrange(len(body))] ^= 1 << self.rng.randrange(8)
        return bytes(body)

    def _deliver(
        self, request: httpx.Request, body: bytes, *, ends: bool = True, twice: bool = False
    ) -> httpx.Response:
        """``ends`` False: the line breaks off after ``body``. ``twice``: the same request falls into itself, at the
        other server where there are two."""

        async def again() -> None:
            with self.hub.other_serving():
                await _served(_application(self.hub), request, _pieces(body, self.rng, ends))

        there = _pieces(body, self.rng, ends)
        return asyncio.run(_served(_application(self.hub), request, there, again if twice else None))


def _application(hub: Hub) -> FastAPI:
    """The photo endpoint of the server that is serving."""
    made = _routes(hub.serving)
    made.state.engine, made.state.photo_files = hub.plug.engine, hub.photo_files
    made.state.clock = hub.clock
    return made


@cache
def _routes(_server: int) -> FastAPI:
    """Made once for each server: that takes as long as a county."""
    made = FastAPI()
    made.include_router(photo_endpoint.router)
    made.add_exception_handler(Problem, _refused)
    return made


def _refused(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return answer(request, problem)


def _pieces(body: bytes, rng: Random, ends: bool) -> list[Piece]:
    """A body as a server hands it over: in pieces, and, of one that breaks off, the news of that."""
    at = rng.randrange(len(body) + 1)
    found: list[Piece] = [
        {"type": "http.request", "body": part, "more_body": True} for part in (body[:at], body[at:])
    ]
    last: Piece = {"type": "http.request", "body": b"", "more_body": False}
    return [*found, last if ends else {"type": "http.disconnect"}]


async def _served(
    application: FastAPI, request: httpx.Request, pieces: list[Piece],
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> httpx.Response:  # fmt: skip
    """What the application answers. ``meanwhile`` happens between the first piece and the second."""
    left, told = list(pieces), list[Piece]()

    async def receive() -> Piece:
        if meanwhile is not None and len(left) == len(pieces) - 1:
            await meanwhile()
        return left.pop(0) if left else {"type": "http.disconnect"}

    async def send(message: Piece) -> None:
        told.append(message)

    headers = [(name.lower(), value) for name, value in request.headers.raw]
    scope: Piece = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request.method,
        "scheme": "http", "path": request.url.path, "raw_path": request.url.raw_path, "query_string": b"",
        "headers": headers, "server": ("hub", 80), "client": ("tablet", 1), "root_path": "",
    }  # fmt: skip
    await application(scope, receive, send)
    content = b"".join(each.get("body", b"") for each in told)
    return httpx.Response(told[0]["status"], headers=told[0]["headers"], content=content)
