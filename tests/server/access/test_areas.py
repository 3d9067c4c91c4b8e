"""A township's official sees her township: lists, sheets, figures, files and the interface; outside, plain words."""

import io
import re

import pytest
from openpyxl import load_workbook

from server.access.people import grant
from server.database import write

NORTH, SOUTH = "140525100", "140525200"
INSIDE_AND_OUTSIDE = [
    "/coverage/{area}", "/coverage/{area}.xlsx", "/api/v1/coverage/{area}", "/households?area={area}",
    "/households.xlsx?area={area}", "/submissions?area={area}", "/submissions.xlsx?area={area}",
    "/conflicts?area={area}", "/tablets?area={area}", "/acceptance?area={area}", "/acceptance.xlsx?area={area}",
    "/zones?area={area}", "/zones.xlsx?area={area}", "/problems?area={area}", "/problems.xlsx?area={area}",
    "/sightings?area={area}",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE_AND_OUTSIDE)
def test_what_lies_outside_is_refused_and_says_whose_it_is(address: str, somebody) -> None:
    with somebody("township_official", NORTH) as client:
        assert client.get(address.format(area=NORTH)).status_code == 200
        for outside in (SOUTH, "140525", SOUTH + "201"):
            refused = client.get(address.format(area=outside))
            assert refused.status_code == 403, outside
            assert "不在您负责的区域内" in refused.text
            assert "您负责：1号镇" in refused.text


def test_without_an_area_a_list_is_her_own(running, tablet, enrol, somebody) -> None:
    south = enrol(running.app.state.engine, running.clock, *[SOUTH + "201"])
    mine = tablet.visit(NORTH + "201", new_head="北村人")
    theirs = south.visit(SOUTH + "201", new_head="南村人")
    tablet.sync(running.address, mine)
    south.sync(running.address, theirs)
    home = theirs.targets[0].id
    with somebody("township_official", NORTH) as client:
        assert client.get("/").headers["location"] == f"/coverage/{NORTH}"
        for page in ("/households", "/submissions", "/tablets"):
            text = client.get(page).text
            assert "南村人" not in text and theirs.id not in text and south.device not in text
        book = load_workbook(io.BytesIO(client.get("/submissions.xlsx").content))
        cells = {cell for row in book.active.iter_rows(values_only=True) for cell in row}
        assert mine.id in cells and theirs.id not in cells
        assert client.get(f"/submissions/140525/{mine.id}").status_code == 200
        for outside in (
            f"/submissions/140525/{theirs.id}",
            f"/households/140525/{home}",
            f"/tablets/{south.device}",
        ):
            assert client.get(outside).status_code == 403
        refused = client.get(f"/api/v1/coverage/{SOUTH}").json()
        assert (refused["error"], refused["message"]) == ("outside_area", "2号镇不在您负责的区域内。")
    with somebody("township_official", NORTH, "township_official", SOUTH) as client:
        assert client.get(f"/households/140525/{home}").status_code == 200
        assert "2号镇" in client.get("/households").text


def test_a_right_ends_with_its_role(running, somebody, official) -> None:
    with somebody("auditor", "140525", login="zhao") as client:
        assert client.get("/audit").status_code == 200
        with write(running.app.state.engine) as session:
            from sqlalchemy import update

            from server.access.tables import RoleAssignment

            session.connection().execute(
                update(RoleAssignment)
                .where(RoleAssignment.role == "auditor")
                .values(until_at=running.clock())
            )
        assert client.get("/audit").status_code == 403


def test_a_surveyor_with_a_login_is_told_where_to_work(running) -> None:
    from server.access.tables import Person

    with write(running.app.state.engine) as session:
        session.add(
            Person(
                id="s", login="s", name="调查员", made_at=running.clock(),
                password_hash=running.hashed("password"),
            )
        )  # fmt: skip
        session.flush()
        grant(session, "s", "surveyor", "140525", now=running.clock())
    with running.browser() as browser:
        told = running.sign_in(browser, "s", "password")
        assert told.status_code == 403
        assert "调查员请在平板上工作" in told.text
        assert browser.get("/coverage").headers["location"].startswith("/sign-in")


def test_the_navigation_offers_what_may_be_opened(somebody) -> None:
    with somebody("finance_preparer", "140525") as client:
        shown = set(re.findall(r'<a href="(/\w+)"', client.get("/account").text))
    assert {"/coverage", "/households", "/acceptance"} <= shown
    assert not {"/tablets", "/people", "/audit", "/submissions", "/problems"} & shown
