"""Where tablets send photos: tus 1.0 (core, creation, creation with the first bytes) under /sync/v1/photos.

A photo's address is its SHA-256. A body is taken as it comes and kept to the byte, also of a line that is cut in the
middle; the answer to the last byte is the receipt. One question of our own beside tus: POST …/standing, which of many
are here. Nothing is ever read back or deleted by a tablet.
"""

from __future__ import annotations

import base64
import binascii
import errno
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from server.access.callers import Caller
from server.exchange import photos
from server.exchange.endpoint import Body, enrolled
from server.exchange.photo_files import Moved
from server.exchange.photos import Arriving, PhotoDesk, Wanted
from server.web import N_, Problem
from sync.photos import PHOTO_BYTES_MAX, PHOTOS_PER_QUESTION, SHA256

TUS: Final = "1.0.0"
BYTES: Final = "application/offset+octet-stream"
T = TypeVar("T")

router = APIRouter(prefix="/sync/v1/photos", tags=["sync"])
Sender = Annotated[Caller, Depends(enrolled)]


def _desk(request: Request) -> PhotoDesk:
    return PhotoDesk(request.app.state.engine, request.app.state.photo_files)


def _malformed(why: str) -> Problem:
    return Problem(
        "malformed", 400, f"上传照片的请求无法读懂（{why}）。", N_("请更新平板上的应用；照片仍保存在平板上。")
    )


def tus(request: Request) -> None:
    """Raises Problem for another version of tus, as tus has it."""
    if request.headers.get("tus-resumable") != TUS:
        raise Problem(
            "unknown_protocol", 412, N_("照片上传的协议版本不对。"),
            N_("请更新平板上的应用；照片仍保存在平板上。"), headers={"Tus-Version": TUS},
        )  # fmt: skip


def _answer(status: int, arriving: Arriving | None = None, **others: str) -> Response:
    headers = {"Tus-Resumable": TUS, "Cache-Control": "no-store"}
    if arriving is not None:
        headers["Upload-Offset"] = str(arriving.offset)
    named = {name.replace("_", "-"): value for name, value in others.items()}
    return Response(status_code=status, headers=headers | named)


@router.options("", status_code=204)
def able(tablet: Sender) -> Response:
    """What of tus there is."""
    return _answer(
        204, Tus_Version=TUS, Tus_Extension="creation,creation-with-upload", Tus_Max_Size=str(PHOTO_BYTES_MAX)
    )


@router.post("", status_code=201, dependencies=[Depends(enrolled), Depends(tus)])
async def create(request: Request, tablet: Sender) -> Response:
    """Announce a photo by length and hash, with its first bytes if they are at hand; what is here already of it is
    where it goes on.
    """
    desk, now, wanted = _desk(request), request.app.state.clock(), _wanted(request)
    arriving = await _apart(lambda: photos.begin(desk, tablet, wanted, now))
    if request.headers.get("content-type") == BYTES and arriving.offset == 0:
        arriving = await _take(request, tablet, wanted.sha256, arriving)
    return _answer(201, arriving, Location=f"{router.prefix}/{wanted.sha256}")


@router.head("/{sha256}", status_code=200, dependencies=[Depends(enrolled), Depends(tus)])
def standing_of_one(request: Request, tablet: Sender, sha256: str) -> Response:
    """How much of it is here."""
    arriving = photos.at(_desk(request), tablet, _hash(sha256), request.app.state.clock())
    return _answer(200, arriving, Upload_Length=str(arriving.bytes))


@router.patch("/{sha256}", status_code=204, dependencies=[Depends(enrolled), Depends(tus)])
async def go_on(request: Request, tablet: Sender, sha256: str) -> Response:
    """The next bytes, from Upload-Offset on; after the last, the check."""
    if request.headers.get("content-type") != BYTES:
        raise Problem(
            "malformed", 415, N_("上传照片的内容类型不对。"), N_("请更新平板上的应用；照片仍保存在平板上。")
        )
    desk, now = _desk(request), request.app.state.clock()
    arriving = await _apart(lambda: photos.at(desk, tablet, _hash(sha256), now))
    if _number(request, "upload-offset") != arriving.offset:
        raise _moved(arriving.offset)
    return _answer(204, await _take(request, tablet, sha256, arriving))


@router.post("/standing")
def standing(request: Request, tablet: Sender, body: Body) -> dict[str, Any]:
    """{"photos": [hash …]} → {"stored": [hash …], "offsets": {hash: bytes}, "unnamed": [hash …]}."""
    try:
        asked = json.loads(body.text)["photos"]
        if not isinstance(asked, list) or len(asked) > PHOTOS_PER_QUESTION:
            raise _malformed("photos")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _malformed("photos") from None
    hashes = {_hash(each) for each in asked}
    return asdict(photos.standing(_desk(request), tablet, hashes, request.app.state.clock()))


# --- reading what came ------------------------------------------------------------------------------------------


async def _take(request: Request, tablet: Caller, sha256: str, arriving: Arriving) -> Arriving:
    """The body, each part of it written as it comes: a line that is cut leaves what had come by then."""
    desk, offset = _desk(request), arriving.offset
    if arriving.whole:
        return arriving
    with suppress(ClientDisconnect):  # nobody hears an answer; what came is kept
        async for piece in request.stream():
            if offset + len(piece) > arriving.bytes:
                raise _malformed("Upload-Length")
            if piece:
                await _apart(partial(desk.files.append, tablet.county, sha256, tablet.device, offset, piece))
                offset += len(piece)
    if offset == arriving.bytes:
        return await _apart(lambda: photos.finish(desk, tablet, sha256, request.app.state.clock()))
    if offset > arriving.offset:
        await _apart(lambda: desk.files.keep(tablet.county, sha256, tablet.device))
    return Arriving(offset, arriving.bytes)


async def _apart(work: Callable[[], T]) -> T:
    """On a thread of its own: a disk must not hold up the others' requests."""
    try:
        return await run_in_threadpool(work)
    except Moved as moved:
        raise _moved(moved.offset) from None
    except OSError as fault:
        if fault.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Problem(
            "photo_store_full", 507, N_("服务器的存储空间已满，照片没有收下。"),
            N_("记录不受影响；照片仍保存在平板上，请告诉管理员。"),
        ) from fault  # fmt: skip


def _moved(offset: int) -> Problem:
    return Problem(
        "photo_offset", 409, N_("照片的续传位置不一致。"), N_("会从正确的位置继续；照片仍保存在平板上。"),
        headers={"Upload-Offset": str(offset), "Tus-Resumable": TUS},
    )  # fmt: skip


def _wanted(request: Request) -> Wanted:
    told = _metadata(request.headers.get("upload-metadata", ""))
    of = told.get("of", "")
    return Wanted(_hash(told.get("sha256")), _number(request, "upload-length"), of and _hash(of))


def _metadata(header: str) -> dict[str, str]:
    """ "key base64, key base64"; a key without a value is empty."""
    found = {}
    for pair in header.split(","):
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            raise _malformed("Upload-Metadata") from None
    return found


def _hash(told: object) -> str:
    if not isinstance(told, str) or not SHA256.fullmatch(told):
        raise _malformed("sha256")
    return told


def _number(request: Request, header: str) -> int:
    told = request.headers.get(header, "")
    if not (told.isascii() and told.isdigit() and len(told) <= 12):
        raise _malformed(header)
    return int(told)
