"""What changes after a decision: the decided line stays, a difference is proposed and decided with a reason."""

import json
from datetime import UTC, date, datetime

from sqlalchemy import insert

from server.database import read as opened
from server.database import table_of, write
from server.exchange.tables import EntityRow
from server.programme.document import read
from server.registry.tables import Conversion, Household
from server.subsidies import books, ledger, review, schedules
from server.subsidies.decisions import Outcome
from server.subsidies.ledger import About, totals
from server.subsidies.ledger_checks import verify
from server.subsidies.payments import excess
from server.subsidies.schedule import bundled
from server.subsidies.tables import PaymentRow
from server.subsidies.verify import verify as prove
from sync.documents import held_text, traces_text
from sync.facts import Held, PropertyState, Step, Trace

COUNTY = "140427"


def pay(office, entitlement: str, fen: int, shares: dict[str, int]) -> None:
    """The bank has credited it."""
    with write(office.engine) as session:
        session.add(
            PaymentRow(
                county=COUNTY, id=f"P{entitlement}", batch="B1", village="140427100201", household="h1",
                entitlement=entitlement, settles=[entitlement], amount_fen=fen, shares=shares, holder="户主",
                account="6228", bank="农行", relation="本人", state="credited", surveyed_by=["surveyor"],
                accepted_by=["official"], reason="", sent_on=None, booked_on=None,
            )
        )  # fmt: skip
        session.flush()
        made = [
            book(
                About(
                    f"{book.__name__}{entitlement}", COUNTY, date(2019, 1, 12), entitlement, f"P{entitlement}"
                ),
                shares,
            )
            for book in (ledger.payment_sent, ledger.credited)
        ]
        village_of = {entitlement: "140427100201"}
        books.post(session, COUNTY, made, village_of=village_of, person="p", now=office.now)


def test_a_conversion_corrected_after_payment_proposes_the_difference(office) -> None:
    office.accepted_home("h1")
    office.decide()
    construction, _ = office.decided()
    pay(office, construction.id, 500_000, {"unstated": 500_000})
    office.change(Conversion, "c-h1", connected_on=date(2019, 1, 5))
    once = next(row for row in office.queue("correction") if row.component == "construction")
    assert (once.before_fen, once.after_fen, once.amount_fen) == (500_000, 400_000, -100_000)
    assert ["connected_on", "2018-10-20", "2019-01-05"] in once.changes
    assert "由“2018-10-20”改为“2019-01-05”" in once.reason["zh"]
    assert office.decided()[0].model_dump() == construction.model_dump()

    assert office.decide("correction").lines_n == 2
    rows = office.decided()
    corrected = {row.corrects: row for row in rows[2:]}
    assert corrected.keys() == {rows[0].id, rows[1].id}
    found = corrected[construction.id]
    assert (found.amount_fen, found.outcome, found.decided_reason) == (-100_000, "correction", "按核实的情况")
    assert office.queue("correction") == []
    book = office.books()
    assert verify(book) == []
    assert totals(book.entries).obligated_fen == sum(row.amount_fen for row in rows)
    assert [each.amount_fen for each in excess(book.decided, book.payments)] == [100_000]


def test_a_withdrawn_acceptance_takes_all_back_and_a_new_one_gives_it_again(office) -> None:
    office.accepted_home("h1")
    office.decide()
    office.withdraw("c-h1")
    assert [row.amount_fen for row in office.queue("correction")] == [-240_000, -500_000]
    office.decide("correction")
    office.accept("c-h1")
    assert [row.amount_fen for row in office.queue("correction")] == [240_000, 500_000]
    assert office.queue() == []
    office.decide("correction")
    assert sum(row.amount_fen for row in office.decided()) == 740_000 and verify(office.books()) == []


def test_a_conversion_changed_after_acceptance_is_asked_about_before_new_money(office) -> None:
    office.accepted_home("h1")
    office.change(Conversion, "c-h1", kind="gas", version=2)
    props = {"kind": PropertyState("gas", 2, "s"), "connected_on": PropertyState("", 1, "s")}
    held = Held("conversion", "c-h1", "140427100201", 2, props)
    with write(office.engine) as session:
        session.execute(
            insert(table_of(EntityRow)),
            [
                {
                    "county": COUNTY, "dataset": "conversion", "id": "c-h1", "village": "140427100201", "version": 2,
                    "conflicts_n": 0, "updated_at": office.now, "held": held_text(held),
                }
            ],
        )  # fmt: skip
    assert office.queue() == []
    assert [(row.code, row.conversion) for row in office.queue("open")] == [("changed", "c-h1")]
    office.withdraw("c-h1")
    office.accept("c-h1")
    assert [row.outcome for row in office.queue()] == ["silent", "silent"]


def test_a_disputed_conversion_waits_for_its_conflict(small_office) -> None:
    small_office.accepted_home("h1")
    small_office.change(Conversion, "c-h1", conflicts_n=1)
    assert [row.code for row in small_office.queue("open")] == ["disputed"]
    assert small_office.queue() == [] and small_office.heads()["h1"].open_codes == "disputed"


def test_what_is_missing_is_asked_for_and_its_line_waits(small_office) -> None:
    office = small_office
    office.home("h1")
    office.conversion("c1", "h1")
    office.accept("c1")
    office.change(Conversion, "c1", connected_on=None)
    (asked,) = office.queue("open")
    assert asked.code == "no_day" and "接通日期" in asked.reason["zh"] and office.queue() == []


def test_a_record_from_a_tablet_marks_the_home_and_only_it(small_office) -> None:
    office = small_office
    office.accepted_home("h1")
    office.accepted_home("h2")
    assert not any(row.stale for row in office.heads().values())
    props = {"household": PropertyState("h1", 2, "s")}
    changed = [Held("conversion", "c-h1", "140427100201", 2, props), Held("coal_use", "x", "v", 1, {})]
    with write(office.engine) as session:
        review.watch(session, COUNTY, changed, office.now)
    assert office.refresh() == review.Progress(done=1, left=0)


def test_a_conversion_moved_to_another_home_asks_for_its_money_back(office) -> None:
    office.accepted_home("h1")
    office.home("h2")
    office.decide()
    with write(office.engine) as session:
        session.get_one(Conversion, (COUNTY, "c-h1")).household = "h2"
        session.flush()
        props = {"household": PropertyState("h2", 2, "s")}
        review.watch(session, COUNTY, [Held("conversion", "c-h1", "140427100201", 2, props)], office.now)
    assert [row.amount_fen for row in office.queue("correction")] == [-240_000, -500_000]
    assert {(row.household, row.amount_fen) for row in office.queue()} == {("h2", 240_000), ("h2", 500_000)}


def with_cap(office, amount: str) -> None:
    """The schedule's second version: a cap on what the county pays for construction in all."""
    document = read(bundled()["changzhi-2018-1.json"], lambda _: [])
    remark = {"zh": "全县建设补贴封顶", "en": "the most the county pays for construction"}
    cap = {"per": "total", "components": ["construction"], "amount": amount, "remark": remark}
    document |= {"version": "2", "replaces": "1", "caps": [cap]}
    with write(office.engine) as session:
        data = json.dumps(document).encode()
        schedules.release(session, county=COUNTY, document=data, person="p", now=office.now)


def test_a_cap_on_the_total_leaves_the_later_ones_the_rest_and_takes_nothing_back(office) -> None:
    with_cap(office, "8000.00")
    office.accepted_homes(4)
    assert office.decide("due", "h000") == Outcome(lines_n=2, homes_n=1, fen=740_000)
    # The queue knows at once that a whole grant is left for nobody.
    assert [row.amount_fen for row in office.queue() if row.component == "construction"] == [300_000] * 3
    first = office.decide()
    assert (first.lines_n, first.changed_n) == (2, 2)
    assert office.decide() == Outcome(lines_n=4, homes_n=2, fen=480_000)
    construction = [row.amount_fen for row in office.decided() if row.component == "construction"]
    assert construction == [500_000, 300_000, 0, 0] and sum(construction) == 800_000
    with write(office.engine) as session:
        review.mark(session, COUNTY, {f"h00{number}" for number in range(4)})
    assert office.queue("correction") == [] and office.queue() == []
    with opened(office.engine) as session:
        assert prove(session, COUNTY, office.now).findings == ()


def test_a_withdrawal_under_a_cap_is_replayed_with_what_others_had_then(office) -> None:
    with_cap(office, "8000.00")
    office.accepted_homes(2)
    office.decide("due", "h000")
    office.decide("due", "h001")
    office.withdraw("c-h000")
    assert [row.amount_fen for row in office.queue("correction")] == [-240_000, -500_000]
    office.decide("correction")
    office.accept("c-h000")
    office.decide("correction")
    with opened(office.engine) as session:
        assert prove(session, COUNTY, office.now).findings == ()
    assert [row.amount_fen for row in office.decided() if row.component == "construction"] == [
        500_000, 300_000, -500_000, 500_000,
    ]  # fmt: skip


def test_a_schedule_replaced_proposes_what_it_changes(office) -> None:
    office.accepted_home("h1")
    office.decide()
    document = read(bundled()["changzhi-2018-1.json"], lambda _: [])
    document |= {"version": "2", "replaces": "1"}
    document["operating"]["rates"][0]["amounts"]["2018"] = "2600.00"
    with write(office.engine) as session:
        data = json.dumps(document).encode()
        schedules.release(session, county=COUNTY, document=data, person="p", now=office.now)
    (proposed,) = office.queue("correction")
    assert (proposed.amount_fen, proposed.schedule) == (20_000, "changzhi-2018@2")
    assert ["schedule", "changzhi-2018@1", "changzhi-2018@2"] in proposed.changes


def test_a_home_not_heated_in_a_season_by_the_journal(small_office) -> None:
    """No rule of 长治市 reads it; the facts are kept with the decision all the same."""
    office = small_office
    office.accepted_home("h1")
    steps = {"heating_status": "not_heated", "not_heated_reason": "empty"}
    trace = Trace({n: Step(v, None, "applied", 1) for n, v in steps.items()}, {}, (), 0, None, 1)
    traces = traces_text({"household/h1": trace})
    with write(office.engine) as session:
        office.record(session, "household", "h1", observed="2018-12-01", traces=traces)
    office.change(Household, "h1", heating_status="not_heated", not_heated_reason="empty")
    office.decide()
    assert office.decided()[0].home["not_heated"] == [{"value": "empty", "since": "2018-12-01"}]


def test_the_queue_is_made_anew_by_parts(small_office) -> None:
    office = small_office
    office.accepted_homes(260)
    assert office.refresh(homes_max=1) == review.Progress(done=250, left=10)
    assert office.refresh() == review.Progress(done=10, left=0)
    assert office.refresh() == review.Progress(done=0, left=0)


def test_a_season_fallen_due_makes_the_queue_stale_once(small_office) -> None:
    small_office.accepted_home("h1")
    small_office.refresh()
    small_office.now = datetime(2019, 11, 14, 15, 59, tzinfo=UTC)
    assert small_office.refresh().done == 0
    small_office.now = datetime(2019, 11, 14, 16, 1, tzinfo=UTC)
    assert small_office.refresh().done == 1 and small_office.refresh().done == 0


def test_a_correction_is_decided_by_somebody_who_saw_it(small_office) -> None:
    office = small_office
    office.accepted_home("h1")
    office.decide()
    office.change(Conversion, "c-h1", kind="gas")
    seen = office.picks("correction")
    office.change(Conversion, "c-h1", kind="electric", connected_on=date(2019, 1, 5))
    assert office.decide("correction", picks=seen) == Outcome(changed_n=1)
