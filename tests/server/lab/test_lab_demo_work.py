"""What the demo's tablets are given to do: neighbours disagree, and nobody waits for a home it never gets."""

from collections import Counter
from random import Random

import pytest

from server.access.places import Place
from server.lab.county import synthetic_county
from server.lab.demo import shared_out, with_disagreements
from server.lab.prepared import held, shares
from survey_forms.likeness import Home, compare


@pytest.mark.parametrize("households", [60, 400, 3000])
def test_each_tablet_holds_every_home_it_is_sent_to(households) -> None:
    villages = [
        Place(f"1405251{n // 30:02d}{n:03d}", f"模拟村{n}", "模拟镇", "fringe" if n % 7 == 0 else "rural")
        for n in range(90)
    ]
    all_shares = shares(villages)
    homes = list(synthetic_county(Random(7), households, villages))
    per_tablet = shared_out(homes, [{place.code for place in share} for share in all_shares])
    todo = with_disagreements(per_tablet, [share[0].code for share in all_shares])
    for number, tasks in enumerate(todo):
        assert {task.home.village for task in tasks} <= {place.code for place in held(all_shares, number)}
    met = Counter((task.home.village, task.home.number) for tasks in todo for task in tasks[:2])
    if households == 3000:
        assert 2 in met.values(), "no two tablets call on the same home"
        registered = [task for tasks in todo for task in tasks if task.new]
        assert len(registered) == 2, "no two tablets register one home"
        one, other = (
            Home(str(each.home.number), each.home.village, each.home.house.head_name, each.home.house.id_number,
                 each.home.house.door_number)
            for each in registered
        )  # fmt: skip
        found = compare(one, other)
        assert found is not None and found.grade == "certain"
