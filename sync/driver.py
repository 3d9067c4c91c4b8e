"""A contact over HTTP: the thin part that touches the network, and says in plain Chinese what went wrong there.

It sends what the client's generator yields and hands back a reply or a refusal. It stores nothing and decides
nothing; it does not even sleep, unless the caller hands it a way to wait.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar

import httpx

from sync.client import Account, Progress, Refusal, contact
from sync.codec import decode, encode
from sync.messages import PROTOCOL, EnrolReply, EnrolRequest, Problem, Reply, Request
from sync.replica import Identity, Replica
from sync.strict import MessageFault

T = TypeVar("T")

REPLY_BYTES_MAX = 64_000_000  # of JSON, unpacked: twenty forms and a full page of entities stay well below
RETRY_AFTER_S_MAX = 3_600
WAITS_MAX = 5
_HOST = re.compile(r"[\w.-]+|[0-9a-fA-F:.]+")  # a name, also one in Chinese, or an address
_TIMEOUT = httpx.Timeout(60, connect=15)

_KEPT = "记录都保存在本机，可以继续录入；"

# Code → (what is wrong, what to do). The hub's own words, where it sends any, come first.
_REFUSALS = {
    "no_network": ("没有网络，或找不到服务器。", f"{_KEPT}有网络后请再同步。"),
    "refused": ("服务器没有开启，或地址、端口不对。", f"{_KEPT}请核对服务器地址，或稍后再同步。"),
    "timeout": ("等待服务器超时，网络可能太慢。", f"{_KEPT}请换到信号好的地方再同步。"),
    "cut": ("传输途中网络断开。", f"{_KEPT}请再同步一次，重复发送不会重复入库。"),
    "tls": ("与服务器的加密连接没有建立。", f"{_KEPT}请先核对平板的日期和时间；仍不行请联系管理员。"),
    "bad_address": ("服务器地址写得不对。", "请核对地址，例如 http://192.168.1.10:8000。"),
    "captive_portal": (
        "收到的是网页，不是服务器的答复：网络可能要先登录。",
        f"{_KEPT}请先用浏览器登录网络，再同步。"),
    "unauthorised": ("服务器不再接受本机的登记。", f"同步已暂停，{_KEPT}请向管理员要新的登记码，重新登记后继续送出。"),
    "too_large": ("一次送出的内容太大。", f"{_KEPT}请再同步一次；仍不行请联系管理员。"),
    "malformed": ("服务器读不懂送出的内容。", f"{_KEPT}请更新应用；仍不行请联系管理员。"),
    "unknown_protocol": ("本机应用与服务器的版本不配套。", f"{_KEPT}请更新应用后再同步。"),
    "busy": ("服务器正忙。", f"{_KEPT}请稍后再同步。"),
    "server_error": ("服务器出错，暂时不能同步。", f"{_KEPT}请稍后再同步；仍不行请联系管理员。"),
    "not_a_hub": ("这个地址上没有清洁取暖服务器。", f"{_KEPT}请核对服务器地址。"),
    "bad_reply": ("服务器的答复读不懂。", f"{_KEPT}请更新应用；仍不行请联系管理员。"),
    "not_enrolled": ("平板尚未登记。", "请先登记；草稿已保存在本机。"),
}  # fmt: skip
_BY_STATUS = {
    400: "malformed",
    401: "unauthorised",
    413: "too_large",
    429: "busy",
    503: "busy",
    511: "captive_portal",
}


class HubProblem(Exception):
    """There was no reply; ``refusal`` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.code}: {refusal.message}")
        self.refusal = refusal


def refusal(
    code: str, *, told: Problem | None = None, retry_after_s: int | None = None, enrolling: bool = False
) -> Refusal:
    """The refusal of that code in our words, or in the hub's where it ``told`` them. ``enrolling``: to somebody
    who has no records here yet."""
    message, remedy = _REFUSALS.get(code, _REFUSALS["server_error"])
    if enrolling:
        message, remedy = (text.removeprefix(_KEPT).replace("同步", "登记") for text in (message, remedy))
    if told is not None:
        message, remedy = told.message or message, told.remedy or remedy
    return Refusal(code, message, remedy, retry_after_s)


class Hub(Protocol):
    def send(self, request: Request) -> Reply:
        """The hub's reply; raises `HubProblem` if there is none."""
        ...


def http_client() -> httpx.Client:
    """Bounded waits, no redirects (a hub has none; a captive portal has), no proxy from the environment."""
    return httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)


@dataclass(frozen=True)
class HttpHub:
    """The hub at ``server`` ("http://host:port"), to a tablet that has ``secret``."""

    client: httpx.Client
    server: str
    secret: str = ""

    def send(self, request: Request) -> Reply:
        reply = self._post("/sync/v1", request, Reply)
        if reply.protocol != PROTOCOL:
            raise HubProblem(refusal("unknown_protocol"))
        return reply

    def enrol(self, request: EnrolRequest) -> EnrolReply:
        reply = self._post("/sync/v1/enrol", request, EnrolReply)
        if reply.device != request.device:
            raise HubProblem(refusal("bad_reply"))
        return reply

    def _post(self, path: str, message: Request | EnrolRequest, cls: type[T]) -> T:
        enrolling = isinstance(message, EnrolRequest)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.secret and isinstance(message, Request):
            headers["Authorization"] = f"Bearer {self.secret}"
        try:
            with self.client.stream(
                "POST", self.server.rstrip("/") + path, content=encode(message), headers=headers
            ) as response:
                body = _read(response)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as fault:
            raise HubProblem(refusal(_network_code(fault), enrolling=enrolling)) from fault
        if response.status_code != 200:
            raise HubProblem(_refused(response, body, enrolling=enrolling))
        try:
            return decode(cls, body)
        except MessageFault as fault:
            code = "captive_portal" if _is_page(body) else "bad_reply"
            raise HubProblem(refusal(code, enrolling=enrolling)) from fault


def _read(response: httpx.Response) -> bytes:
    """The unpacked body, never more than a reply can have: what is longer is cut off and will not parse."""
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > REPLY_BYTES_MAX:
            break
    return bytes(body)


def _network_code(fault: Exception) -> str:
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
    return refusal(_network_code(fault))


def refusal_of_reply(response: httpx.Response, body: bytes) -> Refusal:
    """What a reply of any kind that brings not what was asked for comes to."""
    return _refused(response, body, enrolling=False)


def _refused(response: httpx.Response, body: bytes, *, enrolling: bool) -> Refusal:
    status = response.status_code
    try:
        told = decode(Problem, body)
    except MessageFault:
        told = None
    if status == 401 and not enrolling:
        return refusal("unauthorised")
    if told is not None:
        return refusal(told.error, told=told, retry_after_s=_retry_after_s(response))
    if status < 400 or (status == 403 and _is_page(body)):
        return refusal("captive_portal", enrolling=enrolling)
    code = _BY_STATUS.get(status, "server_error" if status >= 500 else "not_a_hub")
    return refusal(code, retry_after_s=_retry_after_s(response), enrolling=enrolling)


def _is_page(body: bytes) -> bool:
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


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
    if replica.identity() is None:
        return Account(problem=refusal("not_enrolled"))
    conversation = contact(
        replica, clock=clock, app_version=app_version, on_progress=on_progress, free_bytes=free_bytes
    )
    try:
        request = next(conversation)
        while True:
            request = conversation.send(_ask(hub, request, wait))
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


def enrol(
    replica: Replica, client: httpx.Client, server: str, code: str, *, device_name: str, app_version: str
) -> Identity:
    """Enrol, or enrol anew, with a one-time ``code``. Raises `HubProblem`.

    Device id and secret are stored before they are sent: if the reply is lost, doing the same again is the
    same enrolment. Records, drafts and receipts are untouched either way.
    """
    at = address(server)
    fresh = replica.new_identity(at)
    request = EnrolRequest(PROTOCOL, code.strip(), fresh.device, fresh.secret, device_name, app_version)
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
