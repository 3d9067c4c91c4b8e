"""What `cleanheat verify` found, as a table for people and as JSON for programs."""

from __future__ import annotations

from typing import Any, Final

from rich.table import Table

from server.subsidies.money import yuan
from server.subsidies.verify import TITLES, Report
from server.web.figures import moment

SHOWN_MAX: Final = 20


def table(report: Report) -> Table:
    """Every check with its result; of many findings the first."""
    title = f"{report.county} 资金核验 · 截至 {moment(report.at)}（UTC+8）"
    made = Table(title=title, title_justify="left")
    made.add_column("检查")
    made.add_column("结果")
    made.add_column("问题", overflow="fold")
    for check, name in TITLES.items():
        findings = report.found(check)
        said = [f"{each.id}：{each.message}" for each in findings[:SHOWN_MAX]]
        if len(findings) > SHOWN_MAX:
            said.append(f"……另有 {len(findings) - SHOWN_MAX:,} 处，全部见 --json。")
        made.add_row(name, f"{len(findings):,} 处" if findings else "通过", "\n".join(said))
    return made


def summary(report: Report) -> list[str]:
    """What the books come to, a line for each thing."""
    found = report.totals
    return [
        f"核定 {report.decisions_n:,} 项，付款 {report.payments_n:,} 笔，分录 {report.entries_n:,} 笔。",
        f"应补 {yuan(found.obligated_fen)} 元，尚欠 {yuan(found.owed_fen)} 元。",
        f"已送 {yuan(found.sent_fen)} 元 = 到账 {yuan(found.credited_fen)} + 退回 {yuan(found.returned_fen)}"
        f" + 在途 {yuan(found.in_transit_fen)}。",
    ]


def document(report: Report) -> dict[str, Any]:
    """The whole report as JSON values; amounts are whole fen."""
    found = report.totals
    return {
        "county": report.county,
        "at": report.at.isoformat(),
        "holds": not report.findings,
        "decisions_n": report.decisions_n,
        "payments_n": report.payments_n,
        "entries_n": report.entries_n,
        "obligated_fen": found.obligated_fen,
        "sent_fen": found.sent_fen,
        "credited_fen": found.credited_fen,
        "returned_fen": found.returned_fen,
        "in_transit_fen": found.in_transit_fen,
        "owed_fen": found.owed_fen,
        "checks": {check: len(report.found(check)) for check in TITLES},
        "findings": [
            {"check": each.check, "id": each.id, "message": each.message} for each in report.findings
        ],
    }
