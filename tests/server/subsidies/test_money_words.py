"""Every standing of a household's money has its plain sentence, in both languages, and the last word decides."""

from datetime import date
from typing import Any

import pytest

from server.subsidies import phrases
from server.subsidies.corrections import OPEN_QUESTIONS
from server.subsidies.payments import STATES
from server.subsidies.words import STANDINGS, Granted, Known, Paid, Told, tell

REASON = {"zh": "2020年接通的煤改电：运行补贴 2,400.00 元。", "en": "electric heating: 2,400.00 yuan."}
SILENT = {
    "zh": "标准没有写这种改造：文件未规定，金额为 0。",
    "en": "the document is silent; the amount is zero.",
}


def granted(id: str = "E1", amount_fen: int = 240_000, **others: Any) -> Granted:
    return Granted(
        **{
            "id": id, "corrects": "", "component": "operating", "season": "2020-2021", "amount_fen": amount_fen,
            "reason": REASON, **others,
        }
    )  # fmt: skip


def paid(state: str, amount_fen: int = 240_000, **others: Any) -> Paid:
    return Paid(
        **{
            "entitlement": "E1", "amount_fen": amount_fen, "state": state, "account": "6228480000004417",
            "reason": "", "batch": "B3", "batch_n": 3, "sent_on": date(2020, 12, 1), "booked_on": None, **others,
        }
    )  # fmt: skip


def told(**known: Any) -> Told:
    found = tell(Known(**{"accepted_on": date(2020, 11, 20), **known}))
    assert found is not None
    return found


def chinese(found: Told) -> list[str]:
    return [sentence.texts["zh"] for sentence in found.every]


def test_a_home_never_converted_has_nothing_to_be_told() -> None:
    assert tell(Known()) is None


def test_a_conversion_waits_for_its_acceptance() -> None:
    found = told(accepted_on=None, unaccepted_n=1)
    assert (found.standing, chinese(found)) == ("not_accepted", ["改造还没有验收，验收以后才核定补贴。"])


def test_an_accepted_conversion_waits_for_the_decision_with_its_amount() -> None:
    found = told(undecided_n=2, undecided_fen=720_000)
    assert found.standing == "undecided"
    assert chinese(found) == ["2020年11月20日验收，2 项补贴共 7,200.00 元等待核定。"]
    assert chinese(told()) == ["2020年11月20日验收，等待核定补贴。"]


def test_a_question_in_the_way_is_said_with_what_to_do() -> None:
    assert chinese(told(open_codes=("no_area",))) == ["还不能核定：补贴按采暖面积计，面积没有填，请先补上。"]
    assert phrases.QUESTIONS.keys() >= OPEN_QUESTIONS


@pytest.mark.parametrize(
    ("payments", "standing", "sentences"),
    [
        ([], "due", ["运行补贴（2020—2021年采暖季）2,400.00 元已核定，等待发放。"]),
        (
            [paid("planned", sent_on=None)],
            "planned",
            ["运行补贴（2020—2021年采暖季）2,400.00 元已编入第 3 批，还没有送银行（账号尾号 4417）。"],
        ),
        (
            [paid("sent")],
            "sent",
            ["运行补贴（2020—2021年采暖季）2,400.00 元，2020年12月1日随第 3 批送银行，账号尾号 4417，等待银行回执。"],
        ),
        (
            [paid("credited", booked_on=date(2020, 12, 3))],
            "credited",
            ["运行补贴（2020—2021年采暖季）2,400.00 元，2020年12月3日已到账，账号尾号 4417。"],
        ),
        (
            [paid("returned", reason="户名不符。", booked_on=date(2020, 12, 3))],
            "returned",
            [
                "运行补贴（2020—2021年采暖季）2,400.00 元，2020年12月1日送银行，账号尾号 4417，"
                "2020年12月3日被退回：户名不符。",
                "运行补贴（2020—2021年采暖季）2,400.00 元等待重新发放，请先核对收款账户。",
            ],
        ),
        ([paid("dropped")], "due", ["运行补贴（2020—2021年采暖季）2,400.00 元已核定，等待发放。"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_each_state_of_a_payment(payments: list[Paid], standing: str, sentences: list[str]) -> None:
    found = told(granted=(granted(),), payments=tuple(payments))
    assert (found.standing, chinese(found)) == (standing, sentences)


def test_money_returned_once_and_credited_later_has_arrived() -> None:
    later = paid("credited", batch_n=5, sent_on=date(2021, 1, 8), booked_on=date(2021, 1, 9))
    found = told(granted=(granted(),), payments=(later, paid("returned", reason="账户已销户")))
    assert found.standing == "credited"
    assert ["账户已销户" in each for each in chinese(found)] == [True, False]
    assert found.credited_fen == 240_000


def test_the_sentence_of_the_brief_in_english() -> None:
    found = told(granted=(granted(),), payments=(paid("credited", booked_on=date(2020, 12, 3)),))
    assert found.every[0].texts["en"] == (
        "2,400.00 yuan of operating subsidy for the winter 2020–2021 paid on 3 December 2020 "
        "to the account ending 4417."
    )


def test_without_an_account_the_sentence_asks_for_one() -> None:
    found = told(granted=(granted(),), payee=False)
    assert found.standing == "no_payee"
    assert "还没有收款账户，登记后才能发放" in chinese(found)[0]


def test_where_the_document_is_silent_the_reason_is_all_there_is_to_say() -> None:
    found = told(granted=(granted(amount_fen=0, component="construction", season="once", reason=SILENT),))
    assert found.standing == "nothing"
    assert chinese(found) == ["建设补贴：标准没有写这种改造：文件未规定，金额为 0。"]


def test_a_correction_after_the_payment_is_an_excess_to_recover() -> None:
    lower = granted(
        "E2", -40_000, corrects="E1", reason={"zh": "原定 2,400.00 元……差额 -400.00 元。", "en": "less"}
    )
    found = told(granted=(granted(), lower), payments=(paid("credited"),))
    assert (found.standing, found.due_fen, found.credited_fen) == ("excess", 200_000, 240_000)
    assert "更正：原定" in chinese(found)[0]
    assert "多 400.00 元" in chinese(found)[-1]


def test_a_correction_down_to_nothing_leaves_nothing_due() -> None:
    found = told(granted=(granted(), granted("E2", -240_000, corrects="E1")))
    assert found.standing == "nothing"
    assert chinese(found)[-1] == "运行补贴（2020—2021年采暖季）现在没有应发金额。"


def test_a_home_is_known_by_what_presses_most() -> None:
    other = granted("E9", 600_000, component="construction", season="once")
    found = told(granted=(granted(), other), payments=(paid("credited"),))
    assert [(item.name["zh"], item.standing) for item in found.items] == [
        ("建设补贴", "due"), ("运行补贴（2020—2021年采暖季）", "credited"),
    ]  # fmt: skip
    assert found.standing == "due"


def test_what_else_waits_is_told_beside_what_is_decided() -> None:
    found = told(granted=(granted(),), payments=(paid("credited"),), undecided_n=2, undecided_fen=140_000)
    assert (found.standing, chinese(found)[1:]) == ("undecided", ["另有 2 项补贴共 1,400.00 元等待核定。"])
    nothing = told(granted=(granted(),), payments=(paid("credited"),), undecided_n=1)
    assert (nothing.standing, chinese(nothing)[1:]) == ("credited", ["另有 1 项等待核定，金额为 0。"])


def test_corrections_and_conversions_that_wait_are_told_beside_what_is_paid() -> None:
    found = told(
        granted=(granted(),),
        payments=(paid("credited"),),
        corrections_n=1,
        corrections_fen=-100,
        unaccepted_n=1,
    )
    assert chinese(found)[1:] == [
        "情况有变化，1 项更正共 -1.00 元等待核定。",
        "另有改造还没有验收，不计补贴。",
    ]


def test_every_state_and_standing_has_its_words() -> None:
    assert phrases.PAYMENTS.keys() == STATES.keys() - {"dropped"}
    assert set(STANDINGS) >= STATES.keys() & {"planned", "sent", "credited"}
    for zh, en in phrases.PAYMENTS.values():
        assert "{yuan}" in zh
        assert "{yuan}" in en
