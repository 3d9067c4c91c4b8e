"""A contact over HTTP: the thin part that touches the network, and says in plain Chinese what went wrong there.

It sends what the client's generator yields and hands back a reply or a refusal. It stores nothing and decides
nothing; it does not even sleep, unless the caller hands it a way to wait.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, Protocol

import httpx

from sync import revocation, wire
from sync.answers import (
    FAULTS,
    Incoming,
    network_code,
    proven,
    refusal_of_fault,
    refusal_of_reply,
    refused,
    unread,
)
from sync.client import Account, Line, Piece, Progress, Refusal, contact
from sync.codec import decode, encode
from sync.messages import PROTOCOL, EnrolReply, EnrolRequest, Reply, Request
from sync.parts import ZSTD, Unpack
from sync.refusals import refusal
from sync.replica import Identity, Replica
from sync.strict import MessageFault
from sync.wire import Packed

__all__ = [
    "HttpHub", "Hub", "HubProblem", "address", "enrol", "http_client", "refusal", "refusal_of_fault",
    "refusal_of_reply", "run",
]  # fmt: skip

TRIES_MAX = 6  # lost requests in a row that brought nothing, before a contact gives up
WAITS_MAX = 5
_HOST = re.compile(r"[\w.-]+|[0-9a-fA-F:.]+")  # a name, also one in Chinese, or an address
_CORK: Final[int | None] = getattr(socket, "TCP_CORK", None)
_TIMEOUT = httpx.Timeout(60, connect=15)

_PLAIN_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
}


class HubProblem(Exception):
    """There was no reply; ``refusal`` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.code}: {refusal.message}")
        self.refusal = refusal


class Hub(Protocol):
    def send(self, request: Request) -> Reply:
        """The hub's reply; raises `HubProblem` if there is none."""
        ...

    def piece(self) -> bytes:
        """The next bytes of the part that follows the last reply, b"" at its end; raises `HubProblem`."""
        ...

    def begin(self, takes: tuple[str, ...]) -> Line:
        """A contact begins, with a hub that is known to read ``takes``: what the line to it is good for."""
        ...


def http_client() -> httpx.Client:
    """Bounded waits, no redirects (a hub has none; a captive portal has), no proxy from the environment."""
    return httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False, verify=_trusted())


@cache
def _trusted() -> ssl.SSLContext:
    """Whom to believe over https: read once, for it takes as long as a contact in which nothing is new."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass
class Corked:
    """Keeps the kernel from sending a request's head in a packet of its own: what is small goes as one.

    Fits httpx's ``trace`` extension. Where the system has no such option, nothing is done.
    """

    connection: socket.socket | None = None

    def trace(self, event: str, told: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self.connection = told["return_value"].get_extra_info("socket")
        elif event == "http11.send_request_headers.started":
            self._set(True)
        elif event.startswith("http11.send_request_body.") and not event.endswith(".started"):
            self._set(False)

    def _set(self, corked: bool) -> None:
        if self.connection is not None and _CORK is not None:
            with suppress(OSError):  # a connection that is gone says so when it is written to
                self.connection.setsockopt(socket.IPPROTO_TCP, _CORK, corked)


@dataclass
class HttpHub:
    """The hub at ``server`` ("http://host:port"), to a tablet that has ``secret``.

    ``zstd`` unpacks a part that is packed so, where the tablet has it. ``takes``: what the hub is known to read.
    ``answer``: the response whose part is being received, if any; the connection is free again once that has ended.
    """

    client: httpx.Client
    server: str
    secret: str = ""
    zstd: Unpack | None = None
    takes: tuple[str, ...] = ()
    answer: Incoming | None = None
    corked: Corked = field(default_factory=Corked)

    def begin(self, takes: tuple[str, ...]) -> Line:
        self.takes = takes
        can = (wire.COLUMNS, wire.LEAN, *((ZSTD,) if self.zstd else ()))
        return Line(can, TRIES_MAX, self.zstd)

    def send(self, request: Request) -> Reply:
        reply = self._asked(request)
        if reply.protocol != request.protocol:
            raise HubProblem(refusal("unknown_protocol"))
        self.takes = reply.takes or self.takes
        return reply

    def _asked(self, request: Request) -> Reply:
        """The reply; a hub that no longer reads what it once took is asked again in the words all hubs read."""
        try:
            return self._exchange(request, wire.pack_request(request, self.takes))
        except HubProblem as problem:
            if problem.refusal.code != "malformed" or not self.takes:
                raise
        self.takes = ()
        return self._exchange(request, wire.pack_request(request))

    def piece(self) -> bytes:
        assert self.answer is not None, "no part follows"
        try:
            return self.answer.piece()
        except FAULTS as fault:
            self._done()
            raise HubProblem(refusal(network_code(fault))) from fault

    def enrol(self, request: EnrolRequest) -> EnrolReply:
        text, body = encode(request), b""
        packed = Packed(text, wire.PLAIN, text)
        try:
            with closing(self._open("/sync/v1/enrol", packed, _PLAIN_HEADERS)) as answer:
                body = answer.whole()
            if answer.response.status_code != 200:
                raise HubProblem(refused(answer.response, body, enrolling=True))
            reply = decode(EnrolReply, wire.unpacked(body, answer.encoding, wire.REPLY_BYTES_MAX))
        except FAULTS as fault:
            raise HubProblem(refusal(network_code(fault), enrolling=True)) from fault
        except MessageFault as fault:
            raise HubProblem(unread(fault, answer.response, body, enrolling=True)) from fault
        if reply.device != request.device:
            raise HubProblem(refusal("bad_reply", enrolling=True))
        return reply

    def _exchange(self, request: Request, packed: Packed) -> Reply:
        """One request and its reply. If a part follows, its response stays open."""
        headers = {"Authorization": f"Bearer {self.secret}"}
        if packed.encoding != wire.D1_NAME:
            headers |= _PLAIN_HEADERS
        self._done()
        body = b""
        try:
            self.answer = answer = self._open("/sync/v1", packed, headers)
            if answer.has_part:
                return wire.unpack_reply(answer.head(), wire.D1_NAME, request)
            body = answer.whole()
            self._done()
            if answer.response.status_code != 200:
                raise HubProblem(self._refused(answer, packed, body))
            return wire.unpack_reply(body, answer.encoding, request)
        except FAULTS as fault:
            self._done()
            raise HubProblem(refusal(network_code(fault))) from fault
        except MessageFault as fault:
            raise HubProblem(unread(fault, answer.response, body)) from fault

    def _refused(self, answer: Incoming, packed: Packed, body: bytes) -> Refusal:
        told = refused(answer.response, body, enrolling=False)
        if told.code == revocation.CODE and not proven(self.secret, packed.text, answer.response, body):
            return refusal("revoked_unproven")
        return told

    def _open(self, path: str, packed: Packed, headers: Mapping[str, str]) -> Incoming:
        """Ask, with these headers and no others: each costs as much as a field."""
        told = {"Content-Encoding": packed.encoding, **headers} if packed.encoding else headers
        request = httpx.Request(
            "POST", self.server.rstrip("/") + path, content=packed.body, headers=told,
            extensions={"trace": self.corked.trace},
        )  # fmt: skip
        return Incoming(self.client.send(request, stream=True))

    def _done(self) -> None:
        """Leave the response that is still open. If its body has ended, its connection serves the next request."""
        if self.answer is not None:
            self.answer.close()
            self.answer = None


# --- a whole contact ---------------------------------------------------------------------------------------


def run(
    replica: Replica,
    hub: Hub,
    *,
    clock: Callable[[], datetime],
    app_version: str,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    free_bytes: Callable[[], int | None] = lambda: None,
    wait: Callable[[int], None] | None = None,
) -> Account:
    """One contact from beginning to end; whatever goes wrong is the account's ``problem``.

    ``wait`` (seconds): if given, a busy hub that names a time is asked again after it, a few times; if not,
    the account reports it.
    """
    me = replica.identity()
    if me is None:
        return Account(problem=refusal("not_enrolled"))
    if me.revoked_at is not None:
        return Account(problem=refusal(revocation.CODE))
    conversation = contact(
        replica, clock=clock, app_version=app_version, on_progress=on_progress, free_bytes=free_bytes,
        line=hub.begin(replica.takes()),
    )  # fmt: skip
    try:
        asked = next(conversation)
        while True:
            asked = conversation.send(_ask(hub, asked, wait) if isinstance(asked, Request) else _piece(hub))
    except StopIteration as end:
        account: Account = end.value
        return account


def _ask(hub: Hub, request: Request, wait: Callable[[int], None] | None) -> Reply | Refusal:
    waits = 0
    while True:
        try:
            return hub.send(request)
        except HubProblem as problem:
            after_s = problem.refusal.retry_after_s
            if wait is None or after_s is None or waits == WAITS_MAX:
                return problem.refusal
            waits += 1
            wait(after_s)


def _piece(hub: Hub) -> Piece | Refusal:
    try:
        return Piece(hub.piece())
    except HubProblem as problem:
        return problem.refusal


def enrol(
    replica: Replica, client: httpx.Client, server: str, code: str, *, device_name: str, app_version: str
) -> Identity:
    """Enrol, or enrol anew, with a one-time ``code``. Raises `HubProblem`.

    Device id and secret are stored before they are sent: if the reply is lost, doing the same again is the
    same enrolment. Records, drafts and receipts are untouched either way.
    """
    at = address(server)
    fresh = replica.new_identity(at)
    request = EnrolRequest(PROTOCOL, code.strip(), fresh.device, fresh.secret, device_name, app_version,
                           formers=replica.formers(), ends=replica.ends())  # fmt: skip
    return replica.enrolled(HttpHub(client, at, fresh.secret).enrol(request))


def address(told: str) -> str:
    """A server's address as a person types it, as a URL: without a scheme http inside a local network, else
    https. Raises `HubProblem` ``bad_address``."""
    text = told.strip()
    try:
        url = httpx.URL(text if "://" in text else f"{_scheme(text)}://{text}")
    except httpx.InvalidURL as fault:
        raise HubProblem(refusal("bad_address")) from fault
    host_fits = _HOST.fullmatch(url.host) and (url.port is None or 0 < url.port < 65_536)
    if url.scheme not in ("http", "https") or not host_fits:
        raise HubProblem(refusal("bad_address"))
    return str(url).rstrip("/")


def _scheme(text: str) -> str:
    host = text.split("/")[0].rsplit(":", 1)[0].strip("[]")
    try:
        return "http" if ipaddress.ip_address(host).is_private else "https"
    except ValueError:
        return "http" if host == "localhost" else "https"
