"""A contact over real HTTP: a small server in a thread, running the real hub, and every way a network can fail."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from sync import wire
from sync.codec import decode, derived_id, encode
from sync.driver import TRIES_MAX, HttpHub, HubProblem, address, enrol, http_client, run
from sync.messages import EnrolReply, EnrolRequest, Problem, Village
from sync.replica import Replica

A = "140525100001"
H = derived_id("household", "1")


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


class Server:
    """Answers a POST by what `reply` makes of (path, headers, body); remembers what it was asked."""

    def __init__(self, reply: Callable[[str, Any, bytes], Answer]) -> None:
        self.reply = reply
        self.asked: list[tuple[str, Any]] = []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))
        self.thread.start()

    def stop(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def _handler(server: Server) -> type[BaseHTTPRequestHandler]:  # noqa: N805 – the handler has its own self
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.asked.append((self.path, self.headers))
                answer = server.reply(self.path, self.headers, body)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in answer.headers:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet: what was asked is in `asked`."""

        return Handler


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[str, Any, bytes], Answer]], Server]]:
    running: list[Server] = []

    def start(reply: Callable[[str, Any, bytes], Answer]) -> Server:
        running.append(Server(reply))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with http_client() as made:
        yield made


def hub_of(one: Any) -> Callable[[str, Any, bytes], Answer]:
    """The real hub, its replies packed as a web server packs them."""

    def reply(path: str, headers: Any, body: bytes) -> Answer:
        secret = one.replica_secret
        if headers["Authorization"] != f"Bearer {secret}":
            return Answer(401, encode(Problem("unauthorised", "不认识。", "重来。")))
        told = wire.unpacked(body, headers["Content-Encoding"], 2_000_000)
        packed = gzip.compress(encode(one.county.answer(told, one.device)))
        assert "gzip" in headers["Accept-Encoding"]
        return Answer(200, packed, {"Content-Type": "application/json", "Content-Encoding": "gzip"})

    one.replica_secret = one.replica.identity().secret
    return reply


def contact(one: Any, client: httpx.Client, url: str, **other: Any) -> Any:
    hub = HttpHub(client, url, one.replica.identity().secret)
    return run(one.replica, hub, clock=one.clock, app_version="0.1", **other)


def test_a_whole_contact_over_http(surveyor: Any, serve: Any, client: httpx.Client) -> None:
    one = surveyor()
    made = [one.records(derived_id("house", str(i)), {"head_name": f"户{i}"}) for i in range(130)]
    server = serve(hub_of(one))
    account = contact(one, client, server.url + "/")
    assert (account.problem, account.applied_n, account.sent_n) == (None, 130, 130)
    assert {path for path, _ in server.asked} == {"/sync/v1"}
    assert {one.state(each) for each in made} == {"sent_safe"}


def test_a_connection_cut_after_the_commit_is_harmless(
    surveyor: Any, serve: Any, client: httpx.Client
) -> None:
    one = surveyor()
    one.records(H, {"head_name": "王"})
    real = hub_of(one)

    def cut(path: str, headers: Any, body: bytes) -> Answer:
        whole = real(path, headers, body)
        return Answer(200, whole.body[:20], {**whole.headers, "Content-Length": str(len(whole.body))})

    server = serve(cut)
    assert contact(one, client, server.url).problem.code in ("cut", "bad_reply")
    assert len(one.county.journal) == 1 and one.replica.status().waiting_n == 1
    server.reply = real
    assert contact(one, client, server.url).applied_n == 1 and len(one.county.journal) == 1


PAGE = b"\xef\xbb\xbf\n<!DOCTYPE html><html><body>\xe8\xaf\xb7\xe7\x99\xbb\xe5\xbd\x95</body></html>"
HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (Answer(200, PAGE, HTML), "captive_portal", "登录网络"),
        (Answer(302, b"", {"Location": "http://portal/"}), "captive_portal", "登录网络"),
        (Answer(403, PAGE, HTML), "captive_portal", "登录网络"),
        (Answer(511, PAGE, HTML), "captive_portal", "登录网络"),
        (Answer(404, b"{}"), "not_a_hub", "核对服务器地址"),
        (Answer(401, encode(Problem("unauthorised", "x", "y"))), "unauthorised", "重新登记"),
        (Answer(401, b""), "unauthorised", "重新登记"),
        (Answer(413, encode(Problem("too_large", "太大了。", "分开送。"))), "too_large", "分开送"),
        (Answer(413, PAGE, HTML), "too_large", "太大"),
        (Answer(400, encode(Problem("unknown_protocol", "协议不同。", "请更新。"))), "unknown_protocol", "请更新"),
        (Answer(500, b"Internal Server Error"), "server_error", "稍后再同步"),
        (Answer(502, PAGE, HTML), "server_error", "稍后再同步"),
        (Answer(200, b'{"protocol": 1'), "bad_reply", "读不懂"),
        (Answer(200, b"{}"), "bad_reply", "读不懂"),
        (Answer(200, b"garbage", {"Content-Encoding": "gzip"}), "damaged", "损坏"),
    ],
)  # fmt: skip
def test_what_is_not_a_reply_is_named_in_plain_words(
    surveyor: Any, serve: Any, client: httpx.Client, answer: Answer, code: str, words: str
) -> None:
    one = surveyor()
    one.records(H, {"head_name": "王"})
    account = contact(one, client, serve(lambda *_: answer).url)
    assert account.problem.code == code
    assert words in account.problem.message + account.problem.remedy
    assert one.replica.status().waiting_n == 1 and account.sent_n == 0


def test_too_large_is_answered_with_smaller_requests(surveyor: Any, serve: Any, client: httpx.Client) -> None:
    one = surveyor()
    for i in range(20):
        one.records(derived_id("house", str(i)), {"remark": "长" * 1_000})
    real = hub_of(one)

    def small(path: str, headers: Any, body: bytes) -> Answer:
        if len(gzip.decompress(body)) > 30_000:
            return Answer(413, encode(Problem("too_large", "太大。", "分开送。")))
        return real(path, headers, body)

    account = contact(one, client, serve(small).url)
    assert (account.problem, account.applied_n) == (None, 20)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_hub_is_reported_with_its_wish_and_waited_for_only_if_asked(
    surveyor: Any, serve: Any, client: httpx.Client, status: int
) -> None:
    one = surveyor()
    one.records(H, {"head_name": "王"})
    real = hub_of(one)
    busy = Answer(status, encode(Problem("busy", "正忙。", "稍后。")), {"Retry-After": "12"})
    server = serve(lambda *_: busy)
    account = contact(one, client, server.url)
    assert (account.problem.code, account.problem.retry_after_s, len(server.asked)) == ("busy", 12, 1)

    waited: list[int] = []

    def wait(after_s: int) -> None:
        waited.append(after_s)
        server.reply = real

    account = contact(one, client, server.url, wait=wait)
    assert (account.problem, account.applied_n, waited) == (None, 1, [12])

    server.reply = lambda *_: busy
    patient: list[int] = []
    assert contact(one, client, server.url, wait=patient.append).problem.code == "busy"
    assert patient == [12] * 5


@pytest.mark.parametrize(
    ("headers", "after_s"),
    [
        ({"Retry-After": "99999999999"}, 3600),
        ({"Retry-After": "soon"}, None),
        ({}, None),
        ({"Retry-After": "Tue, 01 Sep 2020 08:00:30 GMT", "Date": "Tue, 01 Sep 2020 08:00:00 GMT"}, 30),
    ],
)
def test_retry_after_is_read_as_seconds_or_by_the_hubs_own_clock(
    surveyor: Any, client: httpx.Client, headers: dict[str, str], after_s: int | None
) -> None:
    answering = httpx.MockTransport(lambda request: httpx.Response(503, headers=headers, text="busy"))
    one = surveyor()
    with httpx.Client(transport=answering) as scripted:
        account = contact(one, scripted, "http://hub")
    assert (account.problem.code, account.problem.retry_after_s) == ("busy", after_s)


# --- no server at all ---


def test_a_closed_port_is_refused(surveyor: Any, client: httpx.Client) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        account = contact(surveyor(), client, f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert account.problem.code == "refused" and "没有开启" in account.problem.message


def test_a_name_that_cannot_be_found_is_no_network(surveyor: Any, client: httpx.Client) -> None:
    account = contact(surveyor(), client, "http://cleanheat.invalid")
    assert account.problem.code == "no_network" and "没有网络" in account.problem.message


def test_a_server_that_does_not_answer_is_a_timeout(surveyor: Any) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        httpx.Client(timeout=0.2, trust_env=False) as hasty,
    ):
        account = contact(surveyor(), hasty, f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert account.problem.code == "timeout" and "超时" in account.problem.message


def test_a_server_that_hangs_up_is_a_cut(surveyor: Any, client: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:

        def hang_up() -> None:
            for _ in range(TRIES_MAX + 1):
                rude.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        account = contact(surveyor(), client, f"http://127.0.0.1:{rude.getsockname()[1]}")
        thread.join()
    assert account.problem.code == "cut" and "断开" in account.problem.message


def test_a_broken_encryption_is_named_with_the_clock_as_first_suspect(
    surveyor: Any, serve: Any, client: httpx.Client
) -> None:
    url = serve(lambda *_: Answer(200, b"{}")).url.replace("http:", "https:")
    account = contact(surveyor(), client, url)
    assert account.problem.code == "tls" and "日期和时间" in account.problem.remedy


@pytest.mark.parametrize("told", ["http://[", "ftp://hub", "http://", "hub .cn:80", "", "http://hub:99999"])
def test_an_address_that_is_none_is_a_problem(told: str) -> None:
    with pytest.raises(HubProblem) as caught:
        address(told)
    assert caught.value.refusal.code == "bad_address"


@pytest.mark.parametrize(
    ("told", "url"),
    [
        (" 192.168.1.10:8000/ ", "http://192.168.1.10:8000"),
        ("localhost:8000", "http://localhost:8000"),
        ("heat.example.cn", "https://heat.example.cn"),
        ("http://heat.example.cn/county", "http://heat.example.cn/county"),
    ],
)
def test_an_address_is_taken_as_people_type_it(told: str, url: str) -> None:
    assert address(told) == url


# --- enrolment ---


def enrolling(one: Any, known: dict[str, tuple[str, str]]) -> Callable[[str, Any, bytes], Answer]:
    """One code, once; the same device and secret get the same answer again."""

    def reply(path: str, headers: Any, body: bytes) -> Answer:
        assert path == "/sync/v1/enrol" and "Authorization" not in headers
        asked = decode(EnrolRequest, body)
        holder = known.setdefault(asked.code, (asked.device, asked.secret))
        if asked.code == "wrong" or holder != (asked.device, asked.secret):
            return Answer(
                403, encode(Problem("code_used", "登记码不对或已用过。", "请向管理员要新的登记码。"))
            )
        one.county.held[asked.device] = frozenset((A,))
        return Answer(200, encode(EnrolReply(
            asked.device, "140525", "泽州县", "p", "张三", one.county.history, "2020-09-01T08:00:00Z",
            (Village(A, "村", "镇", None),),
        )))  # fmt: skip

    return reply


def test_a_lost_enrolment_reply_is_harmless(surveyor: Any, serve: Any, client: httpx.Client) -> None:
    one, known = surveyor(), {}
    unsent = one.records(H, {"head_name": "王"})
    before = one.replica.identity()
    real = enrolling(one, known)
    server = serve(lambda *asked: (real(*asked), Answer(504, b""))[1])
    with pytest.raises(HubProblem) as caught:
        enrol(one.replica, client, server.url, " C0DE ", device_name="平板", app_version="0.1")
    assert caught.value.refusal.code == "server_error" and one.replica.identity() == before
    one.reopen()
    server.reply = real
    identity = enrol(one.replica, client, server.url, "C0DE", device_name="平板", app_version="0.1")
    assert known["C0DE"] == (identity.device, identity.secret) and identity == one.replica.identity()
    assert identity.county_name == "泽州县" and identity.device != before.device
    assert one.state(unsent) == "waiting"


def test_a_wrong_code_is_told_in_the_hubs_words_and_changes_nothing(
    surveyor: Any, serve: Any, client: httpx.Client
) -> None:
    one = surveyor()
    before = one.replica.identity()
    with pytest.raises(HubProblem) as caught:
        enrol(one.replica, client, serve(enrolling(one, {})).url, "wrong", device_name="", app_version="")
    assert caught.value.refusal.remedy == "请向管理员要新的登记码。" and one.replica.identity() == before


def test_a_failed_enrolment_speaks_of_enrolling(surveyor: Any, client: httpx.Client) -> None:
    one = surveyor()
    with pytest.raises(HubProblem) as nobody:
        enrol(one.replica, client, "http://127.0.0.1:9", "C0DE", device_name="", app_version="")
    told = nobody.value.refusal
    assert told.code == "refused"
    assert "登记" in told.remedy
    assert "同步" not in told.remedy and "记录" not in told.remedy, "there are none yet"


def test_a_revoked_tablet_pauses_and_goes_on_after_enrolling_anew(
    surveyor: Any, serve: Any, client: httpx.Client
) -> None:
    one = surveyor()
    made = one.records(H, {"head_name": "王"})
    server = serve(lambda *_: Answer(401, encode(Problem("unauthorised", "已撤销。", "。"))))
    account = contact(one, client, server.url)
    assert account.problem.code == "unauthorised" and "重新登记" in account.problem.remedy
    later = one.records(H, {"phone": "1"})  # recording goes on
    one.enrol()
    server.reply = hub_of(one)
    assert contact(one, client, server.url).applied_n == 2
    assert [one.state(made), one.state(later)] == ["sent_safe", "sent_safe"]


def test_a_tablet_that_is_not_enrolled_is_told_so(tmp_path: Any, clock: Any, ids: Any, client: Any) -> None:
    with Replica.open(tmp_path / "r.db", clock=clock, new_id=ids("x")) as replica:
        account = run(replica, HttpHub(client, "http://hub"), clock=clock, app_version="0.1")
    assert account.problem.code == "not_enrolled"
