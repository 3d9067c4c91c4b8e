"""What the bench moves: households of thirty properties, about 600 bytes each as JSON, and edits of two fields.

The homes are the laboratory's synthetic ones. Ids are random, as a tablet makes them: drawn from a seed, but with
nothing in them that a packer could find.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from random import Random
from typing import Final
from uuid import UUID

from server.lab.bench.forms import EDIT, EDITED, REGISTRATION
from server.lab.county import Place, SyntheticHousehold, synthetic_county
from server.lab.filling import CHINA, place
from server.lab.names import person_name, phone_number
from server.lab.recordings import Answers, registration
from survey_forms import interview
from survey_forms.answers import entity_changes
from survey_forms.form import Form
from survey_forms.interview import Context
from sync.codec import submission_hash, to_text
from sync.messages import Answers as TravellingAnswers
from sync.messages import Submission, Target

_MORNING: Final = time(2, 0, tzinfo=UTC)  # ten o'clock in China

_LANDMARKS: Final = (
    "村委会",
    "小学",
    "卫生室",
    "大槐树",
    "水塔",
    "供销社",
    "戏台",
    "庙",
    "桥头",
    "磨坊",
    "井台",
    "果园",
)
_DIRECTIONS: Final = ("东", "西", "南", "北", "东南", "西南", "东北", "西北")


@dataclass(frozen=True)
class Home:
    """A household as the bench knows it: what was saved, at which version."""

    id: str
    village: str
    props: Mapping[str, str]
    version: int = 1


@dataclass(frozen=True)
class Recorder:
    """Whose tablet records, and where its chain stands."""

    device: str
    person: str
    county: str
    history: str
    seq: int = 0
    last_hash: str = ""


def random_id(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def homes(rng: Random, count: int, villages: Sequence[Place]) -> list[SyntheticHousehold]:
    """So many homes that were registered, shared out over the villages as a county's are."""
    drawn = synthetic_county(rng, count + count // 20 + 20, villages)
    return [home for home in drawn if home.registered_on is not None][:count]


def register(
    by: Recorder, home: SyntheticHousehold, forms: Mapping[str, Form], rng: Random
) -> tuple[Recorder, Submission, Home]:
    """The registration of a home under a new random id."""
    assert home.registered_on is not None, "a registered home"
    identity, now = random_id(rng), datetime.combine(home.registered_on, _MORNING)
    given = place(home, by.person) | {"household_id": identity}
    answers, props = _filled(forms[REGISTRATION], _answers(home, rng), given, now)
    target = Target("household", identity, 0, {}, None)
    by, made = _recorded(by, forms[REGISTRATION], home.village, target, answers, now, rng)
    return by, made, Home(identity, home.village, props)


def edit(
    by: Recorder, home: Home, forms: Mapping[str, Form], rng: Random, now: datetime
) -> tuple[Recorder, Submission, Home]:
    """Two fields of a home get other values, by somebody who had seen it as it stands."""
    answers, changed = _filled(forms[EDIT], dict(two_fields(home.props, rng)), {"household_id": home.id}, now)
    seen = {name: home.props[name] for name in EDITED if name in home.props}
    target = Target("household", home.id, home.version, seen, None)
    by, made = _recorded(by, forms[EDIT], home.village, target, answers, now, rng)
    return by, made, replace(home, props={**home.props, **changed}, version=home.version + 1)


def two_fields(props: Mapping[str, str], rng: Random) -> dict[str, str]:
    """Other values for what an edit changes."""
    residents = (int(props.get("residents_n") or 0) + 1) % 20
    return {"phone": phone_number(rng), "residents_n": str(residents)}


def _answers(home: SyntheticHousehold, rng: Random) -> Answers:
    """As a careful surveyor on a good telephone answers: everything that can be filled in is, and little of it is
    like the neighbour's. What packs well is measured well, so the bench leans the other way.
    """
    answers = registration(home)
    answers.pop("coal", None)
    basics = answers["basics"]
    assert isinstance(basics, dict), "a group of answers"
    told = basics | {"location": _position(home, rng), "address": _address(rng), "phone": phone_number(rng)}
    return answers | {
        "basics": told,
        "remark": f"联系人{person_name(rng)}",
        "building": {
            "built_year": str(rng.randint(1965, 2018)),
            "walls": rng.choices(("brick", "stone", "insulated"), (7, 2, 1))[0],
            "windows": rng.choices(("single", "double"), (3, 2))[0],
            "meter_number": f"{rng.randrange(10**10):010d}",
        },
    }


def _position(home: SyntheticHousehold, rng: Random) -> str:
    """As Android tells it: seven decimals, altitude and accuracy with one."""
    centre = Random(home.village)
    latitude = centre.uniform(35.25, 35.65) + rng.gauss(0, 0.002)
    longitude = centre.uniform(112.55, 113.15) + rng.gauss(0, 0.002)
    return f"{latitude:.7f} {longitude:.7f} {rng.gauss(750, 20):.1f} {rng.uniform(3, 20):.1f}"


def _address(rng: Random) -> str:
    where, way = rng.choice(_LANDMARKS), rng.choice(_DIRECTIONS)
    return f"{where}{way}{rng.randint(10, 990)}米，第{rng.randint(1, 40)}户"


def _filled(
    form: Form, answers: Answers, given: Mapping[str, str], now: datetime
) -> tuple[TravellingAnswers, Mapping[str, str]]:
    """(answers as they travel, household properties that they save)"""
    local = now.astimezone(CHINA)
    filled = interview.begin(form, Context(today=local.date(), now=local, given=given), answers)
    found = interview.faults(filled, "zh")
    assert not found, f"{form.id}: {found}"
    travelling = interview.answers(filled)
    return travelling, entity_changes(form, travelling)["household"]


def _recorded(
    by: Recorder,
    form: Form,
    village: str,
    target: Target,
    answers: TravellingAnswers,
    now: datetime,
    rng: Random,
) -> tuple[Recorder, Submission]:
    made = Submission(
        id=random_id(rng), device=by.device, device_seq=by.seq + 1, previous_hash=by.last_hash, history=by.history,
        county=by.county, village=village, person=by.person, form=form.id, form_version=form.version,
        observed_at=to_text(now), corrects=None, targets=(target,), answers=answers,
    )  # fmt: skip
    return replace(by, seq=made.device_seq, last_hash=submission_hash(made)), made
