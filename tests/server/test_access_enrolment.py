"""Tablets: one-time codes, enrolment over HTTP, the villages each holds, and the office's pages about them."""

import re
import uuid

import httpx
import pytest

COUNTY = "140525"
NORTH = ("140525100201", "140525100202")
SOUTH = ("140525200201",)


def _ask(code: str, **others: object) -> dict[str, object]:
    asked = {
        "protocol": 1,
        "code": code,
        "device": str(uuid.uuid4()),
        "secret": uuid.uuid4().hex,
        "device_name": "一号平板",
        "app_version": "0.1.0",
    }
    return asked | others


def _code(submit, official: httpx.Client, villages=NORTH, name: str = "王五") -> str:
    made = submit(
        "/tablets/enrol",
        "/tablets/enrol?township=140525100",
        villages=list(villages),
        name=name,
        shared="yes",
    )
    assert made.status_code == 303, made.text
    return re.search(r'class="code">([^<]+)<', official.get("/tablets").text)[1]


def _enrol(running, asked: dict[str, object]) -> httpx.Response:
    with running.browser() as tablet:
        return tablet.post("/sync/v1/enrol", json=asked)


def test_a_code_makes_a_tablet_of_its_person_and_villages(running, official, submit) -> None:
    code = _code(submit, official)
    answer = _enrol(running, asked := _ask(code.lower().replace("-", " ")))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["county"], told["county_name"], told["person_name"]) == (COUNTY, "泽州县", "王五")
    assert told["device"] == asked["device"]
    assert [(v["code"], v["name"], v["township_name"]) for v in told["villages"]] == [
        (NORTH[0], "201村", "1号镇"),
        (NORTH[1], "202村", "1号镇"),
    ]
    page = official.get("/tablets").text
    assert "一号平板" in page
    assert "从未联系" in page


def test_the_code_is_shown_once(official, submit) -> None:
    code = _code(submit, official)
    assert code not in official.get("/tablets").text


def test_a_repeated_enrolment_is_answered_as_before(running, official, submit) -> None:
    asked = _ask(_code(submit, official))
    first = _enrol(running, asked)
    running.clock.forward(days=30)
    again = _enrol(running, asked)
    assert again.status_code == 200
    assert again.json() | {"now": ""} == first.json() | {"now": ""}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"secret": "another"}, "code_used"),
        ({"device": "00000000-0000-4000-8000-000000000001"}, "code_used"),
    ],
)
def test_a_used_code_serves_nobody_else(running, official, submit, change, error) -> None:
    asked = _ask(_code(submit, official))
    _enrol(running, asked)
    refused = _enrol(running, asked | change)
    assert (refused.status_code, refused.json()["error"]) == (403, error)
    assert refused.json()["remedy"]


def test_a_code_expires(running, official, submit) -> None:
    asked = _ask(_code(submit, official))
    running.clock.forward(days=7)
    assert _enrol(running, asked).json()["error"] == "code_expired"


def test_a_device_id_cannot_be_taken_over(running, official, submit) -> None:
    asked = _ask(_code(submit, official))
    _enrol(running, asked)
    other = _ask(_code(submit, official, name="赵六"), device=asked["device"])
    assert _enrol(running, other).json()["error"] == "device_taken"


def test_the_same_tablet_may_enrol_again_for_another_person(running, official, submit) -> None:
    asked = _ask(_code(submit, official))
    _enrol(running, asked)
    told = _enrol(running, asked | {"code": _code(submit, official, SOUTH, "赵六")}).json()
    assert told["person_name"] == "赵六"
    assert [village["code"] for village in told["villages"]] == [*NORTH, *SOUTH]


def test_guessing_codes_is_slowed_down(running) -> None:
    answers = [_enrol(running, _ask(f"ABCD{n:04d}")) for n in range(21)]
    assert [answer.status_code for answer in answers] == [403] * 20 + [429]
    assert answers[0].json()["error"] == "code_unknown"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "malformed"),
        (b"[]", "malformed"),
        (b'{"protocol": 1}', "malformed"),
        (b'{"protocol": 1, "code": "' + b"A" * 3_000_000 + b'"}', "too_large"),
    ],
)
def test_an_unreadable_enrolment_is_refused_in_words(running, body: bytes, error: str) -> None:
    with running.browser() as tablet:
        refused = tablet.post("/sync/v1/enrol", content=body)
    assert refused.json()["error"] == error
    assert refused.json()["message"]
    assert refused.json()["remedy"]


def test_an_enrolment_of_another_protocol_is_told_to_update(running) -> None:
    refused = _enrol(running, _ask("ABCD2345", protocol=2))
    assert (refused.status_code, refused.json()["error"]) == (400, "unknown_protocol")


def test_a_synthetic_county_says_so_to_the_tablet(settings, serving) -> None:
    from dataclasses import replace

    from server.access import actions, enrolment
    from server.app import create_app
    from server.database import write

    app = create_app(replace(settings, synthetic=True))
    with write(app.state.engine) as session:
        now = app.state.clock()
        person = actions.surveyor(session, name="王五", county=COUNTY, new_id=app.state.new_id, now=now)
        code = enrolment.make_code(
            session, county=COUNTY, person=person.id, villages=NORTH, made_by="-", now=now
        )
    told = httpx.post(f"{serving(app)}/sync/v1/enrol", json=_ask(code), trust_env=False, verify=False).json()
    assert "模拟" in told["county_name"]


def test_an_unused_code_can_be_withdrawn(running, official, submit) -> None:
    code = _code(submit, official)
    address = re.search(r'action="(/tablets/codes/\w+/withdraw)"', official.get("/tablets").text)[1]
    assert submit(address, "/tablets").status_code == 303
    assert _enrol(running, _ask(code)).json()["error"] == "code_unknown"


def test_villages_are_given_and_taken_back(running, official, submit) -> None:
    asked = _ask(_code(submit, official))
    _enrol(running, asked)
    page = f"/tablets/{asked['device']}"
    submit(f"{page}/assign", page, villages=list(SOUTH))
    running.clock.forward(hours=1)
    submit(f"{page}/unassign", page, villages=[NORTH[0]])
    text = official.get(page).text
    assert "现在负责的村（2）" in text
    assert "以前负责过的村" in text
    again = _enrol(running, asked).json()
    assert [village["code"] for village in again["villages"]] == [NORTH[1], *SOUTH]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "王五"}, "没有选中任何村"),
        ({"villages": ["140525999999"], "name": "王五"}, "没有选中任何村"),
        ({"villages": [NORTH[0], "140525999999"], "name": "王五"}, "本县没有这些村：140525999999"),
        ({"villages": [NORTH[0]]}, "没有写明由谁使用"),
        ({"villages": [NORTH[0]], "surveyor": "nobody"}, "没有写明由谁使用"),
    ],
)
def test_a_code_for_nobody_or_nowhere_is_refused(submit, fields, message) -> None:
    refused = submit("/tablets/enrol", "/tablets/enrol", **fields)
    assert refused.status_code == 400
    assert message in refused.text


def test_an_unknown_tablet_has_no_page(official, submit) -> None:
    assert official.get(f"/tablets/{uuid.uuid4()}").status_code == 404
    assert submit(f"/tablets/{uuid.uuid4()}/assign", "/tablets/enrol", villages=[NORTH[0]]).status_code == 404


def test_tablets_are_listed_by_area_and_silence(running, official, submit) -> None:
    from server.access import views
    from server.database import read

    _enrol(running, _ask(_code(submit, official), device_name="北边的"))
    _enrol(running, _ask(_code(submit, official, SOUTH, "赵六"), device_name="南边的"))
    south = official.get("/tablets?area=140525200&show=silent").text
    assert "南边的" in south
    assert "北边的" not in south
    assert "没有符合筛选条件" in official.get("/tablets?area=140525300").text
    with read(running.app.state.engine) as session:
        reporting = views.reporting(session, "140525", running.clock())
    assert reporting.total == 2
    assert {silent.name for silent in reporting.silent} == {"北边的", "南边的"}
