"""Where tablets call: POST /sync/v1 and POST /sync/v1/enrol.

Reads a body within its bound, asks who is calling, hands over to `store`, and says every refusal in words a
surveyor can act on. A refusal of the request is no verdict on what it carried: the tablet keeps that and
asks again.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from server.access import enrolment
from server.access.pages import caller, wait
from server.access.tables import Tablet
from server.access.throttle import Throttle
from server.database import read, write
from server.exchange import history, store
from server.exchange.current import exchange_now
from server.web import N_, Problem
from sync import codec, messages, revocation
from sync.messages import MAX_BODY_BYTES, PROTOCOL, EnrolReply, EnrolRequest
from sync.strict import Fault, MessageFault

FAULTS_SHOWN: Final = 5
PACK_FROM_BYTES: Final = 2_000
CODES_PER_ADDRESS_MAX: Final = 20
REVOKED: Final = (N_("这台平板已被停用。"), N_("请把平板交给管理员处理。"))

router = APIRouter(prefix="/sync/v1", tags=["sync"])
device_secret = HTTPBearer(
    auto_error=False,
    scheme_name="device_secret",
    description="平板登记时自己生成的密钥。 / The secret a tablet made for itself before it enrolled.",
)


async def body(request: Request) -> bytes:
    """The body, unpacked. Raises Problem `too_large` as soon as it is, packed or unpacked."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise Problem(
            "malformed",
            400,
            N_("请求使用了不支持的压缩方式。"),
            N_("请更新平板上的应用；记录仍保存在平板上。"),
        )
    read = bytearray()
    async for part in _unpacked(request) if encoding == "gzip" else request.stream():
        read += part
        if len(read) > MAX_BODY_BYTES:
            raise _too_large()
    return bytes(read)


async def _unpacked(request: Request) -> AsyncIterator[bytes]:
    """Unpacks at most one byte more than is allowed, so that a small body cannot fill the memory."""
    unpacker = zlib.decompressobj(wbits=31)
    left = MAX_BODY_BYTES + 1
    async for part in request.stream():
        try:
            unpacked = unpacker.decompress(part, left)
        except zlib.error:
            raise _broken() from None
        left -= len(unpacked)
        yield unpacked
        if left <= 0:
            raise _too_large()
    if not unpacker.eof:
        raise _broken()


def _too_large() -> Problem:
    return Problem(
        "too_large", 413, N_("一次发送的内容太大。"), N_("请更新平板上的应用后再同步；记录仍保存在平板上。")
    )


def _broken() -> Problem:
    return Problem(
        "malformed", 400, N_("请求没有完整到达。"), N_("请在网络好的地方再次同步；记录仍保存在平板上。")
    )


def _refusal(fault: MessageFault) -> Problem:
    """A request that cannot be read, in words."""
    if fault.code == "too_large":
        return _too_large()
    if fault.code == "unknown_protocol":
        return Problem(
            "unknown_protocol",
            400,
            f"服务器只认识第 {PROTOCOL} 版同步协议。",
            N_("请更新平板上的应用；记录仍保存在平板上，更新后再同步即可。"),
        )
    where = "；".join(f"{each.path or '内容'}：{each.message}" for each in fault.faults[:FAULTS_SHOWN])
    return Problem(
        "malformed",
        400,
        f"请求的内容无法读懂（{where}）。",
        N_("请更新平板上的应用后再同步；记录仍保存在平板上。"),
    )


Body = Annotated[bytes, Depends(body)]
Secret = Annotated[HTTPAuthorizationCredentials | None, Security(device_secret)]


def _documented(request: str, reply: str) -> dict[str, Any]:
    """The OpenAPI entry of a route whose bodies the protocol's own codec reads and writes."""
    return {
        "requestBody": {
            "required": True,
            "description": request,
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        "responses": {
            "200": {"description": reply, "content": {"application/json": {"schema": {"type": "object"}}}},
            "400": {"description": "malformed, unknown_protocol"},
            "401": {"description": "unauthorised"},
            "403": {"description": "device_revoked, with its proof"},
            "413": {"description": "too_large"},
            "503": {"description": "busy; Retry-After"},
        },
    }


def known(request: Request, secret: Secret) -> Tablet:
    """The tablet that calls, revoked or not. Raises Problem `unauthorised`."""
    with read(request.app.state.engine) as session:
        found = enrolment.tablet_by_secret(session, secret.credentials) if secret else None
    if found is None:
        raise _unauthorised()
    return found


def enrolled(tablet: Annotated[Tablet, Depends(known)]) -> Tablet:
    """The tablet that calls. Raises Problem `unauthorised` or `device_revoked`."""
    if tablet.revoked_at is not None:
        raise Problem(revocation.CODE, 403, *REVOKED)
    return tablet


def _revoked(request: Request, tablet: Tablet, body: bytes) -> Response:
    """The one thing a revoked tablet may learn, proved: it wipes itself on this word."""
    with write(request.app.state.engine) as session:
        enrolment.note_told(
            session, county=tablet.county, device=tablet.device, now=request.app.state.clock()
        )
    told = messages.Problem(revocation.CODE, *REVOKED, revocation.proof(tablet.secret_sha256, body))
    return Response(codec.encode(told), 403, media_type="application/json")


def _unauthorised() -> Problem:
    return Problem(
        "unauthorised",
        401,
        N_("服务器不认识这台平板。"),
        N_("请用管理员给的登记码重新登记；记录仍保存在平板上，登记后会继续上传。"),
    )


@router.post("", openapi_extra=_documented("Request (protocol 1)", "Reply: verdicts, then changes"))
def sync(request: Request, body: Body, tablet: Annotated[Tablet, Depends(known)]) -> Response:
    """One contact of a tablet: push, then pull. The protocol is in sync/README.md."""
    if tablet.revoked_at is not None:
        return _revoked(request, tablet, body)
    try:
        incoming = codec.decode_request(body)
    except MessageFault as fault:
        raise _refusal(fault) from fault
    if incoming.request.device != tablet.device:
        raise _unauthorised()
    exchange = exchange_now(request.app.state)
    reply = store.contact(exchange, tablet, incoming, request.app.state.clock())
    return _answer(request, codec.encode(reply))


def _answer(request: Request, told: bytes) -> Response:
    """The reply, packed where the tablet can unpack it: village networks are slow, and states repeat themselves."""
    if len(told) < PACK_FROM_BYTES or "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(told, media_type="application/json")
    packed = gzip.compress(told, compresslevel=5, mtime=0)
    return Response(packed, media_type="application/json", headers={"Content-Encoding": "gzip"})


@router.post(
    "/enrol", openapi_extra=_documented("EnrolRequest", "EnrolReply; the same to a repeated request")
)
def enrol(request: Request, body: Body) -> Response:
    """A tablet becomes known by a one-time code."""
    throttle: Throttle = request.app.state.sign_in_throttle
    key = f"enrol {caller(request)}"
    wait(throttle, {key: CODES_PER_ADDRESS_MAX})
    asked = _enrol_request(body)
    try:
        reply = _enrolled(request, asked)
    except Problem:
        throttle.failed(key)
        raise
    return _answer(request, codec.encode(reply))


def _enrol_request(body: bytes) -> EnrolRequest:
    try:
        asked = codec.decode(EnrolRequest, body)
        if asked.protocol != PROTOCOL:
            raise MessageFault(Fault("protocol", f"{PROTOCOL} expected"), code="unknown_protocol")
    except MessageFault as fault:
        raise _refusal(fault) from fault
    return asked


def _enrolled(request: Request, asked: EnrolRequest) -> EnrolReply:
    state = request.app.state
    exchange = exchange_now(state)
    now: datetime = state.clock()
    with write(state.engine) as session:
        made = enrolment.enrol(
            session,
            code=asked.code,
            device=asked.device,
            secret=asked.secret,
            name=asked.device_name,
            app_version=asked.app_version,
            now=now,
            formers=asked.formers,
        )
        county = made.tablet.county
        codes = enrolment.held(session, county=county, device=asked.device)
        county_name = exchange.places.county_name(session, county)
        return EnrolReply(
            device=asked.device,
            county=county,
            # The tablet has no other way to know, and must show it on every screen.
            county_name=county_name + ("（模拟数据）" if state.settings.synthetic else ""),
            person=made.person.id,
            person_name=made.person.name,
            history=history.present(session),
            now=codec.to_text(now),
            villages=store.villages_of(exchange.places, session, county, codes),
            county_key=exchange.county_key,
        )
