"""What comes back over HTTP: a response as its bytes arrive, and in words what it comes to if it is no reply.

Apart from the driver because photos come back the same way. What is not ours is told from what is: a page of whoever
owns the network, a refusal of the hub, a line that broke.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

from sync import revocation, wire
from sync.account import Refusal
from sync.codec import decode
from sync.messages import Problem
from sync.refusals import refusal
from sync.strict import Fault, MessageFault

RETRY_AFTER_S_MAX = 3_600
FAULTS = (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError)
_BY_STATUS = {
    401: "unauthorised",
    413: "too_large",
    429: "busy",
    503: "busy",
    511: "captive_portal",
}


@dataclass
class Incoming:
    """A response as its bytes arrive. ``rest``: what has arrived and was not taken yet."""

    response: httpx.Response
    rest: bytes = b""

    def __post_init__(self) -> None:
        whole = self.response.is_stream_consumed  # what comes from no network comes at once
        self._pieces = iter((self.response.content,)) if whole else self.response.iter_raw()

    @property
    def encoding(self) -> str:
        told: str = self.response.headers.get("Content-Encoding", "")
        return told.strip().lower()

    @property
    def has_part(self) -> bool:
        told = self.response.headers.get("Content-Type", "")
        return self.response.status_code == 200 and told.split(";")[0].strip() == wire.PART_TYPE

    def head(self) -> bytes:
        """The packed reply that stands before a part."""
        size = int.from_bytes(self._exactly(wire.HEAD_SIZE_BYTES))
        if size > wire.REPLY_BYTES_MAX:
            raise MessageFault(Fault("", "a head without bounds"))
        return self._exactly(size)

    def piece(self) -> bytes:
        taken, self.rest = self.rest, b""
        return taken or next(self._pieces, b"")

    def whole(self) -> bytes:
        """The body as it came, never more than a reply can have: what is longer is cut off and cannot be read."""
        body = bytearray()
        for piece in self._pieces:
            body += piece
            if len(body) > wire.REPLY_BYTES_MAX:
                break
        return bytes(body)

    def close(self) -> None:
        # Asked for the last byte, the body does not know yet that it has ended.
        if self.response.num_bytes_downloaded == int(self.response.headers.get("Content-Length", "-1")):
            for _ in self._pieces:
                break
        self.response.close()

    def _exactly(self, size: int) -> bytes:
        got = bytearray(self.rest)
        while len(got) < size:
            piece = next(self._pieces, b"")
            if not piece:
                raise httpx.RemoteProtocolError("the head is cut")
            got += piece
        self.rest = bytes(got[size:])
        return bytes(got[:size])


def unread(fault: MessageFault, response: httpx.Response, body: bytes, *, enrolling: bool = False) -> Refusal:
    """What a reply comes to that nobody can read."""
    page = _is_page(response, opened(response, body))
    code = "captive_portal" if page else "damaged" if fault.code == "damaged" else "bad_reply"
    return refusal(code, enrolling=enrolling)


def opened(response: httpx.Response, body: bytes) -> bytes:
    """A body unpacked if it is packed – a gate or a proxy may do that of its own accord – or else as it came."""
    try:
        packed = response.headers.get("Content-Encoding", "").strip().lower()
        return wire.unpacked(body, packed, wire.REPLY_BYTES_MAX)
    except MessageFault:
        return body


def network_code(fault: Exception) -> str:
    causes = list(_causes(fault))
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "tls"
    if isinstance(fault, httpx.TimeoutException):
        return "timeout"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "refused"
    if isinstance(fault, httpx.ConnectError) or any(isinstance(cause, socket.gaierror) for cause in causes):
        return "no_network"
    if isinstance(fault, httpx.DecodingError):
        return "bad_reply"
    if isinstance(fault, httpx.UnsupportedProtocol) or not isinstance(fault, httpx.HTTPError):
        return "bad_address"
    return "cut"


def _causes(fault: BaseException | None) -> Iterator[BaseException]:
    while fault is not None:
        yield fault
        fault = fault.__cause__ or fault.__context__


def refusal_of_fault(fault: Exception) -> Refusal:
    """What a failed exchange of any kind with the hub comes to."""
    return refusal(network_code(fault))


def refusal_of_reply(response: httpx.Response, body: bytes) -> Refusal:
    """What a reply of any kind that brings not what was asked for comes to."""
    return refused(response, body, enrolling=False)


def refused(response: httpx.Response, body: bytes, *, enrolling: bool) -> Refusal:
    """``body``: as it came. A 400 in words that are not ours is no hub's, and blames no record."""
    status, body = response.status_code, opened(response, body)
    try:
        told = decode(Problem, body)
    except MessageFault:
        told = None
    if status == 401 and not enrolling:
        return refusal("unauthorised")
    if told is not None:
        return refusal(told.error, told=told, retry_after_s=_retry_after_s(response))
    if status < 400 or (status == 403 and _is_page(response, body)):
        return refusal("captive_portal", enrolling=enrolling)
    code = _BY_STATUS.get(status, "server_error" if status >= 500 else "not_a_hub")
    return refusal(code, retry_after_s=_retry_after_s(response), enrolling=enrolling)


def proven(secret: str, sent: bytes, response: httpx.Response, body: bytes) -> bool:
    """Whether a refusal as revoked comes from the hub that knows this tablet's secret, and answers this request."""
    return revocation.proven(secret, sent, decode(Problem, opened(response, body)).proof)


def _is_page(response: httpx.Response, body: bytes) -> bool:
    kind = response.headers.get("Content-Type", "").strip().lower()
    return kind.startswith("text/html") or body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _retry_after_s(response: httpx.Response) -> int | None:
    """Seconds as the header says them, or until the instant it names by the hub's own clock; bounded."""
    told = response.headers.get("Retry-After", "").strip()
    if told.isascii() and told.isdigit():
        return min(int(told[:9]), RETRY_AFTER_S_MAX)
    try:
        until = parsedate_to_datetime(told) - parsedate_to_datetime(response.headers["Date"])
    except (KeyError, TypeError, ValueError):
        return None
    return max(0, min(round(until.total_seconds()), RETRY_AFTER_S_MAX))
