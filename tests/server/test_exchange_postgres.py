"""The whole application over PostgreSQL: what SQLite forgives must hold there too."""

import uuid
from dataclasses import replace

import pytest

from server import database
from server.app import create_app, fill


@pytest.fixture
def settings(settings, new_postgres):
    """As every test's, over PostgreSQL."""
    return replace(settings, database_url=new_postgres())


def test_a_county_works_over_postgresql(settings, serving, enrol) -> None:
    app = create_app(settings)
    fill(app)
    with database.read(app.state.engine) as session:
        village = app.state.places.villages(session, "140525")[0].code
    tablet = enrol(app.state.engine, app.state.clock, village)
    address = serving(app)
    visits = [tablet.visit(village, new_head="𬍛三") for _ in range(5)]
    wrong = replace(visits[4], answers={**visits[4].answers, "visit_outcome": "?"})
    reply = tablet.sync(address, *visits[:4], wrong, held={village: None})
    assert [verdict.outcome for verdict in reply.verdicts] == ["applied"] * 4 + ["rejected"]
    assert len(reply.changes) == 4
    assert tablet.sync(address, *visits[:4], wrong, held=reply.cursors).verdicts == reply.verdicts


def test_every_page_opens_over_postgresql(running, official, tablet, enrol) -> None:
    village = "140525100201"
    visit = tablet.visit(village, new_head="张三")
    seen = tablet.sync(running.address, visit, held={village: None}).changes[0]
    other = enrol(running.app.state.engine, running.clock, village)
    home = {"household": seen.id, "base_version": 1, "base": seen.props}
    tablet.sync(running.address, tablet.visit(village, **home, remark="甲"))
    other.sync(running.address, other.visit(village, **home, remark="乙"))
    pages = (
        "/submissions",
        "/submissions?area=140525100&outcome=conflict",
        "/submissions.xlsx",
        f"/submissions/140525/{visit.id}",
        "/conflicts",
        "/tablets",
        f"/tablets/{tablet.device}",
        "/account",
        "/households",
        f"/households/140525/{seen.id}",
        "/divisions",
        "/coverage/140525",
    )
    assert {page: official.get(page).status_code for page in pages} == dict.fromkeys(pages, 200)


def test_names_too_long_for_a_column_are_no_failure(running, tablet) -> None:
    """PostgreSQL refuses what is longer than its column; nothing a tablet sends may meet such a bound."""
    long = replace(
        tablet.visit("140525100201"),
        person="长" * 100,
        form="a" * 64,
        form_version="1" * 32,
        id=str(uuid.uuid4()),
    )
    assert [n.code for n in tablet.sync(running.address, long).not_yet] == ["form_unknown"]
    rejected = replace(tablet.visit("140525200201"), person="长" * 100)
    assert tablet.sync(running.address, rejected).verdicts[0].code == "village_never_held"
