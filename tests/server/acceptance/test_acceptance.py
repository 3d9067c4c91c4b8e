"""Acceptance over HTTP: by another person than any surveyor, singly or a list, withdrawn only with a reason."""

import io
from datetime import date

import pytest
from openpyxl import load_workbook
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from server.access.tables import Audit
from server.database import read, write
from server.registry.acceptance import accepted
from server.registry.acceptance_tables import Acceptance
from server.registry.tables import Conversion

COUNTY = "140525"


def _standing(running, *ids: str) -> dict[str, Acceptance]:
    with read(running.app.state.engine) as session:
        return accepted(session, COUNTY, ids)


def test_an_official_accepts_one_with_date_number_and_evidence(running, conversions, official) -> None:
    wang = official("wang")
    assert wang.accept("c0").headers["location"] == "/acceptance?done=1"
    found = _standing(running, *conversions)
    assert list(found) == ["c0"]
    assert (found["c0"].accepted_on, found["c0"].accepted_by) == (date(2020, 8, 20), "wang")
    page = wang.browser.get("/households/140525/h0").text
    assert "泽清验〔2020〕7号" in page and "乡政府档案室" in page
    with read(running.app.state.engine) as session:
        line = session.exec(select(Audit).where(Audit.verb == "conversion.accept")).one()
    assert (line.person, line.area, line.subject) == ("wang", "140525100201", "household/140525/h0")


def test_the_surveyors_date_is_a_claim_and_no_acceptance(running, conversions, official) -> None:
    page = official("wang").browser.get("/acceptance").text
    assert "调查员自报" in page and "2020-08-02" in page
    assert _standing(running, *conversions) == {}


def test_whoever_recorded_anything_of_it_can_never_accept_it(running, conversions, official) -> None:
    both = official("both")
    refused = both.accept("c0", "c1")
    assert refused.status_code == 422
    assert "1号 户主1：您自己登记过这项改造，须由另一人验收" in refused.text
    assert _standing(running, *conversions) == {}  # all or none
    assert "您登记的，须由另一人验收" in both.browser.get("/acceptance").text
    assert both.accept("c0").status_code == 303


def test_a_single_acceptance_may_state_cost_and_proof_of_hardship(running, conversions, official) -> None:
    wang = official("wang")
    proof = {"cost": "12,800.50", "hardship": "tekun", "hardship_since": "2019-05-01"}
    assert wang.accept("c0", **proof).status_code == 303
    found = _standing(running, "c0")["c0"]
    assert (found.cost_fen, found.hardship, found.hardship_since) == (1_280_050, "tekun", date(2019, 5, 1))
    page = wang.browser.get("/households/140525/h0").text
    assert "实际费用 12,800.50 元" in page and "特困人员，2019-05-01 认定" in page
    together = wang.accept("c1", "c2", **proof)
    assert together.status_code == 422 and "不能几项一起填" in together.text and "12,800.50" in together.text
    book = load_workbook(io.BytesIO(wang.browser.get("/acceptance.xlsx?state=accepted").content))
    assert 12800.5 in [cell for row in book.active.iter_rows(values_only=True) for cell in row]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cost": "很多"}, "实际费用不是金额"),
        ({"cost": "-5"}, "实际费用是负数"),
        ({"hardship": "dibao"}, "困难类别和认定日期要一起填"),
        ({"hardship_since": "2019-05-01"}, "困难类别和认定日期要一起填"),
        ({"hardship": "dibao", "hardship_since": "2020-13-01"}, "困难类别和认定日期要一起填"),
        ({"hardship": "rich", "hardship_since": "2019-05-01"}, "不认识这个困难类别"),
        ({"hardship": "dibao", "hardship_since": "2020-09-02"}, "在今天之后"),
    ],
)
def test_a_lacking_proof_is_refused_in_words(running, conversions, official, change, said) -> None:
    refused = official("wang").accept("c0", **change)
    assert refused.status_code == 422 and said in refused.text
    assert _standing(running, *conversions) == {}


def test_rooms_above_are_told_of_acceptances_in_the_same_transaction(running, conversions, official) -> None:
    told = []
    running.app.state.acceptance_watchers.append(
        lambda session, county, homes: told.append((county, sorted(homes)))
    )
    wang = official("wang")
    wang.accept("c0", "c2")
    wang.post("/acceptance/140525/c0/withdraw", "/households/140525/h0", reason="设备型号不符")
    assert told == [("140525", ["h0", "h2"]), ("140525", ["h0"])]


def test_a_whole_list_is_accepted_at_once(running, conversions, official) -> None:
    wang = official("wang")
    done = wang.accept(scope="all", back="/acceptance?area=140525100&state=waiting")
    assert done.headers["location"].endswith("done=2")
    assert set(_standing(running, *conversions)) == {"c0", "c1"}


def test_a_township_official_accepts_in_her_township_only(running, conversions, official) -> None:
    wang = official("wang", "140525100")
    page = wang.browser.get("/acceptance").text
    assert "户主0" in page and "户主2" not in page
    outside = wang.accept("c0", "c2")
    assert outside.status_code == 403
    assert "您负责：1号镇" in outside.text
    assert wang.browser.get("/acceptance?area=140525200").status_code == 403
    assert _standing(running, *conversions) == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"accepted_on": "2020-7"}, "不是一个日期"),
        ({"accepted_on": "2020-09-02"}, "在今天之后"),
        ({"accepted_on": "2020-07-31"}, "验收日期早于接通日期"),
        ({"document_number": " "}, "都要填写"),
        ({"evidence": ""}, "都要填写"),
        ({"conversion": []}, "没有选中任何改造"),
        ({"conversion": ["nothing"]}, "本县没有这项改造"),
    ],
)
def test_a_lacking_acceptance_is_refused_in_words(running, conversions, official, change, said) -> None:
    refused = official("wang").accept("c0", **change)
    assert refused.status_code == 422 and said in refused.text
    assert _standing(running, *conversions) == {}


@pytest.mark.parametrize(
    ("change", "said"), [({"connected_on": None}, "没有接通日期"), ({"conflicts_n": 1}, "有未决冲突")]
)
def test_what_is_not_connected_or_disputed_waits(running, conversions, official, change, said) -> None:
    with write(running.app.state.engine) as session:
        session.get_one(Conversion, (COUNTY, "c0")).sqlmodel_update(change)
    assert said in official("wang").accept("c0").text
    assert _standing(running, "c0") == {}


def test_an_acceptance_is_withdrawn_with_a_reason_and_kept(running, conversions, official) -> None:
    wang = official("wang")
    wang.accept("c0")
    home, path = "/households/140525/h0", "/acceptance/140525/c0/withdraw"
    assert wang.post(path, home, reason=" ").status_code == 422
    assert wang.post(path, home, reason="设备型号不符").status_code == 303
    assert _standing(running, "c0") == {}
    page = wang.browser.get(home).text
    assert "已撤销的验收" in page and "设备型号不符" in page
    assert wang.accept("c0").status_code == 303
    assert _standing(running, "c0")["c0"].number == 2
    assert "已经验收" in wang.accept("c0").text


def test_the_database_lets_one_acceptance_stand(running, conversions, official) -> None:
    official("wang").accept("c0")
    first = _standing(running, "c0")["c0"]
    with pytest.raises(IntegrityError), write(running.app.state.engine) as session:
        session.add(Acceptance(**first.model_dump() | {"number": 2}))


def test_a_conversion_changed_afterwards_says_so(running, conversions, official) -> None:
    wang = official("wang")
    wang.accept("c0")
    with write(running.app.state.engine) as session:
        session.get_one(Conversion, (COUNTY, "c0")).version = 2
    assert "验收后又有改动" in wang.browser.get("/acceptance?state=accepted").text
    assert "验收后又有改动" in wang.browser.get("/households/140525/h0").text


def test_the_list_downloads_as_filtered(running, conversions, official) -> None:
    wang = official("wang")
    wang.accept("c0")
    book = load_workbook(io.BytesIO(wang.browser.get("/acceptance.xlsx?state=accepted").content))
    cells = [str(cell) for row in book.active.iter_rows(values_only=True) for cell in row if cell]
    assert "户主0" in cells and "泽清验〔2020〕7号" in cells and "户主1" not in cells


def test_the_pages_speak_english_too(running, conversions, official) -> None:
    import re

    page = official("wang").browser.get("/acceptance?lang=en").text
    main = re.search(r"<main.*</main>", page, re.DOTALL)[0]
    assert re.findall(r"[\u4e00-\u9fff]+", re.sub(r"泽州县|\d号镇|\d+村|\d号|户主\d", "", main)) == []
