"""The lists of batches, payments and return rows as spreadsheets. Accounts are masked: whole ones leave the house
in the bank's file alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from server.subsidies.batch import STATES
from server.subsidies.payments import CREDITED, RETURNED, SENT
from server.subsidies.payments import STATES as PAYMENT_STATES
from server.subsidies.preparing import LEFT_OUT
from server.subsidies.reconcile import UNMATCHED
from server.subsidies.vocabulary import COMPONENTS, ONCE
from server.web import N_, SheetColumn, translate
from server.web.language import Language
from sync.masking import masked


def _column(lang: Language) -> Callable[..., SheetColumn]:
    def column(
        heading: str, value: Callable[[Any], object], kind: Any = "text", width: int = 14
    ) -> SheetColumn:
        return SheetColumn(translate(lang, heading), value, kind, width)

    return column


def in_yuan(fen: int) -> Decimal:
    """An amount as a sheet's number."""
    return Decimal(fen) / 100


def _of_state(state: str) -> Callable[[Any], Decimal]:
    return lambda line: in_yuan(line.sums[state].fen if state in line.sums else 0)


def season(lang: Language, text: str) -> str:
    """A season as people read it."""
    return translate(lang, N_("一次性")) if text.startswith(ONCE) else text


def batch_columns(lang: Language, steps: Mapping[str, str]) -> list[SheetColumn]:
    column = _column(lang)
    return [
        column(N_("批次号"), lambda line: line.row.number, "integer", 8),
        column(N_("名称"), lambda line: line.row.title, width=36),
        column(N_("状态"), lambda line: translate(lang, STATES[line.row.state])),
        column(N_("笔数"), lambda line: line.all.n, "integer"),
        column(N_("金额（元）"), lambda line: in_yuan(line.all.fen), "decimal", 18),
        column(N_("已到账（元）"), _of_state(CREDITED), "decimal", 18),
        column(N_("银行已退回（元）"), _of_state(RETURNED), "decimal", 18),
        column(N_("在途（元）"), _of_state(SENT), "decimal", 18),
        column(N_("待处理的回盘行"), lambda line: line.waiting_n, "integer"),
        column(N_("最近一步"), lambda line: translate(lang, steps[line.last.verb]) if line.last else ""),
        column(N_("办理人"), lambda line: line.last_by),
        column(N_("办理时间"), lambda line: line.last.at if line.last else None, "moment", 17),
    ]  # fmt: skip


def payment_columns(lang: Language) -> list[SheetColumn]:
    column = _column(lang)
    return [
        column(N_("付款编号"), lambda line: line.payment.id, width=36),
        column(N_("批次号"), lambda line: line.batch_number, "integer", 8),
        column(N_("乡镇"), lambda line: line.township_name),
        column(N_("村"), lambda line: line.village_name, width=18),
        column(N_("门牌号"), lambda line: line.door_number),
        column(N_("户主姓名"), lambda line: line.head_name),
        column(N_("项目"), lambda line: translate(lang, COMPONENTS[line.component])),
        column(N_("采暖季"), lambda line: season(lang, line.season)),
        column(N_("金额（元）"), lambda line: in_yuan(line.payment.amount_fen), "decimal"),
        column(N_("户名"), lambda line: line.payment.holder),
        column(N_("账号"), lambda line: masked(line.payment.account)),
        column(N_("开户银行"), lambda line: line.payment.bank, width=20),
        column(N_("状态"), lambda line: translate(lang, PAYMENT_STATES[line.payment.state])),
        column(N_("退回原因"), lambda line: line.payment.reason, width=20),
        column(N_("送银行日期"), lambda line: line.payment.sent_on, "date"),
        column(N_("入账日期"), lambda line: line.payment.booked_on, "date"),
    ]


def left_columns(lang: Language) -> list[SheetColumn]:
    """Whoever is owed and left out: rows are (Left, HomeName)."""
    column = _column(lang)
    return [
        column(N_("乡镇"), lambda row: row[1].township_name),
        column(N_("村"), lambda row: row[1].village_name, width=18),
        column(N_("门牌号"), lambda row: row[1].door_number),
        column(N_("户主姓名"), lambda row: row[1].head_name),
        column(N_("项目"), lambda row: translate(lang, COMPONENTS[row[0].item.component])),
        column(N_("采暖季"), lambda row: season(lang, row[0].item.season)),
        column(N_("金额（元）"), lambda row: in_yuan(row[0].item.owed.amount_fen), "decimal"),
        column(N_("没有编入的原因"), lambda row: translate(lang, LEFT_OUT[row[0].why][0]), width=34),
        column(N_("怎么办"), lambda row: translate(lang, LEFT_OUT[row[0].why][1]), width=40),
    ]


def waiting_columns(lang: Language) -> list[SheetColumn]:
    column = _column(lang)
    return [
        column(N_("批次号"), lambda line: line.batch.number, "integer", 8),
        column(N_("文件"), lambda line: line.file_name, width=30),
        column(N_("行"), lambda line: line.row.number, "integer", 8),
        column(N_("付款编号"), lambda line: line.row.end_to_end_id, width=36),
        column(N_("账号"), lambda line: masked(line.row.account)),
        column(N_("金额（元）"), lambda line: in_yuan(line.row.amount_fen), "decimal"),
        column(N_("银行的结果"), lambda line: translate(lang, PAYMENT_STATES[line.row.outcome])),
        column(N_("银行的原因"), lambda line: line.row.reason, width=20),
        column(N_("对不上的原因"), lambda line: translate(lang, UNMATCHED[line.row.why]), width=30),
        column(
            N_("差额（元）"), lambda line: in_yuan(line.row.gap_fen) if line.row.gap_fen else None, "decimal"
        ),
        column(N_("处理"), lambda line: line.row.settled_how, width=30),
        column(N_("处理人"), lambda line: line.settled_by),
        column(N_("处理时间"), lambda line: line.row.settled_at, "moment", 17),
    ]


def file_said(name: str, content: bytes) -> dict[str, str]:
    """What the log keeps of a file that left the house."""
    return {N_("文件"): name, "SHA-256": hashlib.sha256(content).hexdigest()}
