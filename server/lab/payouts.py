"""The showcase's batches: one closed, one at the bank with its answer lying ready, one waiting for approval.

Each goes step by step through the declared transitions, every step by the person whose it is; a batch that is
found further on, by an earlier run or a visitor's hand, is left where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session, select

from server.database import read, write
from server.lab import bank
from server.lab.story import Office, lay
from server.subsidies import batches, books, return_file, returns
from server.subsidies.batch import APPROVED, CLOSED, LOCKED, OPEN, RECONCILED, SENT_TO_BANK
from server.subsidies.batch_rows import By, value
from server.subsidies.batches import Asked
from server.subsidies.preparing import Wanted, preview
from server.subsidies.returns import ReturnFile
from server.subsidies.tables import BatchRow
from server.subsidies.vocabulary import ONCE
from server.web.figures import CHINA

RETURNED_N: Final = 4
# State → the step that leads on from it, and whose it is.
NEXT: Final[Mapping[str, tuple[str, str]]] = {
    OPEN: ("payment_batch.lock", "jingban"),
    LOCKED: ("payment_batch.approve", "shenpi"),
    APPROVED: ("payment_batch.send", "jingban"),
    SENT_TO_BANK: ("payment_batch.reconcile", "duizhang"),
    RECONCILED: ("payment_batch.close", "shenpi"),
}
ORDER: Final = (OPEN, LOCKED, APPROVED, SENT_TO_BANK, RECONCILED, CLOSED)


@dataclass(frozen=True)
class Planned:
    """A batch of the story: what it pays, and how far it has come."""

    title: str
    season: str
    until: str


BATCHES: Final = (
    Planned("模拟：建设类补贴", ONCE, CLOSED),
    Planned("模拟：2020—2021年采暖季运行补贴", "2020-2021", SENT_TO_BANK),
    Planned("模拟：2021—2022年采暖季运行补贴", "2021-2022", LOCKED),
)


def pay(office: Office, planned: Planned) -> None:
    """Brings one batch as far as its story goes."""
    id = _prepared(office, planned)
    if id is None:
        return
    while (state := _state(office, id)) in ORDER and ORDER.index(state) < ORDER.index(planned.until):
        if state == SENT_TO_BANK:
            _answered(office, id)
        _step(office, id)
    if planned.until == SENT_TO_BANK:
        _answer_laid(office, id)


def _prepared(office: Office, planned: Planned) -> str | None:
    """The batch's id; None where nobody has anything to be paid for."""
    with write(office.app.state.engine) as session:
        row = session.exec(
            select(BatchRow).where(BatchRow.county == office.county, BatchRow.title == planned.title)
        ).first()
        if row is not None:
            return row.id
        today = office.now.astimezone(CHINA).date()
        wanted = Wanted(office.showcase.township, today, season=planned.season)
        found = preview(session, wanted, office.people["jingban"])
        if not found.items:
            return None
        asked = Asked(wanted, len(found.items), found.total_fen, title=planned.title)
        return batches.prepare(session, asked, _by(office, "jingban")).id


def _state(office: Office, id: str) -> str:
    with read(office.app.state.engine) as session:
        return session.get_one(BatchRow, (office.county, id)).state


def _step(office: Office, id: str) -> None:
    with write(office.app.state.engine) as session:
        row = session.get_one(BatchRow, (office.county, id))
        verb, login = NEXT[row.state]
        seen = value(session, row).digest
        batches.step(session, office.county, id, verb, _by(office, login, row.revision), seen=seen)


def _by(office: Office, login: str, revision: int = 0) -> By:
    def tell(session: Session, county: str, households: object, now: object) -> None:
        office.app.state.subsidies.tell(session, county, households, now)

    return By(office.people[login], office.now, office.app.state.new_id, revision, tell)


# ---- the bank


def _answers(office: Office, session: Session, id: str) -> list[bank.Answer]:
    on = office.now.astimezone(CHINA).date()
    return bank.answers(books.payments(session, office.county, batch=id), on, RETURNED_N)


def _answered(office: Office, id: str) -> None:
    """The bank's answer taken in whole, by whoever reconciles."""
    with write(office.app.state.engine) as session:
        row = session.get_one(BatchRow, (office.county, id))
        data = bank.workbook(f"模拟数据 回盘 第 {row.number} 批", _answers(office, session, id))
        found = return_file.read("", data)
        assert not found.faults
        file = ReturnFile(
            f"回盘-第{row.number}批.xlsx",
            data,
            found.rows,
            stated_n=found.stated_n,
            stated_fen=found.stated_fen,
        )
        returns.take_in(session, office.county, id, file, _by(office, "duizhang", row.revision))


def _answer_laid(office: Office, id: str) -> None:
    """The bank's answer to the batch that waits for it, with two lines that match nothing, in both formats; and what
    the bank sends when it is asked about the one that is off.
    """
    with read(office.app.state.engine) as session:
        number = session.get_one(BatchRow, (office.county, id)).number
        clean = _answers(office, session, id)
    faulty = bank.with_faults(clean)
    asked = [answer for answer in clean if answer not in faulty]
    title = f"模拟数据 {bank.BANK} 回盘 第 {number} 批"
    lay(office.folder / f"回盘-第{number}批.xlsx", bank.workbook(title, faulty))
    lay(office.folder / f"回盘-第{number}批.csv", bank.sheet(title, faulty))
    lay(office.folder / f"回盘-第{number}批-更正.xlsx", bank.workbook(f"{title} 更正", asked))
