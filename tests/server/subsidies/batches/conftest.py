"""An office with money to pay: homes with decided lines and payees, and the people whose duties are apart."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from server import database
from server.access.people import grant
from server.access.tables import Person
from server.registry.tables import Division, Household
from server.subsidies import batches, books, ledger, lines, returns, settling
from server.subsidies.batch_rows import By, value
from server.subsidies.batches import Asked
from server.subsidies.entitlement import Line
from server.subsidies.ledger import About
from server.subsidies.ledger_checks import verify
from server.subsidies.payments import Payment
from server.subsidies.preparing import Preview, Wanted, preview
from server.subsidies.reconcile import Row, Said
from server.subsidies.returns import ReturnFile, TakenIn
from server.subsidies.schedule import Ref
from server.subsidies.tables import BatchRow, EntitlementRow, PayeeRow, ReturnRowRow

COUNTY = "140525"
FIRST, SECOND, THIRD = "140525100201", "140525100202", "140525200201"
CLERK, SECOND_CLERK, CHIEF, CHECKER, SURVEYOR, OFFICIAL = (
    "p-clerk", "p-second", "p-chief", "p-checker", "p-surveyor", "p-official",
)  # fmt: skip
ROLE_OF = {
    CLERK: "finance_preparer", SECOND_CLERK: "finance_preparer", CHECKER: "finance_preparer",
    CHIEF: "finance_approver", OFFICIAL: "township_official",
}  # fmt: skip
FEN = 240_000
SEASON = "2020-2021"
# The way of a batch, and somebody who may take each step of it.
ONWARD = {
    "payment_batch.lock": CLERK, "payment_batch.approve": CHIEF, "payment_batch.send": SECOND_CLERK,
    "payment_batch.reconcile": CHECKER, "payment_batch.close": CHIEF,
}  # fmt: skip


@dataclass
class Office:
    """Writes what other rooms would have written, and does what clerks do."""

    engine: Engine
    now: datetime = datetime(2020, 12, 1, 2, tzinfo=UTC)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    # Ids in a row where a run must be replayed; otherwise as the application makes them.
    ids: Iterator[int] | None = None

    @property
    def today(self) -> date:
        return self.now.date()

    def new_id(self) -> str:
        return str(uuid.uuid4() if self.ids is None else uuid.UUID(int=next(self.ids) << 64))

    def by(self, person: str, revision: int = 0) -> By:
        self.now += timedelta(seconds=1)
        return By(person, self.now, self.new_id, revision)

    # ---- what others wrote

    def homes(
        self, n: int, village: str = FIRST, *, payee: bool = True, fen: int = FEN, due_on: date = date(2020, 11, 1),
        component: str = "operating", season: str = SEASON,
    ) -> list[str]:  # fmt: skip
        """Homes with one decided line each; answers their ids."""
        made = [self.new_id() for _ in range(n)]
        with database.write(self.engine) as session:
            for home in made:
                number = next(self.numbers)
                session.add(
                    Household(
                        county=COUNTY, id=home, village=village, version=1, head_name=f"张{number}", extra={},
                        door_number=f"{number}号", updated_at=self.now,
                    )
                )  # fmt: skip
                if payee:
                    session.add(self._payee(home, 1, f"622848{number:013}"))
            self._decide(session, made, village, fen, due_on, component, season)
        return made

    def decide(
        self, home: str, fen: int, *, village: str = FIRST, component: str = "operating", season: str = SEASON,
        due_on: date = date(2020, 11, 1),
    ) -> str:  # fmt: skip
        """A further decision for a home; answers its id."""
        with database.write(self.engine) as session:
            return self._decide(session, [home], village, fen, due_on, component, season)[0]

    def correct(self, home: str, fen: int, village: str = FIRST) -> str:
        """A correction of a home's first decision by a signed amount."""
        with database.write(self.engine) as session:
            first = session.exec(select(EntitlementRow).where(EntitlementRow.household == home)).first()
            assert first is not None
            line = replace(
                lines.from_json(first.line), amount_fen=fen, outcome="correction", shares_fen=shares(fen)
            )
            made = entitlement(self.new_id(), next(self.numbers), line, corrects=first.id, now=self.now)
            session.add(made)
            entry = ledger.correction(About(self.new_id(), COUNTY, self.today, made.id), line.shares_fen)
            books.post(session, COUNTY, [entry], village_of={made.id: village}, person="", now=self.now)
            return made.id

    def _decide(
        self, session: Session, homes: Iterable[str], village: str, fen: int, due_on: date, component: str,
        season: str,
    ) -> list[str]:  # fmt: skip
        rows = [
            entitlement(
                self.new_id(), next(self.numbers),
                Line(
                    COUNTY, village, home, "c", component, season, fen, shares(fen), due_on, "granted",
                    Ref("s", "1", "0" * 64, example=False), ("rule",),
                    {"accepted_on": "2020-10-01", "acceptance": "验字1号"}, {"zh": "因为", "en": "because"},
                ),
                now=self.now,
            )
            for home in homes
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        made = [
            ledger.obligation(About(self.new_id(), COUNTY, self.today, row.id), row.shares) for row in rows
        ]
        books.post(
            session, COUNTY, made, village_of=dict.fromkeys((row.id for row in rows), village), person="",
            now=self.now,
        )  # fmt: skip
        return [row.id for row in rows]

    def _payee(self, home: str, number: int, account: str, state: str = "in_force") -> PayeeRow:
        return PayeeRow(
            county=COUNTY, household=home, number=number, holder="张三", account=account, bank="农业银行",
            relation="self", state=state, source="office", source_ref="", stated_at=self.now,
            stated_by=OFFICIAL, reason="",
        )  # fmt: skip

    def payee(self, home: str, account: str, state: str = "in_force") -> None:
        """Another payee for a home, stated now."""
        self.now += timedelta(minutes=1)
        with database.write(self.engine) as session:
            known = list(session.exec(select(PayeeRow).where(PayeeRow.household == home)))
            if state == "in_force":
                for row in known:
                    row.state = "replaced"
            session.flush()
            session.add(self._payee(home, len(known) + 1, account, state))

    # ---- what clerks do

    def preview(self, person: str = CLERK, **wanted: object) -> Preview:
        with database.read(self.engine) as session:
            return preview(session, self.wanted(**wanted), person)

    def wanted(self, **wanted: Any) -> Wanted:
        return Wanted(**{"area": COUNTY, "until": self.today, **wanted})

    def prepare(
        self, person: str = CLERK, *, into: str = "", seen: tuple[int, int] | None = None, title: str = "十二月",
        **wanted: object,
    ) -> str:  # fmt: skip
        """Previews and prepares; answers the batch's id."""
        found = self.preview(person, **wanted)
        n, fen = seen or (len(found.items), found.total_fen)
        revision = self.batch(into).revision if into else 0
        with database.write(self.engine) as session:
            asked = Asked(self.wanted(**wanted), n, fen, title, into)
            return batches.prepare(session, asked, self.by(person, revision)).id

    def step(self, id: str, verb: str, person: str, *, reason: str = "", revision: int | None = None) -> None:
        """One step by somebody who looks at the batch as it is."""
        seen = self.batch(id)
        with database.read(self.engine) as session:
            digest = value(session, seen).digest
        with database.write(self.engine) as session:
            by = self.by(person, seen.revision if revision is None else revision)
            batches.step(session, COUNTY, id, f"payment_batch.{verb}", by, reason=reason, seen=digest)

    def take_out(self, id: str, payments: Iterable[str] | None, person: str = CLERK) -> int:
        with database.write(self.engine) as session:
            by = self.by(person, self.batch(id).revision)
            chosen = None if payments is None else list(payments)
            return batches.take_out(session, COUNTY, id, chosen, by)

    def sent(self, **wanted: object) -> str:
        """A batch that is at the bank."""
        id = self.prepare(**wanted)
        self.step(id, "lock", CLERK)
        self.step(id, "approve", CHIEF)
        self.step(id, "send", SECOND_CLERK)
        return id

    def take_in(
        self, id: str, rows: Iterable[Said], person: str = SECOND_CLERK, name: str = "回盘.csv"
    ) -> TakenIn:
        """A return file with these rows; the same rows are the same file."""
        made = tuple(Row(number, said) for number, said in enumerate(rows, start=2))
        file = ReturnFile(name, repr(made).encode(), made)
        with database.write(self.engine) as session:
            return returns.take_in(session, COUNTY, id, file, self.by(person))

    def settle(
        self,
        id: str,
        places: list[tuple[str, int]],
        how: str,
        person: str = CHECKER,
        reason: str = "银行来电",
    ) -> int:
        with database.write(self.engine) as session:
            return settling.settle(session, COUNTY, id, places, how=how, reason=reason, by=self.by(person))

    def correct_answer(
        self, payment: str, outcome: str, person: str = CHECKER, reason: str = "银行函件"
    ) -> None:
        with database.write(self.engine) as session:
            settling.correct(session, COUNTY, payment, outcome, reason=reason, by=self.by(person))

    # ---- what is there

    def batch(self, id: str) -> BatchRow:
        with database.read(self.engine) as session:
            return session.get_one(BatchRow, (COUNTY, id))

    def payments(self, batch: str | None = None) -> tuple[Payment, ...]:
        with database.read(self.engine) as session:
            return books.payments(session, COUNTY, batch=batch)

    def waiting(self, batch: str) -> list[ReturnRowRow]:
        with database.read(self.engine) as session:
            return list(
                session.exec(
                    select(ReturnRowRow)
                    .where(ReturnRowRow.batch == batch, ReturnRowRow.fate == "waiting")
                    .order_by(ReturnRowRow.number)
                )
            )

    def check(self) -> None:
        """The books hold, to the last check of `verify`."""
        with database.read(self.engine) as session:
            assert verify(books.load(session, COUNTY)) == []


def shares(fen: int) -> dict[str, int]:
    half = abs(fen) // 2
    sign = 1 if fen >= 0 else -1
    return {"city": sign * (abs(fen) - half), "county": sign * half}


def entitlement(id: str, number: int, line: Line, *, now: datetime, corrects: str = "") -> EntitlementRow:
    return EntitlementRow(
        county=COUNTY, id=id, number=number, village=line.village, household=line.household,
        conversion=line.conversion, component=line.component, season=line.season, amount_fen=line.amount_fen,
        shares=dict(line.shares_fen), due_on=line.due_on, outcome=line.outcome, schedule_id="s",
        schedule_version="1", schedule_sha256="0" * 64, line=lines.to_json(line), home={}, corrects=corrects,
        spent=[], surveyed_by=[SURVEYOR], accepted_by=[OFFICIAL], decided_at=now, decided_by=CLERK,
        decided_reason="",
    )  # fmt: skip


def people(session: Session, now: datetime) -> None:
    """Whoever has a duty here, under the id that says so."""
    names = ["李经办", "王经办", "赵局长", "钱对账", "孙调查", "周乡镇"]
    for identity, name in zip((CLERK, SECOND_CLERK, CHIEF, CHECKER, SURVEYOR, OFFICIAL), names, strict=True):
        session.add(Person(id=identity, login=identity, name=name, made_at=now))
        session.flush()
        if identity in ROLE_OF:
            grant(session, identity, ROLE_OF[identity], COUNTY, now=now)


def divisions(session: Session) -> None:
    codes = {"140525000000": ("泽州县", "county", ""), "140525100000": ("一号镇", "township", "140525000000")}
    codes["140525200000"] = ("二号镇", "township", "140525000000")
    codes |= {code: (f"{code[-3:]}村", "village", f"{code[:9]}000") for code in (FIRST, SECOND, THIRD)}
    for code, (name, level, parent) in codes.items():
        if session.get(Division, code) is None:
            session.add(Division(code=code, name=name, level=level, parent=parent, edition="2016"))


@pytest.fixture
def office_of() -> Callable[..., Office]:
    """The office over a database: `office_of(engine)`."""

    def make(engine: Engine, **others: Any) -> Office:
        made = Office(engine, **others)
        with database.write(engine) as session:
            people(session, made.now)
            divisions(session)
        return made

    return make


@pytest.fixture
def office(engine: Engine, office_of: Callable[..., Office]) -> Office:
    """The office, on SQLite and on PostgreSQL."""
    return office_of(engine)


@pytest.fixture
def small_office(sqlite_engine: Engine, office_of: Callable[..., Office]) -> Office:
    """The office on SQLite, for tests in which the kind of database decides nothing."""
    return office_of(sqlite_engine)


@pytest.fixture
def said() -> Callable[..., Said]:
    """What a bank says of a payment: `said(payment, "credited")`."""

    def make(payment: Payment, outcome: str = "credited", **others: Any) -> Said:
        row = Said(
            payment.id, payment.payee.account, payment.amount_fen, outcome,
            "户名不符" if outcome == "returned" else "", date(2020, 12, 1),
        )  # fmt: skip
        return row._replace(**others)

    return make
