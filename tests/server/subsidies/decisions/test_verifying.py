"""`cleanheat verify`: whole books hold, and whatever is bent afterwards is found by the check that names it."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.engine import Engine

import server.database as database
from server.database import read, write
from server.exchange import history
from server.registry.acceptance_tables import Acceptance
from server.registry.tables import Conversion
from server.subsidies import ledger_checks, verify, verify_report
from server.subsidies.schedule import bundled
from server.subsidies.tables import BatchActRow, EntitlementRow, EntryRow, PaymentRow, PostingRow, ScheduleRow

COUNTY = "140427"


@pytest.fixture
def busy(small_office):
    """Two homes decided, one corrected after a withdrawal and an acceptance of another day."""
    office = small_office
    office.accepted_home("h1")
    office.accepted_home("h2")
    office.decide()
    office.withdraw("c-h2")
    office.now = datetime(2019, 2, 1, tzinfo=UTC)
    office.decide("correction")
    office.change(Conversion, "c-h2", connected_on=date(2019, 1, 5))
    office.accept("c-h2", on="2019-01-20")
    office.now = datetime(2019, 11, 20, tzinfo=UTC)
    office.decide("correction")
    office.decide()
    return office


def report(office) -> verify.Report:
    with read(office.engine) as session:
        return verify.verify(session, COUNTY, office.now)


def found(office) -> set[str]:
    return {each.check for each in report(office).findings}


def test_every_check_has_its_name() -> None:
    assert set(ledger_checks.names()) <= set(verify.TITLES)


def test_what_was_decided_by_the_rules_holds(busy) -> None:
    result = report(busy)
    assert result.findings == ()
    assert (result.decisions_n, result.payments_n) == (len(busy.decided()), 0)
    assert result.totals.obligated_fen == sum(row.amount_fen for row in busy.decided())
    told = verify_report.document(result)
    assert told["holds"] is True and told["checks"]["decisions_replayed"] == 0


def test_a_withdrawn_acceptance_leads_to_a_proposal_and_is_no_finding(busy) -> None:
    busy.withdraw("c-h1")
    assert found(busy) == set()


def test_an_acceptance_that_was_taken_out_by_hand_still_has_its_proposal(busy) -> None:
    with write(busy.engine) as session:
        for row in session.query(Acceptance).filter(Acceptance.conversion == "c-h1"):
            session.delete(row)
    assert found(busy) == set()
    assert [row.amount_fen for row in busy.queue("correction")] == []
    # The queue was not told: it is marked by acts, and this was none. The check works it out for itself.


@pytest.mark.parametrize(
    ("row", "values", "checks"),
    [
        (EntitlementRow, {"amount_fen": 1}, {"rows_agree"}),
        (EntitlementRow, {"village": "140427999999"}, {"rows_agree"}),
        (EntitlementRow, {"number": 77}, {"rows_agree"}),
        (EntitlementRow, {"home": {}}, {"decisions_replayed"}),
        (EntitlementRow, {"schedule_sha256": "0" * 64}, {"schedules_kept", "rows_agree"}),
        (EntitlementRow, {"decided_by": "official"}, {"persons_apart"}),
        (EntitlementRow, {"accepted_by": []}, {"persons_apart"}),
        (ScheduleRow, {"sha256": "0" * 64}, {"schedules_kept", "decisions_replayed"}),
        (EntryRow, {"number": 99}, {"rows_agree"}),
        (PostingRow, {"amount_fen": 1}, {"balanced"}),
    ],
)
def test_whatever_is_bent_is_found(busy, row, values, checks) -> None:
    with write(busy.engine) as session:
        target = update(row)
        if row is EntitlementRow:
            target = target.where(EntitlementRow.number == 1)
        elif row in (EntryRow, PostingRow):
            target = target.where(row.number == (1 if row is EntryRow else 2))
        session.execute(target.values(**values))
    assert checks <= found(busy)


def test_a_decision_bent_with_its_line_does_not_come_out_of_its_facts(busy) -> None:
    """Somebody who changes every column alike is found by the facts."""
    first = busy.decided()[0]
    line = first.line | {"amount_fen": 900_000, "shares_fen": {"unstated": 900_000}}
    with write(busy.engine) as session:
        session.execute(
            update(EntitlementRow)
            .where(EntitlementRow.id == first.id)
            .values(line=line, amount_fen=900_000, shares={"unstated": 900_000})
        )
        entry = session.query(EntryRow).filter(EntryRow.entitlement == first.id).one()
        postings = session.query(PostingRow).filter(PostingRow.entry == entry.id)
        for posting in postings:
            posting.amount_fen = 900_000 if posting.amount_fen > 0 else -900_000
    (finding,) = [each for each in report(busy).findings if each.check == "decisions_replayed"]
    assert finding.message == "按当时的事实和标准重算为 5,000.00 元，记录为 9,000.00 元。"


def test_payments_rest_on_decisions_and_on_different_people(busy) -> None:
    first = busy.decided()[0]
    with write(busy.engine) as session:
        session.add(
            PaymentRow(
                county=COUNTY, id="P1", batch="B1", village="140427999999", household="h1", entitlement=first.id,
                settles=[first.id], amount_fen=500_000, shares={"unstated": 500_000}, holder="户主", account="6228",
                bank="农行", relation="本人", state="planned", surveyed_by=["x"], accepted_by=["x"], reason="",
                sent_on=None, booked_on=None,
            )
        )  # fmt: skip
        for number, verb in enumerate(("payment_batch.prepare", "payment_batch.approve"), start=1):
            session.add(
                BatchActRow(
                    county=COUNTY,
                    batch="B1",
                    number=number,
                    verb=verb,
                    person="p",
                    at=busy.now,
                    reason="",
                    digest="",
                )
            )
    said = [each.message for each in report(busy).findings]
    assert sorted(said) == [
        "付款的村与核定时的村不同。", "付款的登记人和验收人有同一个人。", "批次的编制人和审批人是同一个人。",
    ]  # fmt: skip


def _begun(folder: Path) -> Engine:
    """A county's database, as a server that runs in the folder begins it."""
    engine = database.engine(f"sqlite:///{folder / 'cleanheat.sqlite3'}")
    database.migrate(engine)
    with write(engine) as session:
        history.ensure(session, lambda: "begun")
    return engine


def test_the_command_says_so_and_ends_with_one_where_something_is_wrong(tmp_path, an_office) -> None:
    engine = _begun(tmp_path)
    office = an_office(engine)
    office.accepted_home("h1")
    office.decide()

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "CLEANHEAT_COUNTY": COUNTY, "COLUMNS": "160"}
        command = [
            sys.executable, "-m", "server.cli", "verify", "--only", "money", "--data", str(tmp_path), *more
        ]  # fmt: skip
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=120, check=False
        )

    done = run()
    assert done.returncode == 0, done.stderr
    assert "通过" in done.stdout and "应补 7,400.00 元" in done.stdout
    with write(engine) as session:
        session.execute(update(EntitlementRow).where(EntitlementRow.number == 1).values(amount_fen=1))
    told = run("--json")
    assert told.returncode == 1 and not told.stderr
    assert [each["check"] for each in json.loads(told.stdout)["findings"]] == ["rows_agree"]
    engine.dispose()


def test_the_command_releases_a_schedule_or_tells_every_fault(tmp_path) -> None:
    _begun(tmp_path).dispose()

    def run(name: str, text: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        environment = {**os.environ, "CLEANHEAT_COUNTY": COUNTY}
        command = [
            sys.executable,
            "-m",
            "server.cli",
            "schedule",
            "release",
            str(file),
            "--data",
            str(tmp_path),
        ]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=120, check=False
        )

    good = bundled()["changzhi-2018-1.json"].decode()
    assert "已发布补贴标准 changzhi-2018 第 1 版" in run("good.json", good).stdout
    told = run("bad.json", json.dumps(json.loads(good) | {"version": 2, "area": "x"}))
    assert told.returncode == 1 and "共 2 处问题" in told.stderr and "version" in told.stderr
