"""`cleanheat verify`: the books, and the exchange under them, each by its own checks; one report of both.

Apart from `server.cli`, which gives the command its name, because it puts together what three rooms check: the
money, the exchange, and the register's tables. It takes the database as it is and makes nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from sqlmodel import Session

from server.database import read
from server.exchange import (
    digests,
    forms,
    verify,
    verify_chains,
    verify_digests,
    verify_feed,
    verify_photos,
    verify_redecide,
    verify_replay,
)
from server.exchange.photo_files import FOLDER, PhotoFiles
from server.exchange.verify import Check, Checked, Finding
from server.exchange.verify_redecide import Rules
from server.registry import divisions, verify_projection
from server.registry.policy import POLICY, RELEASED
from server.subsidies import commands, verify_report
from server.subsidies import verify as books
from server.terminal.steps import unseen
from server.web.figures import moment

SHOWN_MAX: Final = 20


class Part(StrEnum):
    """What is to be checked."""

    MONEY = "money"
    SYNC = "sync"


@dataclass(frozen=True)
class Exchange:
    """What came of the exchange's checks."""

    county: str
    at: datetime
    checked: tuple[Checked, ...]

    @property
    def holds(self) -> bool:
        return not any(each.findings_n for each in self.checked)


def command(
    only: Annotated[Part | None, typer.Option(help="只核验一部分：money = 资金，sync = 同步和登记。")] = None,
    redecide: Annotated[
        bool, typer.Option("--redecide", help="另把每条记录按当时的规则和表单重新判定一遍（较慢）。")
    ] = False,
    whole_photos: Annotated[
        bool,
        typer.Option("--photos", help="另读出每张照片的文件，核对内容（较慢）；不加时只核对有没有、多大。"),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")] = False,
    data: commands.Data = None,
) -> None:
    """核验资金、记录、登记和平板数据是否处处相符；有问题则退出码为 1。"""
    now = datetime.now(UTC)
    money, exchange = None, None
    # Only to somebody who looks on: its result is often kept, or sent by whatever runs it every night.
    steps = commands.progress if commands.progress.seen and not as_json else unseen
    with commands.opened(data, steps) as (settings, engine):
        digests.ensure(engine, POLICY.masked, steps)
        with read(engine) as session:
            if only is not Part.SYNC:
                money = books.verify(session, settings.county, now, steps)
            if only is not Part.MONEY:
                photos = verify_photos.check(PhotoFiles(settings.data / FOLDER), whole=whole_photos)
                checks = [*checks_of(session, settings.county, redecide=redecide), photos]
                found = tuple(verify.run(session, settings.county, checks, steps))
                exchange = Exchange(settings.county, now, found)
    if as_json:
        typer.echo(json.dumps(document(money, exchange), ensure_ascii=False, indent=2))
    else:
        _show(money, exchange)
    holds = (money is None or not money.findings) and (exchange is None or exchange.holds)
    raise typer.Exit(0 if holds else 1)


def checks_of(session: Session, county: str, *, redecide: bool) -> Sequence[Check]:
    """The list of them, in the order in which one would look: from the journal to what is made of it."""
    checks = [
        verify_chains.CHECK,
        verify_replay.CHECK,
        verify_projection.CHECK,
        verify_feed.CHECK,
        verify_digests.villages(POLICY.masked),
        verify_digests.TABLETS_CHECK,
    ]
    if redecide:
        rules = Rules(RELEASED, forms.load(session).by_key, _villages(session, county))
        checks.append(verify_redecide.check(rules))
    return checks


def _villages(session: Session, county: str) -> frozenset[str]:
    return frozenset(each.code for each in divisions.villages(session, county))


def _show(money: books.Report | None, exchange: Exchange | None) -> None:
    if exchange is not None:
        commands.console.print(_table(exchange))
        for line in _notes(exchange):
            commands.console.print(line, highlight=False, markup=False)
    if money is not None:
        commands.console.print(verify_report.table(money))
        for line in verify_report.summary(money):
            commands.console.print(line, highlight=False)


def _table(exchange: Exchange) -> Table:
    title = f"{exchange.county} 同步和登记核验 · 截至 {moment(exchange.at)}（UTC+8）"
    made = Table(title=title, title_justify="left")
    made.add_column("检查")
    made.add_column("结果")
    made.add_column("CPU 秒", justify="right")
    made.add_column("问题", overflow="fold")
    for each in exchange.checked:
        said = [f"{found.id}：{found.message}" for found in each.findings[:SHOWN_MAX]]
        if each.findings_n > SHOWN_MAX:
            said.append(f"……另有 {each.findings_n - SHOWN_MAX:,} 处，见 --json。")
        result = f"{each.findings_n:,} 处" if each.findings_n else "通过"
        made.add_row(each.check.title, result, f"{each.cpu_s:.1f}", "\n".join(said))
    return made


def _notes(exchange: Exchange) -> list[str]:
    notes = [note for each in exchange.checked for note in each.notes]
    lines = [f"说明：{note.id}：{note.message}" for note in notes[:SHOWN_MAX]]
    if len(notes) > SHOWN_MAX:
        lines.append(f"……另有 {len(notes) - SHOWN_MAX:,} 条说明，见 --json。")
    return lines


def document(money: books.Report | None, exchange: Exchange | None) -> dict[str, Any]:
    """Both reports as one: `checks` and `findings` of all, what the books come to, what is worth knowing."""
    made: dict[str, Any] = verify_report.document(money) if money else {"checks": {}, "findings": []}
    if exchange is not None:
        made |= {"county": exchange.county, "at": exchange.at.isoformat()}
        made["checks"] |= {each.check.name: each.findings_n for each in exchange.checked}
        made["findings"] += [_said(found) for each in exchange.checked for found in each.findings]
        made["notes"] = [_said(note) for each in exchange.checked for note in each.notes]
        made["cpu_s"] = {each.check.name: round(each.cpu_s, 2) for each in exchange.checked}
    return made | {"holds": not any(made["checks"].values())}


def _said(found: Finding) -> dict[str, str]:
    return {"check": found.check, "id": found.id, "message": found.message}
