"""What stands between a tablet and its hub and answers in its place, and a hub that fails over one record."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sync import revocation, wire
from sync.client import LONE_REFUSALS_MAX
from sync.codec import decode_request, derived_id, encode
from sync.driver import HttpHub, run
from sync.messages import Problem

H = derived_id("household", "1")
PAGE = b"<!DOCTYPE html><html><body>\xe8\xaf\xb7\xe7\x99\xbb\xe5\xbd\x95</body></html>"
PACKED = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
FAILED = encode(Problem("failed", "服务器出错了。", "请稍后重试。"))


def contact(one: Any, answer: Callable[[httpx.Request], httpx.Response]) -> Any:
    with httpx.Client(transport=httpx.MockTransport(answer)) as scripted:
        hub = HttpHub(scripted, "http://hub", one.replica.identity().secret)
        return run(one.replica, hub, clock=one.clock, app_version="0.1")


def stream(status: int, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """As it comes from a network: the client unpacks nothing of its own accord."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


@pytest.mark.parametrize("status", [200, 302, 403])
@pytest.mark.parametrize("page", [PAGE, b"location = 'http://gate/'"], ids=["markup", "script"])
def test_a_packed_login_page_is_told_as_one(surveyor: Any, status: int, page: bytes) -> None:
    one, body = surveyor(), gzip.compress(page)
    one.records(H, {"head_name": "王"})
    account = contact(one, lambda request: stream(status, body, PACKED))
    assert (account.problem.code, account.requests_n) == ("captive_portal", 1)
    assert one.replica.status().waiting_n == 1


def test_a_refusal_that_a_proxy_has_packed_is_read(surveyor: Any) -> None:
    """Also the one that a tablet wipes itself on: its proof is inside."""
    one = surveyor()
    secret = one.replica.identity().secret

    def revoked(request: httpx.Request) -> httpx.Response:
        sent = wire.unpacked(request.content, request.headers["Content-Encoding"], 2_000_000)
        told = revocation.proof(hashlib.sha256(secret.encode()).hexdigest(), sent)
        body = encode(Problem(revocation.CODE, "停用。", "交给管理员。", told))
        return stream(
            403, gzip.compress(body), {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        )

    assert contact(one, revoked).problem.code == revocation.CODE
    assert one.replica.identity().revoked_at is not None


@pytest.mark.parametrize(
    "body", [PAGE, b"The plain HTTP request was sent to HTTPS port", b'{"detail": "no"}']
)
def test_a_bad_request_that_no_hub_has_said_blames_no_record(surveyor: Any, body: bytes) -> None:
    one = surveyor()
    for number in range(40):
        one.records(derived_id("household", str(number)), {"head_name": "王"})
    account = contact(one, lambda request: httpx.Response(400, content=body))
    assert (account.problem.code, account.requests_n, account.not_yet_n) == ("not_a_hub", 1, 0)


def test_a_record_over_which_the_hub_fails_holds_back_no_other(surveyor: Any) -> None:
    one = surveyor()
    made = [one.records(derived_id("household", str(n)), {"head_name": "王"}).id for n in range(30)]
    bad = made[7]

    def answer(request: httpx.Request) -> httpx.Response:
        text = wire.unpacked(request.content, request.headers["Content-Encoding"], 2_000_000)
        if any(each.id == bad for each in decode_request(text).request.submissions):
            return httpx.Response(500, content=FAILED)
        return httpx.Response(200, content=encode(one.county.answer(text, one.device)))

    account = contact(one, answer)
    assert (account.problem, account.applied_n, account.not_yet_n) == (None, 29, 1)
    kept = one.replica.record(bad)
    assert kept.state == "waiting" and kept.not_yet.code == "failed"


def test_a_hub_that_fails_over_everything_is_not_asked_record_by_record(surveyor: Any) -> None:
    one = surveyor()
    for number in range(LONE_REFUSALS_MAX + 40):
        one.records(derived_id("household", str(number)), {"head_name": "王"})
    account = contact(one, lambda request: httpx.Response(500, content=FAILED))
    assert account.problem.code == "failed"
    assert account.requests_n <= LONE_REFUSALS_MAX + 8
    assert one.replica.status().waiting_n == LONE_REFUSALS_MAX + 40
