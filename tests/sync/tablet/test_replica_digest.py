"""What a tablet says it holds, and what it does when the hub says that it should hold something else."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import count

import pytest

from sync import digest
from sync.client import Refusal

A, B, C = "140525100001", "140525100002", "140525100003"
H, NEXT = "0c6f2d1e-3c58-4b7e-8a44-6f1d9b2a7c30", "0c6f2d1e-3c58-4b7e-8a44-6f1d9b2a7c31"
CUT = Refusal("cut", "断网。", "")


def damage(tablet, rng) -> bool:
    """One bit in a stored row; whether there was a row."""
    rows = tablet.replica.db.conn.execute(
        "SELECT rowid, props FROM entity WHERE at_hub AND props LIKE '%:\"_%' ORDER BY rowid"
    ).fetchall()
    if not rows:
        return False
    rowid, props = rng.choice(rows)
    at = props.rindex('":"') + 3
    rotten = props[:at] + chr(ord(props[at]) ^ 1) + props[at + 1 :]
    tablet.replica.db.conn.execute("UPDATE entity SET props = ? WHERE rowid = ?", (rotten, rowid))
    return True


def held_as_sent(tablet) -> dict[str, tuple[object, ...]]:
    rows = tablet.replica.db.conn.execute(
        "SELECT dataset || '/' || id, village, version, props FROM entity WHERE at_hub"
    )
    return {key: tuple(rest) for key, *rest in rows}


def truth(county, tablet) -> dict[str, str]:
    return {
        village: county.digests.get((village, len(county.feed.get(village, []))), digest.EMPTY)
        for village in tablet.villages
    }


def test_unsent_work_and_drafts_outlast_a_village_read_anew(surveyor, county) -> None:
    one, other = surveyor("one"), surveyor("other")
    one.records(H, {"head_name": "张三", "phone": "1"}), one.records(NEXT, {"head_name": "李四"})
    one.syncs(), other.syncs()
    sent = other.records(NEXT, {"phone": "2"})
    other.syncs()
    other.replica.db.conn.execute("UPDATE entity SET props = replace(props, '张三', '张二')")
    assert not other.syncs().villages_reread, "it is counted at the end of a contact, and stated at the next"
    waiting, draft = other.records(NEXT, {"remark": "未送"}), other.opens(H)
    cut = count()
    account = other.syncs(lambda request: other.answer(request) if next(cut) < 2 else CUT)
    assert account.villages_reread == (A,) and account.problem == CUT
    assert other.sees(NEXT) == {"head_name": "李四", "phone": "2", "remark": "未送"}
    assert other.replica.draft(draft.id) is not None
    other.syncs()
    assert other.sees(H) == {"head_name": "张三", "phone": "1"}
    assert other.sees(NEXT) == {"head_name": "李四", "phone": "2", "remark": "未送"}
    assert other.replica.draft(draft.id) is not None
    assert other.state(sent) == other.state(waiting) == "sent_safe"
    assert other.replica.stated().digests == truth(county, other)


def test_what_was_acknowledged_is_offered_again_to_a_hub_that_forgot_it(surveyor, county) -> None:
    """Somebody copied an older file back, others wrote on before this tablet called: no cursor gives that away."""
    one, other = surveyor("one"), surveyor("other")
    one.records(H, {"head_name": "张三"})
    one.syncs(), other.syncs()
    older = county.copy()
    lost = other.records(H, {"phone": "2"})
    other.syncs()
    assert other.state(lost) == "sent_safe"
    county.entities, county.known, county.journal = older.entities, older.known, older.journal
    county.feed, county.digests = older.feed, older.digests
    for number in range(3):
        one.records(H, {"remark": str(number)})
        one.syncs()
    assert county.values(H).get("phone") is None
    assert other.syncs().villages_reread == (A,)
    assert county.values(H)["phone"] == "2" and other.state(lost) == "merged"
    assert other.replica.stated().digests == truth(county, other)


def test_nothing_is_stated_while_there_is_more_to_read(surveyor, county) -> None:
    one, other = surveyor("one"), surveyor("other")
    for number in range(7):
        one.records(f"0c6f2d1e-3c58-4b7e-8a44-6f1d9b2a7c3{number}", {"phone": str(number)})
    one.syncs()
    county.page = 3
    requests = count()
    other.syncs(lambda request: other.answer(request) if next(requests) < 2 else CUT)
    assert other.replica.stated().digests == {}
    other.syncs()
    assert all(request.digest is None for request in other.requests)
    other.syncs()
    assert other.requests[-1].digest == digest.over(truth(county, other))


def test_a_file_from_before_there_were_terms_states_its_digest_after_one_contact(surveyor, county) -> None:
    one = surveyor("one")
    one.records(H, {"head_name": "张三"})
    one.syncs()
    one.replica.db.conn.execute("UPDATE entity SET term = NULL")
    one.replica.db.conn.execute("UPDATE village SET digest = NULL")
    one.syncs()
    assert one.requests[-1].digest is None
    one.syncs()
    assert one.requests[-1].digest and one.replica.stated().digests == truth(county, one)


def test_a_hub_that_asks_for_ever_is_answered_once_in_a_contact(surveyor, county) -> None:
    one = surveyor("one")
    one.records(H, {"head_name": "张三"})
    one.syncs()

    def insists(request):
        return replace(one.answer(request), ask_digests=True, reread=(A,))

    account = one.syncs(insists)
    assert account.problem is None or account.problem.code == "no_progress"
    assert sum(bool(request.digests) for request in one.requests[-account.requests_n :]) <= 1


@pytest.mark.parametrize("seed", range(25))
def test_no_walk_ends_in_a_difference_and_none_without_damage_in_a_repair(
    surveyor, county, seed: int
) -> None:
    rng, county.villages = random.Random(seed), (A, B, C)
    tablets = [surveyor(name, A, B, C) for name in ("one", "two", "three")]
    homes = [f"0c6f2d1e-3c58-4b7e-8a44-6f1d9b2a7c4{number}" for number in range(6)]
    county.page = rng.choice((2, 3, 500))
    damaged, reread = False, 0
    for step in range(60):
        tablet = rng.choice(tablets)
        done = rng.random()
        if done < 0.45:
            property = rng.choice(("phone", "remark", "fuel", "head_name"))
            tablet.records(rng.choice(homes), {property: f"{seed}-{step}"}, village=rng.choice((A, B, C)))
        elif done < 0.5 and seed % 2:
            damaged = damage(tablet, rng) or damaged
        elif done < 0.6:
            reread += len(tablet.syncs(tablet.loses_reply).villages_reread)
        elif done < 0.7:
            left = count()
            cut = rng.randint(1, 4)
            reread += len(
                tablet.syncs(
                    lambda request, tablet=tablet, left=left, cut=cut: (
                        tablet.answer(request) if next(left) < cut else CUT
                    )
                ).villages_reread
            )
        else:
            reread += len(tablet.syncs().villages_reread)
    # Whatever rotted is counted at the end of a contact, and read anew in the next.
    for _ in range(5):
        reread += sum(len(tablet.syncs().villages_reread) for tablet in tablets)
    assert damaged or not reread
    for tablet in tablets:
        assert tablet.replica.stated().digests == truth(county, tablet)
        assert tablet.replica.status().waiting_n == 0
        assert held_as_sent(tablet) == held_as_sent(tablets[0])
        assert {record.submission.id for record in tablet.replica.outbox()} <= county.journal.keys()
