"""Two people at one batch over PostgreSQL, where a page looks a batch up before it holds it."""

import pytest

from server import database
from server.subsidies import batches
from server.subsidies.batch_rows import StepRefused, value
from server.subsidies.tables import BatchRow

COUNTY, CLERK, SECOND_CLERK, CHIEF = "140525", "p-clerk", "p-second", "p-chief"


@pytest.fixture
def two_at_once(postgres_engine, office_of):
    return office_of(postgres_engine)


def test_what_was_rejected_meanwhile_does_not_go_to_the_bank(two_at_once) -> None:
    office = two_at_once
    office.homes(2)
    id = office.prepare()
    office.step(id, "lock", CLERK)
    office.step(id, "approve", CHIEF)
    with database.write(office.engine) as session:
        # As a page does, to ask whether the person may; the other one is quicker from here on.
        row = session.get_one(BatchRow, (COUNTY, id))
        seen, by = value(session, row).digest, office.by(SECOND_CLERK, row.revision)
        office.step(id, "reject", CHIEF, reason="名单要重核")
        with pytest.raises(StepRefused) as refusal:
            batches.step(session, COUNTY, id, "payment_batch.send", by, seen=seen)
    assert [reason.code for reason in refusal.value.reasons] == ["changed"]
    assert office.batch(id).state == "open"
    assert {each.state for each in office.payments(id)} == {"planned"}
    office.check()
