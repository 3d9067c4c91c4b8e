"""What tablets are told of a zone: in every village it stands or stood in, with the homes it leaves out."""

from datetime import date

from server import database
from server.zones import actions, tablets
from sync.codec import derived_id

COUNTY = "140525"
FIRST, SECOND = "140525100201", "140525100202"


def told(place, zone: str) -> dict[str, dict[str, str]]:
    with database.read(place.engine) as session:
        states = tablets.states(session, COUNTY, zone, place.now)
    assert [identity for _, identity, _, _ in states] == [
        derived_id("zone", zone, village) for _, _, village, _ in states
    ]
    return {village: props for _, _, village, props in states}


def test_every_village_is_told_the_zone_and_which_homes_it_leaves_out(place) -> None:
    out, other = place.home(FIRST), place.home(SECOND)
    version = place.propose(FIRST, SECOND)
    with database.write(place.engine) as session:
        actions.leave_out(
            session, county=COUNTY, zone=version.zone, households=[out], reason="mountain", note="", person="p-clerk",
            now=place.now,
        )  # fmt: skip
    assert {village: props["status"] for village, props in told(place, version.zone).items()} == {
        FIRST: "proposed", SECOND: "proposed",
    }  # fmt: skip
    place.designate(version.zone, in_force_on=date(2020, 12, 20))
    first, second = told(place, version.zone)[FIRST], told(place, version.zone)[SECOND]
    assert (first["status"], first["in_force_on"]) == ("designated", "2020-12-20")
    assert (first["left_out"], first["left_out_n"]) == (out, "1")
    assert (second["left_out"], second["left_out_n"]) == ("", "0")
    assert other not in first["left_out"]
    place.forward(days=11)
    assert told(place, version.zone)[FIRST]["status"] == "in_force"
    assert "在用的燃煤炉具一律违规" in first["rule"]
