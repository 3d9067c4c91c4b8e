"""A season's records on one tablet: what a record costs does not grow with how many there are."""

from __future__ import annotations

from typing import Any

from sync.codec import derived_id


def steps_a_record(surveyor: Any, village: str, n: int) -> float:
    """What SQLite does, in steps of its machine, for each of ``n`` homes of a village that are registered and sent."""
    one = surveyor(village, village)
    for at in range(n):
        one.records(derived_id(village, str(at)), {"head_name": "王"}, village=village)
    hundreds = [0]

    def count() -> int:
        hundreds[0] += 1
        return 0

    one.replica.db.conn.set_progress_handler(count, 100)
    account = one.syncs()
    one.replica.db.conn.set_progress_handler(None, 0)
    assert (account.problem, account.applied_n) == (None, n)
    return hundreds[0] / n


def test_a_contact_costs_the_same_for_each_record(surveyor: Any) -> None:
    few, many = steps_a_record(surveyor, "140525100001", 200), steps_a_record(surveyor, "140525100002", 800)
    assert many < 1.6 * few
