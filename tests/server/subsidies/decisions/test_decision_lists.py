"""The lists behind the pages, on both databases: a number and its list come from the same conditions."""

from server.database import read
from server.subsidies import decision_views as views
from server.subsidies.decision_views import DecisionFilter

COUNTY, ELSEWHERE = "140427", "140427200201"


def test_queue_sums_and_pages_agree(office) -> None:
    for number in range(7):
        office.accepted_home(f"h{number}", village=ELSEWHERE if number > 4 else "140427100201")
    office.refresh()
    with read(office.engine) as session:
        whole = DecisionFilter(COUNTY)
        assert views.sums(session, whole) == views.Sum(14, 7, 7 * 740_000)
        pages = [views.queue(session, whole, 7, number=number, size=3) for number in (1, 2, 3)]
        shown = [home for page in pages for home in page.rows]
        assert [home.name.id for home in shown] == [f"h{number}" for number in range(7)]
        assert sum(home.fen for home in shown) == 7 * 740_000
        assert [line.component for line in shown[0].lines] == ["construction", "operating"]
        assert views.queue(session, whole, 7, number=99, size=3).number == 3
        east = DecisionFilter(ELSEWHERE, component="operating", season="2018-2019")
        assert views.sums(session, east) == views.Sum(2, 2, 480_000)
        assert views.parts(session, whole, {"h0", "h1"})["construction"] == views.Sum(2, 2, 1_000_000)
        assert len(views.every_pick(session, east)) == 2
        assert [name.id for name, _ in views.every_line(session, east)] == ["h5", "h6"]
        assert views.seasons(session, COUNTY) == ["once", "2018-2019"]
        picked = [pick for home in shown for pick in views.picks_of(home.picked)]
        assert sorted(map(str, picked)) == sorted(map(str, views.every_pick(session, whole)))
        assert views.picks_of("h0 a/b") == [] and views.picks_of("") == []


def test_what_was_decided_is_listed_with_its_family(office) -> None:
    office.accepted_home("h1")
    office.decide()
    office.withdraw("c-h1")
    office.decide("correction")
    with read(office.engine) as session:
        wanted = DecisionFilter(COUNTY, views.DECIDED)
        page = views.decided(session, wanted, views.sums(session, wanted).lines_n, number=1, size=50)
        assert [line.row.number for line in page.rows] == [4, 3, 2, 1]
        assert views.sums(session, wanted) == views.Sum(4, 1, 0)
        assert views.counts(session, COUNTY)["decided"].lines_n == 4
        only = DecisionFilter(COUNTY, views.DECIDED, outcome="correction", household="h1")
        assert [line.row.number for line in views.every_decided(session, only)] == [4, 3]
        first = page.rows[-1].row
        found = views.decision_file(session, COUNTY, first.id)
        assert found is not None and [row.corrects for row in found.others] == [first.id]
        assert views.decision_file(session, COUNTY, "nothing") is None
