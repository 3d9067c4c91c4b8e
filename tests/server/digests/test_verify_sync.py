"""What `cleanheat verify` finds: each fault is planted with SQL in a county that holds, and found and named."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from server import database
from server.exchange import forms, verify, verify_redecide
from server.exchange.verify_redecide import Rules
from server.registry import duplicates
from server.registry.policy import RELEASED
from server.verifying import Exchange, checks_of, document

COUNTY = "140525"
NOW = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)
A, B, C = "140525100201", "140525100202", "140525100203"


@dataclass
class County:
    """A county in which two tablets recorded, disagreed, and one reads. Ids of homes, of the records that made each,
    and of the one that disagreed about the first home."""

    hub: object
    homes: list[str]
    records: list[str]
    disputed: str

    def checked(
        self, *, redecide: bool = False
    ) -> dict[str, tuple[list[verify.Finding], list[verify.Finding]]]:
        """Check → its findings and its notes."""
        with database.read(self.hub.exchange.engine) as session:
            checks = list(checks_of(session, COUNTY, redecide=False))
            if redecide:
                rules = Rules(RELEASED, forms.load(session).by_key, frozenset({A, B, C}))
                checks.append(verify_redecide.check(rules))
            done = list(verify.run(session, COUNTY, checks))
        return {each.check.name: (list(each.findings), list(each.notes)) for each in done}

    def found(self, *, redecide: bool = False) -> dict[str, list[str]]:
        """Check → what it says, of those that found something."""
        return {
            name: [f"{each.id} {each.message}" for each in findings]
            for name, (findings, _) in self.checked(redecide=redecide).items()
            if findings
        }


@pytest.fixture
def county(hub, recorder, reader, enrol) -> County:
    homes = recorder.visits(A, A, B, C, new_head="张三")
    reader.calls()
    recorder.again(A, homes[0], visit_outcome="refused")
    other = type(recorder)(hub, enrol(hub.exchange.engine, recorder.tablet.clock, A, B, C))
    other.again(A, homes[0], visit_outcome="surveyed", heating_status="heated")
    reader.calls(), reader.calls()
    return County(hub, homes, recorder.made, other.made[0])


def test_a_county_that_nobody_touched_holds(county) -> None:
    assert county.found(redecide=True) == {}
    assert [notes for _, notes in county.checked().values() if notes] == []
    [(conflicts,)] = county.hub.sql("SELECT sum(conflicts_n) FROM entity")
    assert conflicts, "a county in which nobody disagreed proves little"


def test_a_record_that_was_changed_is_named(county) -> None:
    record = county.records[1]
    county.hub.sql("UPDATE submission SET sent = replace(sent, '张三', '李四') WHERE id = :id", id=record)
    found = county.found(redecide=True)
    assert found.keys() == {"chains", "redecide"}
    assert record in found["chains"][0] and "校验值不符" in found["chains"][0]
    assert any(county.homes[1] in said for said in found["redecide"])


def test_a_record_that_was_taken_out_leaves_a_gap_and_a_home_without_its_source(county) -> None:
    county.hub.sql("DELETE FROM submission WHERE id = :id", id=county.records[0])
    checked = county.checked()
    [gap] = checked["chains"][1]
    assert "缺 1 号" in gap.message and not checked["chains"][0]
    assert any(county.homes[0] in each.id for each in checked["replay"][0])


def test_a_second_record_under_one_number_is_a_fork(county) -> None:
    record = county.records[1]
    county.hub.sql(
        "INSERT INTO submission SELECT county, 'aaaaaaaa' || substr(id, 9), kind, device, device_seq, village, person,"
        " form, form_version, observed_at, received_at, position, clock_offset_s, outcome, policy_version, hash, sent,"
        " verdict, traces, screen FROM submission WHERE id = :id", id=record,
    )  # fmt: skip
    [said] = county.found()["chains"]
    assert "不止一条记录" in said and record in said
    device = county.hub.sql("SELECT device FROM submission WHERE id = :id", id=record)[0][0]
    county.hub.sql("UPDATE tablet SET closed_as = 'cloned' WHERE device = :device", device=device)
    checked = county.checked()["chains"]
    assert not checked[0] and len(checked[1]) == 1, "what was seen when the tablet called is only noted"


def test_a_fork_of_a_tablet_that_the_hub_has_forgotten_is_only_noted(county) -> None:
    """The hub was put back to before an enrolment: nobody can close what is not known here."""
    record = county.records[1]
    county.hub.sql(
        "INSERT INTO submission SELECT county, 'aaaaaaaa' || substr(id, 9), kind, device, device_seq, village, person,"
        " form, form_version, observed_at, received_at, position, clock_offset_s, outcome, policy_version, hash, sent,"
        " verdict, traces, screen FROM submission WHERE id = :id", id=record,
    )  # fmt: skip
    county.hub.sql(
        "DELETE FROM tablet WHERE device = (SELECT device FROM submission WHERE id = :id)", id=record
    )
    findings, notes = county.checked()["chains"]
    assert not findings and len(notes) == 1
    assert "不止一条记录" in notes[0].message and "没有这台平板的登记" in notes[0].message


def test_a_fork_that_another_device_brought_is_only_noted(county, reader) -> None:
    """A copy that had enrolled anew brings its branch to a restored hub, which forgot that it closed the device."""
    record = county.records[1]
    county.hub.sql(
        "INSERT INTO submission SELECT county, 'aaaaaaaa' || substr(id, 9), kind, :other, device_seq, village, person,"
        " form, form_version, observed_at, received_at, position, clock_offset_s, outcome, policy_version, hash, sent,"
        " verdict, traces, screen FROM submission WHERE id = :id", id=record, other=reader.row.device,
    )  # fmt: skip
    findings, notes = county.checked()["chains"]
    assert not findings
    assert len(notes) == 1 and "不止一条记录" in notes[0].message


def test_a_link_that_does_not_fit_is_named(county) -> None:
    record = county.records[1]
    county.hub.sql("UPDATE submission SET hash = :hash WHERE id = :id", hash="0" * 64, id=record)
    said = county.found()["chains"]
    assert any(record in each and "校验值不符" in each for each in said)
    assert any("接不上第 2 号" in each for each in said)


EDITED = {
    "a value": (
        "UPDATE entity SET held = replace(held, '张三', '李四') WHERE id = :home",
        {"replay", "projection", "digests"},
    ),
    "a version": ("UPDATE entity SET version = version + 1 WHERE id = :home", {"replay", "feed"}),
    "a document nobody can read": ("UPDATE entity SET held = '{' WHERE id = :home", {"replay", "digests"}),
    "a typed row": ("UPDATE household SET head_name = '李四' WHERE id = :home", {"projection"}),
    "a typed row gone": ("DELETE FROM household WHERE id = :home", {"projection"}),
    "a typed row of nothing": ("UPDATE household SET id = 'x' || substr(id, 2) WHERE id = :home", {"projection"}),
    "an entity gone": ("DELETE FROM entity WHERE id = :home", {"replay", "projection", "feed", "digests"}),
    "a feed row of another version": ("UPDATE feed SET version = 9 WHERE id = :home", {"feed"}),
    "a feed row that says gone": ("UPDATE feed SET op = 'gone' WHERE id = :home", {"feed"}),
    "an entity the feed never told of": ("DELETE FROM feed WHERE id = :home", {"feed"}),
}  # fmt: skip


@pytest.mark.parametrize("fault", EDITED)
def test_an_edited_row_is_found_by_the_checks_that_look_there(county, fault: str) -> None:
    statement, checks = EDITED[fault]
    home = county.homes[1]
    county.hub.sql(statement, home=home)
    found = county.found()
    assert found.keys() == checks
    for name in checks - {"digests"}:
        assert any(home[1:] in said for said in found[name]), name
    if "digests" in checks:
        assert found["digests"][0].startswith(A)


def test_a_hole_in_the_feed_and_a_head_that_runs_ahead_are_told_by_number(county) -> None:
    county.hub.sql("DELETE FROM feed WHERE village = :village AND seq = 1", village=A)
    county.hub.sql("UPDATE feed_head SET seq = seq + 2 WHERE village = :village", village=B)
    said = county.found()["feed"]
    assert any("缺第 1–1 号" in each for each in said)
    assert any(each.startswith(B) and "登记的末号是 3" in each for each in said)


def test_a_conflict_that_was_closed_behind_everybodys_back_is_found_by_deciding_again(county) -> None:
    [(held,)] = county.hub.sql("SELECT held FROM entity WHERE id = :home", home=county.homes[0])
    without = json.loads(held) | {"conflicts": []}
    county.hub.sql(
        "UPDATE entity SET held = :held, conflicts_n = 0 WHERE id = :home",
        held=json.dumps(without, ensure_ascii=False), home=county.homes[0],
    )  # fmt: skip
    found = county.found(redecide=True)
    assert found.keys() == {"redecide", "projection", "digests"}
    assert [said for said in found["redecide"] if county.homes[0] in said and "冲突" in said]


def test_a_verdict_that_was_changed_is_listed_with_then_and_now(county) -> None:
    change = "UPDATE submission SET verdict = :verdict WHERE id = :id"
    [(verdict,)] = county.hub.sql("SELECT verdict FROM submission WHERE id = :id", id=county.disputed)
    changed = json.loads(verdict) | {"outcome": "merged"}
    county.hub.sql(change, id=county.disputed, verdict=json.dumps(changed))
    said = county.found(redecide=True)["redecide"]
    assert f"{county.disputed} outcome：当时 merged，现在 conflict。" in said
    county.hub.sql(change, id=county.disputed, verdict="{")
    assert f"{county.disputed} 记录、判定或处理结果读不懂。" in county.found(redecide=True)["redecide"]


def test_what_a_tablet_told_of_its_screen_is_decided_by_again(county, recorder) -> None:
    """The second leaves alone what the first had put on the screen, though its base lacks it and it names no other."""
    home = county.homes[1]
    recorder.again(A, home, {}, remark="东屋")
    recorder.again(A, home, {"remark": "东屋"}, remark="东屋", visit_outcome="refused")
    query = "SELECT screen, verdict FROM submission WHERE id = :id"
    [(screen, verdict)] = county.hub.sql(query, id=recorder.made[-1])
    assert json.loads(screen) == {"household": {"remark": "东屋"}}
    assert "remark" not in {field["property"] for field in json.loads(verdict)["fields"]}
    assert county.found(redecide=True) == {}
    county.hub.sql("UPDATE submission SET screen = NULL WHERE id = :id", id=recorder.made[-1])
    assert any("remark" in said for said in county.found(redecide=True)["redecide"])


def test_another_policy_is_told_and_not_decided_by(county) -> None:
    county.hub.sql("UPDATE submission SET policy_version = '2019.1'")
    checked = county.checked(redecide=True)["redecide"]
    assert not checked[0] and "2019.1" in checked[1][0].message


def test_a_tablet_that_holds_something_else_is_named(county, reader) -> None:
    county.hub.sql("UPDATE tablet_digest SET digest = :other", other="0" * 32)
    [said] = county.found()["tablets"]
    assert reader.row.device in said and "平板" in said


def test_a_digest_that_was_changed_is_told_by_village(county) -> None:
    county.hub.sql(
        "UPDATE village_digest SET digest = :other WHERE village = :village", other="0" * 40, village=C
    )
    found = county.found()
    assert found.keys() == {"digests", "tablets"} and found["digests"][0].startswith(C)


def test_findings_are_kept_within_bounds_and_counted(county) -> None:
    def endless(session, county, told):
        return (verify.Finding("x", str(number), "!") for number in range(2_000))

    with database.read(county.hub.exchange.engine) as session:
        [done] = verify.run(session, COUNTY, [verify.Check("x", "", "", endless)])
    assert (len(done.findings), done.findings_n) == (verify.FINDINGS_KEPT, 2_000)
    told = document(None, Exchange(COUNTY, datetime(2020, 9, 1, tzinfo=UTC), (done,)))
    assert told["checks"] == {"x": 2_000} and told["holds"] is False


MERGED_EDITED = {
    "a row for the home that is gone": "INSERT INTO household SELECT * FROM gone_home",
    "an alias gone": "DELETE FROM alias",
    "an alias that leads elsewhere": "UPDATE alias SET survivor = 'elsewhere'",
}


@pytest.mark.parametrize("what", MERGED_EDITED)
def test_a_merged_home_that_the_register_reads_otherwise_is_named(county, reader, what) -> None:
    home, other = county.homes[1], county.homes[2]
    county.hub.sql("CREATE TABLE gone_home AS SELECT * FROM household WHERE id = :id", id=other)
    with database.write(county.hub.exchange.engine) as session:
        said = duplicates.Merge(home, other, (1, 1), frozenset(), "同一院落", str(reader.row.person))
        duplicates.merge(county.hub.exchange, session, COUNTY, said, NOW, ())
    assert county.found() == {}
    county.hub.sql(MERGED_EDITED[what])
    [said] = county.found()["projection"]
    assert other in said


def _another_name(told) -> None:
    told["values"]["head_name"] = "李四"


MERGED_DOCUMENTS = {
    "what is shown": ("home", _another_name, "属性 head_name 的值"),
    "what stands beside it": ("home", lambda told: _another_name(told["parts"][1]), "名下属性 head_name"),
    "the version of the id that is gone": (
        "other",
        lambda told: told.update(version=9),
        "按办公室的合并应为第 2 版",
    ),
}


@pytest.mark.parametrize("what", MERGED_DOCUMENTS)
def test_a_merged_home_that_nobody_made_so_is_named(county, recorder, reader, what) -> None:
    ids = {"home": county.homes[1], "other": county.homes[2]}
    said = duplicates.Merge(
        ids["home"], ids["other"], (1, 1), frozenset(), "同一院落", str(reader.row.person)
    )
    with database.write(county.hub.exchange.engine) as session:
        duplicates.merge(county.hub.exchange, session, COUNTY, said, NOW, ())
    recorder.again(A, ids["home"], visit_outcome="refused")
    assert county.found() == {}
    which, edit, expected = MERGED_DOCUMENTS[what]
    [(document,)] = county.hub.sql("SELECT held FROM entity WHERE id = :id", id=ids[which])
    told = json.loads(document)
    edit(told)
    county.hub.sql("UPDATE entity SET held = :held WHERE id = :id", held=json.dumps(told), id=ids[which])
    found = county.found()["replay"]
    assert any(expected in said for said in found), found


def test_two_homes_made_one_and_apart_again_hold(county, recorder, reader) -> None:
    home, other = county.homes[1], county.homes[2]
    exchange = county.hub.exchange
    person = str(reader.row.person)

    def versions(*ids: str) -> tuple[int, ...]:
        found = dict(county.hub.sql("SELECT id, version FROM entity"))
        return tuple(found[id] for id in ids)

    said = duplicates.Merge(home, other, versions(home, other), frozenset(), "同一院落", person)
    with database.write(exchange.engine) as session:
        merged = duplicates.merge(exchange, session, COUNTY, said, NOW, ())
    assert county.found(redecide=True) == {}
    recorder.again(B, other, visit_outcome="refused")
    reader.calls(), reader.calls()
    assert county.found(redecide=True) == {}
    assert reader.replica.stated().digests == county.hub.kept()
    with database.write(exchange.engine) as session:
        duplicates.separate(exchange, session, COUNTY, merged.id, "是两户", person, NOW, ())
    reader.calls(), reader.calls()
    assert county.found(redecide=True) == {}
    assert reader.replica.stated().digests == county.hub.kept()
