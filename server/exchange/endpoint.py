"""Where tablets call: POST /sync/v1 and POST /sync/v1/enrol.

Reads a body within its bound, asks who is calling, hands over to `store`, and says every refusal in words a
surveyor can act on. A refusal of the request is no verdict on what it carried: the tablet keeps that and
asks again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session

from server.access import callers, enrolment
from server.access.callers import Caller
from server.access.pages import caller, wait
from server.access.throttle import Throttle
from server.database import read, write
from server.exchange import history, store
from server.exchange.current import exchange_in, exchange_now
from server.exchange.snapshots import Shelf
from server.web import N_, Problem
from sync import codec, messages, revocation, wire
from sync.messages import MAX_BODY_BYTES, PROTOCOLS, EnrolReply, EnrolRequest, Part
from sync.strict import Fault, MessageFault
from sync.wire import Packed

FAULTS_SHOWN: Final = 5
CODES_PER_ADDRESS_MAX: Final = 20
REVOKED: Final = (N_("这台平板已被停用。"), N_("请把平板交给管理员处理。"))

router = APIRouter(prefix="/sync/v1", tags=["sync"])
device_secret = HTTPBearer(
    auto_error=False,
    scheme_name="device_secret",
    description="平板登记时自己生成的密钥。 / The secret a tablet made for itself before it enrolled.",
)


@dataclass(frozen=True)
class Sent:
    """A body's text, and how it was packed."""

    text: bytes
    encoding: str


async def body(request: Request) -> Sent:
    """The body. Raises Problem `too_large` as soon as it is, packed or unpacked, `damaged`, `malformed`."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > MAX_BODY_BYTES:
            raise _too_large()
    try:
        return Sent(wire.unpacked(bytes(read), encoding, MAX_BODY_BYTES), encoding)
    except MessageFault as fault:
        raise _refusal(fault) from fault


def _too_large() -> Problem:
    return Problem(
        "too_large", 413, N_("一次发送的内容太大。"), N_("请更新平板上的应用后再同步；记录仍保存在平板上。")
    )


def _damaged() -> Problem:
    return Problem(
        "damaged", 400, N_("请求没有完整到达。"), N_("请在网络好的地方再次同步；记录仍保存在平板上。")
    )


def _refusal(fault: MessageFault) -> Problem:
    """A request that cannot be read, in words."""
    if fault.code == "too_large":
        return _too_large()
    if fault.code == "damaged":
        return _damaged()
    if fault.code == "unknown_protocol":
        return Problem(
            "unknown_protocol",
            400,
            f"服务器使用第 {'、'.join(map(str, PROTOCOLS))} 版同步协议，平板上的应用用的是另一版。",
            N_("记录仍保存在平板上。请更新平板上的应用；已是最新的，请管理员更新服务器。"),
        )
    where = "；".join(f"{each.path or '内容'}：{each.message}" for each in fault.faults[:FAULTS_SHOWN])
    return Problem(
        "malformed",
        400,
        f"请求的内容无法读懂（{where}）。",
        N_("请更新平板上的应用后再同步；记录仍保存在平板上。"),
    )


Body = Annotated[Sent, Depends(body)]
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
            "400": {"description": "malformed, damaged, unknown_protocol"},
            "401": {"description": "unauthorised"},
            "403": {"description": "device_revoked, with its proof"},
            "413": {"description": "too_large"},
            "503": {"description": "busy; Retry-After"},
        },
    }


def known(request: Request, secret: Secret) -> Caller:
    """The tablet that calls, revoked or not. Raises Problem `unauthorised`."""
    with read(request.app.state.engine) as session:
        return _known(session, secret)


def _known(session: Session, secret: HTTPAuthorizationCredentials | None) -> Caller:
    found = callers.by_secret(session, secret.credentials) if secret else None
    if found is None:
        raise _unauthorised()
    return found


def enrolled(tablet: Annotated[Caller, Depends(known)]) -> Caller:
    """The tablet that calls. Raises Problem `unauthorised` or `device_revoked`."""
    if tablet.revoked_at is not None:
        raise Problem(revocation.CODE, 403, *REVOKED)
    return tablet


def _revoked(request: Request, tablet: Caller, body: bytes) -> Response:
    """The one thing a revoked tablet may learn, proved: it wipes itself on this word."""
    now = request.app.state.clock()
    with write(request.app.state.engine) as session:
        if not enrolment.note_told(session, county=tablet.county, device=tablet.device, now=now):
            raise _busy()
        present = history.present(session)
    proof = revocation.proof(tablet.secret_sha256, body)
    told = messages.Problem(revocation.CODE, *REVOKED, proof, present)
    return Response(codec.encode(told), 403, media_type="application/json")


def _unauthorised() -> Problem:
    return Problem(
        "unauthorised",
        401,
        N_("服务器不认识这台平板。"),
        N_("请用管理员给的登记码重新登记；记录仍保存在平板上，登记后会继续上传。"),
    )


@router.post("", openapi_extra=_documented("Request (protocol 1)", "Reply: verdicts, then changes"))
def sync(request: Request, body: Body, secret: Secret) -> Response:
    """One contact of a tablet: push, then pull. The protocol is in sync/README.md."""
    state = request.app.state
    with read(state.engine) as session:
        tablet, exchange = _known(session, secret), exchange_in(session, state)
    if tablet.revoked_at is not None:
        return _revoked(request, tablet, body.text)
    try:
        incoming = wire.read_request(body.text, tablet.device)
    except MessageFault as fault:
        raise _refusal(fault) from fault
    if incoming.request.device != tablet.device:
        raise _unauthorised()
    reply = store.contact(exchange, tablet, incoming, state.clock())
    if body.encoding != wire.D1_NAME:
        reply = replace(reply, takes=wire.TAKES)
    packed = wire.pack_reply(reply, incoming.request, gzip_read=_reads_gzip(request))
    return _answer(packed) if reply.part is None else _with_part(exchange.shelf, packed, reply.part)


def _answer(packed: Packed) -> Response:
    """A reply. What it is says its encoding: of one that both ends packed by our own dictionary nothing more."""
    if packed.encoding == wire.D1_NAME:
        return Response(packed.body, headers={"Content-Encoding": packed.encoding})
    headers = {"Content-Encoding": packed.encoding} if packed.encoding else {}
    return Response(packed.body, media_type="application/json", headers=headers)


def _busy() -> Problem:
    return Problem(
        "busy",
        503,
        N_("服务器正忙。"),
        N_("请稍后再同步；记录仍保存在平板上。"),
        headers={"Retry-After": "1"},
    )


def _with_part(shelf: Shelf, packed: Packed, part: Part) -> Response:
    """A reply, and behind it a part of a snapshot from the byte on that the tablet lacks."""
    kept = shelf.named(part.name)
    if kept is None:
        raise _busy()
    body = wire.framed(packed.body, memoryview(kept.body)[part.since :])
    return Response(body, media_type=wire.PART_TYPE)


def _reads_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


@router.post(
    "/enrol", openapi_extra=_documented("EnrolRequest", "EnrolReply; the same to a repeated request")
)
def enrol(request: Request, body: Body) -> Response:
    """A tablet becomes known by a one-time code."""
    throttle: Throttle = request.app.state.sign_in_throttle
    key = f"enrol {caller(request)}"
    wait(throttle, {key: CODES_PER_ADDRESS_MAX})
    asked = _enrol_request(body.text)
    try:
        reply = _enrolled(request, asked)
    except Problem:
        throttle.failed(key)
        raise
    told = codec.encode(reply)
    packed = wire.zipped(told) if _reads_gzip(request) else Packed(told, wire.PLAIN, told)
    return _answer(packed)


def _enrol_request(text: bytes) -> EnrolRequest:
    try:
        asked = codec.decode(EnrolRequest, text)
        if asked.protocol not in PROTOCOLS:
            raise MessageFault(Fault("protocol", f"one of {PROTOCOLS} expected"), code="unknown_protocol")
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
            ends=asked.ends,
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
            takes=wire.TAKES,
        )
