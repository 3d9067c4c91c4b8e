"""The file itself, and everything a surveyor does without a network."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sync.codec import derived_id, submission_hash
from sync.messages import FormXml
from sync.replica import Draft, Replica, ReplicaProblem
from sync.replica_schema import MIGRATIONS

A = "140525100001"
H = derived_id("household", "1")
AT = datetime(2020, 9, 1, 8, tzinfo=UTC)


# --- the file ---


def test_every_commit_reaches_the_disk(surveyor: Any) -> None:
    connection = surveyor().replica.db.conn
    names = ("journal_mode", "synchronous", "foreign_keys", "user_version")
    set_to = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
    assert set_to == ["wal", 2, 1, len(MIGRATIONS)]


def test_a_file_from_a_newer_app_is_named_so_and_left_untouched(surveyor: Any, clock: Any, ids: Any) -> None:
    one = surveyor()
    one.records(H, {"head_name": "王"})
    one.replica.db.execute("PRAGMA user_version = 99")
    one.replica.close()
    before = one.path.read_bytes()
    with pytest.raises(ReplicaProblem, match="更新版本") as caught:
        Replica.open(one.path, clock=clock, new_id=ids("x"))
    assert caught.value.code == "newer" and "安装最新版本" in caught.value.remedy
    assert one.path.read_bytes() == before
    with sqlite3.connect(one.path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.close()
    one.reopen()
    assert one.sees(H) == {"head_name": "王"}


def test_a_newer_file_left_by_a_crash_is_not_touched_either(surveyor: Any, clock: Any, ids: Any) -> None:
    one = surveyor()
    one.replica.db.execute("PRAGMA user_version = 99")
    crashed = one.path.with_name("crashed.db")  # main file and log as a dead process leaves them
    for ending in ("", "-wal"):
        Path(f"{crashed}{ending}").write_bytes(Path(f"{one.path}{ending}").read_bytes())
    before = [Path(f"{crashed}{ending}").read_bytes() for ending in ("", "-wal")]
    with pytest.raises(ReplicaProblem) as caught:
        Replica.open(crashed, clock=clock, new_id=ids("x"))
    assert caught.value.code == "newer"
    assert [Path(f"{crashed}{ending}").read_bytes() for ending in ("", "-wal")] == before


@pytest.mark.parametrize("content", [b"not a database, but long enough to be read as one" * 100, b"SQLite"])
def test_a_damaged_file_is_named_so(tmp_path: Path, clock: Any, ids: Any, content: bytes) -> None:
    path = tmp_path / "replica.db"
    path.write_bytes(content)
    with pytest.raises(ReplicaProblem) as caught:
        Replica.open(path, clock=clock, new_id=ids("x"))
    assert caught.value.code == "damaged" and path.read_bytes() == content


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path, clock: Any, ids: Any) -> None:
    with pytest.raises(ReplicaProblem) as caught:
        Replica.open(tmp_path / "missing" / "replica.db", clock=clock, new_id=ids("x"))
    assert caught.value.code == "disk_fault"


def test_another_connection_waits_for_its_turn_and_sees_what_was_saved(surveyor: Any) -> None:
    one = surveyor()
    other = Replica.open(one.path, clock=one.clock, new_id=one.ids)
    one.records(H, {"head_name": "王"})
    assert [row.head_name for row in other.households(A)] == ["王"]
    other.close()


# --- full disk ---


def test_a_full_disk_says_so_and_leaves_everything_as_it_was(surveyor: Any) -> None:
    one = surveyor()
    draft = one.opens(H)
    kept = one.replica.save_draft(replace(draft, answers={"household": {"head_name": "王"}}))
    connection = one.replica.db.conn
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    long = {"household": {f"remark_{i}": "很长" * 2_000 for i in range(20)}}
    with pytest.raises(ReplicaProblem) as caught:
        one.replica.save_draft(replace(draft, answers=long))
    assert (caught.value.code, "存储空间已满" in caught.value.message) == ("disk_full", True)
    assert one.replica.draft(draft.id) == kept
    with pytest.raises(ReplicaProblem) as caught:
        one.replica.submit(draft.id, long, long, AT)
    assert caught.value.code == "disk_full"
    assert (one.replica.draft(draft.id), one.replica.outbox(), one.sees(H)) == (kept, [], None)
    assert one.replica.stated().chain_seq == 0
    connection.execute("PRAGMA max_page_count = 1000000")
    made = one.replica.submit(draft.id, long, long, AT)
    assert (made.device_seq, made.previous_hash) == (1, "") and one.state(made) == "waiting"


def test_a_disk_that_fills_during_a_contact_loses_nothing(surveyor: Any, county: Any) -> None:
    one, two = surveyor("a"), surveyor("b")
    for i in range(60):
        one.records(derived_id("house", str(i)), {"head_name": f"户{i}", "remark": "长" * 2_000})
    one.syncs()
    made = two.records(H, {"head_name": "王"})
    connection = two.replica.db.conn
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    account = two.syncs()
    assert account.problem is not None and account.problem.code == "disk_full"
    assert two.state(made) == "waiting" and len(two.replica.households(A)) == 1
    connection.execute("PRAGMA max_page_count = 1000000")
    assert two.syncs().problem is None
    assert two.state(made) == "sent_safe" and len(two.replica.households(A)) == 61
    assert len(county.journal) == 61


# --- enrolment ---


def test_device_and_secret_are_stored_before_the_first_send_and_kept_until_answered(surveyor: Any) -> None:
    one = surveyor()
    before = one.replica.identity()
    begun = one.replica.new_identity("http://other")
    one.reopen()
    assert one.replica.new_identity("http://other") == begun
    assert one.replica.identity() == before and begun.device != before.device
    assert len(begun.secret) == 43 and begun.secret != before.secret
    assert one.replica.new_identity("http://elsewhere").device != begun.device


def test_enrolling_anew_keeps_everything_and_begins_a_new_chain(surveyor: Any) -> None:
    one = surveyor()
    sent = one.records(H, {"head_name": "王"})
    one.syncs()
    unsent = one.records(H, {"phone": "1"})
    draft = one.opens(H)
    one.enrol()
    assert one.replica.identity().device != sent.device
    later = one.submits(draft, {"address": "东"})
    assert (later.device_seq, later.previous_hash, later.device) == (1, "", one.device)
    one.syncs()
    assert [one.state(each) for each in (sent, unsent, later)] == ["sent_safe"] * 3
    assert one.sees(H) == {"head_name": "王", "phone": "1", "address": "东"}


def test_a_hub_that_has_moved_is_the_same_hub(surveyor: Any) -> None:
    one = surveyor()
    before = one.replica.identity()
    one.replica.move_server("http://hub:8001")
    assert one.replica.identity() == replace(before, server="http://hub:8001")


def test_nothing_is_submitted_before_enrolment_but_drafts_are_kept(
    tmp_path: Path, clock: Any, ids: Any
) -> None:
    with Replica.open(tmp_path / "r.db", clock=clock, new_id=ids("x")) as replica:
        draft = replica.save_draft(Draft("d", "household", "1", A, H, {"household": H}))
        with pytest.raises(ReplicaProblem) as caught:
            replica.submit("d", {}, {}, AT)
        assert caught.value.code == "not_enrolled" and replica.draft("d") == draft


# --- drafts, chain, records ---


def test_a_draft_is_kept_as_it_was_last_saved(surveyor: Any) -> None:
    one = surveyor()
    draft = one.opens(H)
    later = replace(
        draft, answers={"basics": {"rows": [{"a": "1"}, {"a": "𬍛"}]}}, position="/data/basics/rows[2]/a",
        target_ids={"household": H, "coal_use": derived_id("coal")},
    )  # fmt: skip
    saved = one.replica.save_draft(later)
    one.reopen()
    assert one.replica.draft(draft.id) == saved == replace(later, updated_at=saved.updated_at)
    assert saved.updated_at > draft.updated_at
    assert one.replica.drafts(A) == [saved] == one.replica.drafts() and one.replica.drafts("x") == []
    assert one.replica.villages()[0].drafts_n == 1
    one.replica.discard_draft(draft.id)
    assert one.replica.drafts() == []


def test_a_draft_can_be_submitted_once(surveyor: Any) -> None:
    one = surveyor()
    draft = one.opens(H)
    one.submits(draft, {"head_name": "王"})
    with pytest.raises(ReplicaProblem) as caught:
        one.submits(draft, {"head_name": "王"})
    assert caught.value.code == "unknown_draft" and len(one.replica.outbox()) == 1


@pytest.mark.parametrize("answer", ["长" * 4_001, "\ud83d", "\x00"])
def test_an_answer_that_cannot_travel_is_refused_while_the_draft_can_be_mended(
    surveyor: Any, answer: str
) -> None:
    one = surveyor()
    draft = one.replica.save_draft(replace(one.opens(H), answers={"household": {"remark": answer}}))
    with pytest.raises(ReplicaProblem, match="remark") as caught:
        one.submits(draft, {})
    assert caught.value.code == "unreadable" and one.replica.outbox() == []
    assert one.replica.draft(draft.id) == draft
    one.submits(draft, {"remark": "好"})
    assert one.sees(H) == {"remark": "好"}


def test_the_chain_has_no_gap_across_restarts(surveyor: Any) -> None:
    one = surveyor()
    made = []
    for i in range(5):
        made.append(one.records(derived_id("house", str(i)), {"head_name": f"户{i}"}))
        one.reopen()
    assert [each.device_seq for each in made] == [1, 2, 3, 4, 5]
    assert [each.previous_hash for each in made] == ["", *(submission_hash(each) for each in made[:-1])]
    assert one.replica.stated().chain_hash == submission_hash(made[-1])
    assert [record.submission for record in one.replica.outbox()] == made[::-1]


def test_one_form_may_save_several_entities(surveyor: Any) -> None:
    one = surveyor()
    coal = derived_id("coal")
    draft = one.replica.save_draft(
        Draft(one.ids(), "household", "1", A, H, {"household": H, "coal_use": coal})
    )
    changes = {"household": {"head_name": "王"}, "coal_use": {"household": H, "coal_t": "2.5"}}
    made = one.replica.submit(draft.id, changes, changes, AT)
    assert {target.dataset: target.id for target in made.targets} == {"household": H, "coal_use": coal}
    assert one.replica.related("coal_use", H)[0].props["coal_t"] == "2.5"
    assert one.replica.record(made.id).label == "王"


def test_correcting_what_is_not_here_is_a_problem(surveyor: Any) -> None:
    with pytest.raises(ReplicaProblem) as caught:
        surveyor().replica.begin_correction(derived_id("nobody"))
    assert caught.value.code == "unknown_record"


# --- lists and forms ---


def test_households_are_listed_in_the_order_of_the_lane_and_found_by_every_word(surveyor: Any) -> None:
    one = surveyor()
    people = [("王小明", "10号"), ("李䶮", "9号"), ("欧阳㛃", "2-1号"), ("王𬍛", "2-10号"), ("100%_赵", "")]
    for i, (name, door) in enumerate(people):
        one.records(derived_id("house", str(i)), {"head_name": name, "door_number": door})

    def found(text: str) -> list[str]:
        return [row.head_name for row in one.replica.households(A, text)]

    assert found("") == ["欧阳㛃", "王𬍛", "李䶮", "王小明", "100%_赵"]
    assert found("李䶮") == ["李䶮"] and found("㛃") == ["欧阳㛃"] and found("王") == ["王𬍛", "王小明"]
    assert found("王 10") == ["王𬍛", "王小明"] and found("9号") == ["李䶮"]
    assert found("%") == ["100%_赵"] == found("_") and found("\\") == [] and found("没有") == []
    assert [row.head_name for row in one.replica.households(A, limit=2, offset=1)] == ["王𬍛", "李䶮"]
    assert len(one.replica.households(None)) == 5


def test_pinyin_and_initials_are_searched_if_the_hub_sent_them(surveyor: Any, county: Any) -> None:
    one = surveyor()
    one.records(H, {"head_name": "王秀英", "_pinyin": "wang xiu ying"})
    one.syncs()

    def found(text: str) -> list[str]:
        return [row.id for row in one.replica.households(A, text)]

    assert found("wangxiu") == [H] == found("WXY") == found("秀英") and found("li") == []
    assert "_pinyin" not in one.sees(H)
    one.records(H, {"head_name": "李秀英"})
    assert found("wxy") == [] and found("李") == [H]  # the syllables were the old name's


def test_the_newest_version_of_a_form_is_by_its_numbers(surveyor: Any) -> None:
    replica = surveyor().replica
    for version in ("2020.9", "2020.10", "2020.2"):
        replica.store_form(FormXml("household", version, "0" * 64, f"<{version}/>"))
    replica.store_form(FormXml("household", "2020.9", "0" * 64, "<changed/>"))
    assert replica.form("household").version == "2020.10"
    assert replica.form("household", "2020.9").xml == "<2020.9/>"
    assert replica.form("visit") is None and replica.form("household", "1") is None
