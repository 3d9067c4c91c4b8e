"""Villages change hands while the old tablet is away with unsent work."""

import pytest
from sqlalchemy import text

from server import database

NORTH, OTHER, SOUTH = "140525100201", "140525100202", "140525200201"


@pytest.fixture
def taker(tablets, code):
    made = tablets("two")
    made.enrol(code(SOUTH, name="赵六"))
    made.sync()
    return made


def hand_over(submit, tablet, taker, *villages: str):
    page = f"/tablets/{tablet.device}"
    return submit(f"{page}/hand-over", page, villages=list(villages), to=taker.device)


def test_one_act_takes_from_one_and_gives_to_the_other(submit, official, tablet, taker, desk) -> None:
    answer = hand_over(submit, tablet, taker, NORTH)
    assert answer.status_code == 303
    page = official.get(answer.headers["location"])
    assert page.url.path == f"/tablets/{taker.device}"
    assert (
        "已移交到 two，下次同步时生效：1号镇 201村" in page.text
        and f'href="/tablets/{tablet.device}"' in page.text
    )
    assert tablet.sync().villages_lost == (NORTH,)
    assert taker.sync().villages_gained == (NORTH,)
    assert [line for line in desk.log("tablet.assign") if NORTH in line.values()][-2:] == [
        {"收回": NORTH}, {"分配": NORTH},
    ]  # fmt: skip


def test_the_page_says_what_the_old_tablet_had_said_was_waiting(
    running, official, submit, tablet, taker
) -> None:

    with database.write(running.app.state.engine) as session:
        session.execute(
            text("UPDATE tablet SET waiting = 7, photos_waiting = 2 WHERE device = :d"), {"d": tablet.device}
        )
    page = official.get(f"/tablets/{tablet.device}").text
    assert "自报还有 7 条记录、2 张照片没有送出" in page
    assert f'<option value="{taker.device}">' in page
    assert f'<option value="{tablet.device}">' not in page


def test_unsent_work_travels_and_is_attributed_to_who_made_it(submit, tablet, taker, desk) -> None:
    made = tablet.visit(NORTH, new_head="张三", remark="移交之前")
    hand_over(submit, tablet, taker, NORTH)
    account = tablet.sync()
    assert (account.sent_n, account.applied_n, account.villages_lost) == (1, 1, (NORTH,))
    row, sent = desk.row(made), desk.sent(made)
    assert desk.verdict(made).marks == ("after_handover",)
    assert (row.device, row.person) == (tablet.device, tablet.replica.identity().person)
    assert (sent.device, sent.person) == (tablet.device, tablet.replica.identity().person)
    taker.sync()
    assert taker.props(tablet.home_of(made))["head_name"] == "张三"
    assert not [row for row in tablet.replica.villages() if row.code == NORTH]


def test_a_draft_of_a_village_that_is_gone_can_still_be_finished_and_sent(
    submit, tablet, taker, desk
) -> None:
    hand_over(submit, tablet, taker, NORTH)
    tablet.sync()
    late = tablet.visit(NORTH, new_head="李四")
    assert tablet.sync().applied_n == 1
    assert desk.verdict(late).marks == ("after_handover",)


def test_both_edit_one_home_and_both_see_the_conflict(submit, tablet, taker, desk) -> None:
    home = tablet.home_of(first := tablet.visit(NORTH, new_head="张三", remark="原来"))
    tablet.sync()
    assert desk.verdict(first).outcome == "applied"
    mine = tablet.visit(NORTH, home, remark="老调查员")
    hand_over(submit, tablet, taker, NORTH)
    taker.sync()
    taker.visit(NORTH, home, remark="新调查员")
    assert taker.sync().applied_n == 1
    assert tablet.sync().conflict_n == 1
    verdict = desk.verdict(mine)
    assert (verdict.outcome, verdict.marks) == ("conflict", ("after_handover",))
    taker.sync()
    shown = taker.replica.entity("household", home)
    assert shown.props["remark"] == "新调查员"
    assert [(each.mine, each.theirs) for each in shown.conflicts] == [("老调查员", "新调查员")]


def test_different_fields_merge_across_the_hand_over(submit, tablet, taker) -> None:
    home = tablet.home_of(tablet.visit(NORTH, new_head="张三"))
    tablet.sync()
    tablet.visit(NORTH, home, remark="老调查员")
    hand_over(submit, tablet, taker, NORTH)
    taker.sync()
    taker.visit(NORTH, home, visit_outcome="refused")
    taker.sync()
    assert tablet.sync().merged_n == 1
    taker.sync()
    assert taker.props(home)["remark"] == "老调查员"


def test_back_and_forth_reads_the_village_anew(submit, tablet, taker) -> None:
    home = tablet.home_of(tablet.visit(NORTH, new_head="张三"))
    tablet.sync()
    hand_over(submit, tablet, taker, NORTH)
    assert tablet.sync().villages_lost == (NORTH,)
    assert not tablet.props(home)
    assert hand_over(submit, taker, tablet, NORTH).status_code == 303
    assert tablet.sync().villages_gained == (NORTH,)
    assert tablet.props(home)["head_name"] == "张三"


@pytest.mark.parametrize(("to", "error"), [("self", "同一台平板"), ("nobody", "没有登记")])
def test_to_oneself_or_to_nobody_is_refused_in_words(submit, tablet, desk, to: str, error: str) -> None:
    page = f"/tablets/{tablet.device}"
    answer = submit(
        f"{page}/hand-over", page, villages=[NORTH], to=tablet.device if to == "self" else "00000000"
    )
    assert answer.status_code == 400
    assert error in answer.text
    assert tablet.sync().villages_lost == ()


def test_nothing_ticked_hands_nothing_over(submit, tablet, taker) -> None:
    assert hand_over(submit, tablet, taker).status_code == 400
    # A village that this tablet does not hold is nothing to hand over either.
    assert hand_over(submit, tablet, taker, SOUTH).status_code == 400
