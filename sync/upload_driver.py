"""Photos over HTTP: the thin part that puts ``uploads``' steps on the wire as tus 1.0, and words what goes wrong there.

It uses the connection the records went over. It decides nothing and stores nothing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import httpx

from sync.album import Album
from sync.client import Account, Progress, Refusal
from sync.driver import refusal, refusal_of_fault, refusal_of_reply
from sync.photos import SHA256
from sync.replica import ReplicaProblem
from sync.replica_photos import Due
from sync.uploads import Answer, Asked, Moved, Photos, Piece, Question, Standing, Told, uploads

PHOTOS: Final = "/sync/v1/photos"
BYTES: Final = "application/offset+octet-stream"
ANSWER_BYTES_MAX: Final = 200_000


@dataclass(frozen=True)
class HttpPhotos:
    """Where a tablet that has ``secret`` sends its photos at ``server`` ("http://host:port")."""

    client: httpx.Client
    server: str
    secret: str

    def ask(self, asked: Asked) -> Answer:
        """The hub's answer to a step, or why there is none."""
        try:
            return self._question(asked) if isinstance(asked, Question) else self._piece(asked)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as fault:
            return refusal_of_fault(fault)

    def _question(self, asked: Question) -> Answer:
        content = json.dumps({"photos": asked.hashes}).encode()
        response, body = self._send(
            "POST", f"{PHOTOS}/standing", {"Content-Type": "application/json"}, content
        )
        if response.status_code != 200:
            return refusal_of_reply(response, body)
        return _standing(body) or refusal("captive_portal" if body.lstrip()[:1] == b"<" else "bad_reply")

    def _piece(self, piece: Piece) -> Answer:
        headers, content = said_with(piece)
        method, address = ("POST", PHOTOS) if piece.announce else ("PATCH", f"{PHOTOS}/{piece.due.sha256}")
        response, body = self._send(method, address, headers, content)
        return _answer(response, body)

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes
    ) -> tuple[httpx.Response, bytes]:
        """The body is read whole, so that the connection serves the next request."""
        known = {"Authorization": f"Bearer {self.secret}", "Accept": "application/json", **headers}
        address = self.server.rstrip("/") + path
        with self.client.stream(method, address, content=content, headers=known) as response:
            body = bytearray()
            for part in response.iter_bytes():
                body += part
                if len(body) > ANSWER_BYTES_MAX:
                    break
        return response, bytes(body)


def said_with(piece: Piece) -> tuple[dict[str, str], bytes]:
    """Headers and body of a piece. One that was known there once, and is forgotten, is announced without its bytes,
    to hear where to go on – even if all of them had arrived."""
    headers, content = {"Tus-Resumable": "1.0.0"}, piece.content
    if piece.announce:
        content = b"" if piece.offset else content
        headers |= {"Upload-Length": str(piece.due.bytes), "Upload-Metadata": _metadata(piece.due)}
    else:
        headers["Upload-Offset"] = str(piece.offset)
    return headers | ({"Content-Type": BYTES} if content or not piece.announce else {}), content


def _answer(response: httpx.Response, body: bytes) -> Answer:
    told = response.headers.get("Upload-Offset", "")
    offset = int(told) if told.isascii() and told.isdigit() and len(told) <= 12 else None
    if response.status_code in (201, 204) and offset is not None:
        return Told(offset)
    if response.status_code == 409 and offset is not None:
        return Moved(offset)
    return refusal_of_reply(response, body)


def _metadata(due: Due) -> str:
    told = {"sha256": due.sha256} | ({"of": due.of} if due.of else {})
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())


def _standing(body: bytes) -> Standing | None:
    try:
        told: Any = json.loads(body)
        offsets = {_hash(key): int(value) for key, value in told["offsets"].items()}
        return Standing(tuple(map(_hash, told["stored"])), offsets, tuple(map(_hash, told["unnamed"])))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _hash(told: object) -> str:
    if not isinstance(told, str) or not SHA256.fullmatch(told):
        raise ValueError
    return told


# --- a whole contact's photos ---------------------------------------------------------------------------------


def send_photos(
    album: Album, photos: HttpPhotos, account: Account, *, clock: Callable[[], datetime],
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Account:  # fmt: skip
    """After the records: offer every photo whose record has arrived, and enter it into the contact's account.

    Where the records did not come through, nothing is tried: they come first. What goes wrong here is the account's
    ``photo_problem`` and touches no record.
    """
    if account.problem is not None:
        return replace(account, photos_left_n=album.replica.photos_waiting())
    try:
        return drive(album, photos.ask, account, clock=clock, on_progress=on_progress)
    except ReplicaProblem as problem:
        told = Refusal(problem.code, problem.message, problem.remedy)
        return replace(account, photo_problem=told)


def drive(
    album: Photos, ask: Callable[[Asked], Answer], account: Account, *, clock: Callable[[], datetime],
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Account:  # fmt: skip
    """The steps of ``uploads``, each put to ``ask``."""
    steps = uploads(album, clock=clock, on_progress=on_progress)
    try:
        asked = next(steps)
        while True:
            asked = steps.send(ask(asked))
    except StopIteration as end:
        sent = end.value
        return replace(
            account, photos_n=sent.stored_n, photos_left_n=sent.left_n, photos_refused_n=sent.refused_n,
            photo_problem=sent.problem,
        )  # fmt: skip
