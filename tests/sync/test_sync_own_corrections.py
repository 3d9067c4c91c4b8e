"""A correction of what came again after a restore, on the tablet that made all of it: nobody is a stranger."""

from sync.codec import derived_id

H = derived_id("house")


def test_after_a_restore_a_correction_meets_no_stranger_in_its_own_tablet(county, tablet):
    one, two = tablet("one"), tablet("two")
    empty = county.copy()
    one.record(H, {"device": "1", "fuel": "a"})
    one.sync()
    one.record(H, {"fuel": "b"})
    one.sync()
    two.sync()
    two.record(H, {"fuel": "a"})  # set back by somebody whose tablet never calls again
    two.sync()
    one.sync()
    last = one.record(H, {"device": "2"})
    one.sync()
    county.restore(empty)
    one.sync([])
    one.sync()
    assert (
        county.state(H).values()["fuel"] == "b"
    )  # its own second record; the third only carried on what it saw
    again = one.record(H, {"device": "3"}, corrects=last)
    one.sync()
    assert one.verdict(again).outcome != "conflict"
    assert county.state(H).values()["device"] == "3"
