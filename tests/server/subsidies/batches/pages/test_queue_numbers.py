"""What waits on the first page of money is what its list holds, of the county and of a township."""

import html
import io
import re

import pytest
from openpyxl import load_workbook

CLERK, CHIEF = "p-clerk", "p-chief"
FIRST, THIRD = "140525100201", "140525200201"


def queues(page: str) -> dict[str, int]:
    """Address of a list → the number that opens it."""
    found = re.findall(r'<dd><a href="([^"]+)" data-n="(\d+)">', page)
    return {html.unescape(address): int(n) for address, n in found}


def rows(page: str, room: str) -> set[str]:
    return set(re.findall(rf'<th scope="row" class="place"><a href="/finance/{room}/140525/([^"/]+)"', page))


@pytest.mark.parametrize("area", ["140525", "140525100", "140525200"])
def test_every_queue_of_homes_and_batches_opens_as_many(served, clerk, area: str) -> None:
    served.homes(2, FIRST, payee=False)
    served.homes(1, THIRD, payee=False)
    paid_back = served.homes(1, FIRST, payee=False)
    served.correct(paid_back[0], -240_000)
    for village in (FIRST, THIRD):
        served.homes(1, village)
        served.step(served.prepare(area=village, title=village), "lock", CLERK)
    served.homes(1, THIRD)
    served.prepare(area=THIRD, title="编制中")
    asked = queues(clerk(CHIEF).get(f"/finance?area={area}").text)
    missing = [address for address in asked if address.startswith("/finance/payees")]
    batches = [address for address in asked if address.startswith("/finance/batches")]
    assert (len(missing), len(batches)) == (1, 3)
    for address in missing:
        assert len(rows(clerk(CHIEF).get(address).text, "payees")) == asked[address] > 0, address
    for address in batches:
        page = clerk(CHIEF).get(address).text
        assert len(rows(page, "batches")) == asked[address], address
        sheet = html.unescape(re.search(r'href="(/finance/batches\.xlsx[^"]*)"', page)[1])
        book = load_workbook(io.BytesIO(clerk(CHIEF).get(sheet).content))
        listed = [row[0] for row in book.active.iter_rows(values_only=True) if isinstance(row[0], int)]
        assert len(listed) == asked[address], sheet
    assert asked[next(each for each in batches if "state=locked" in each)] == (2 if area == "140525" else 1)


def test_a_list_of_batches_is_held_to_an_area_one_may_look_at(served, clerk, somebody_of) -> None:
    somebody_of("p-surveyor", "township_official", "140525100")
    client = clerk("p-surveyor")
    assert client.get("/finance/batches?area=140525100201").status_code == 200
    for path in ("/finance/batches", "/finance/batches.xlsx"):
        assert client.get(f"{path}?area=140525200").status_code == 403
