"""Photos in the office: where they stand, what is said of those that have not arrived, and who may look at them."""

import hashlib
import uuid

import httpx
import pytest

from server.access import actions
from server.access.people import grant
from server.access.tables import Person
from server.database import write
from survey_forms import interview, released
from survey_forms.interview import Context
from survey_forms.xform import parse
from sync.codec import to_text
from sync.messages import Submission, Target

COUNTY, VILLAGE, ELSEWHERE = "140525", "140525100201", "140525200"
CONVERSION = {
    "subject": {"kind": "electric", "device_code": "10", "batch": "4"},
    "works": {
        "installed_on": "2020-08-01", "connected_on": "2020-08-10", "account_number": "9900417",
        "equipment": {"brand": "模拟牌"},
    },
    "stove": {"old_stove": "removed", "old_stove_on": "2020-08-12"},
    "remark": "户主自己拆的",
}  # fmt: skip


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def home(running, sending, picture) -> dict:
    """A home whose conversion names three photos: one has come, one only as a thumbnail, one not at all."""
    plate, meter, stove = (picture(each) for each in ("plate", "meter", "stove"))
    visit = sending.tablet.visit(VILLAGE, new_head="王秀英")
    home, made = visit.targets[0].id, str(uuid.uuid4())
    form = parse(
        next(xml for name, version, xml in released() if (name, version) == ("conversion", "2020.2"))
    )
    given = {"household_id": home, "conversion_id": made, "village": VILLAGE, "person": sending.tablet.person,
             "head_name": "王秀英", "door_number": "1号"}  # fmt: skip
    now = running.clock()
    answers = {**CONVERSION, "works": {**CONVERSION["works"], "meter_photo": f"{sha(meter)}.jpg"}}
    answers["works"]["equipment"] = {"brand": "模拟牌", "nameplate_photo": f"{sha(plate)}.jpg"}
    answers["stove"] = {**CONVERSION["stove"], "stove_photo": f"{sha(stove)}.jpg"}
    filled = interview.begin(form, Context(today=now.date(), now=now, given=given), answers)
    assert interview.faults(filled, "zh") == ()
    sending.tablet.seq += 1
    record = Submission(
        id=str(uuid.uuid4()), device=sending.tablet.device, device_seq=sending.tablet.seq, previous_hash="",
        history=sending.tablet.history, county=COUNTY, village=VILLAGE, person=sending.tablet.person,
        form="conversion", form_version="2020.2", observed_at=to_text(now), corrects=None,
        answers=interview.answers(filled),
        targets=(Target("conversion", made, 0, {}, None), Target("household", home, 0, {}, None)),
    )  # fmt: skip
    reply = sending.tablet.sync(sending.address, visit, record)
    assert [verdict.outcome for verdict in reply.verdicts] == ["applied", "applied"]
    small = picture("meter, small", size=800)
    assert sending.create(plate, first=plate).status_code == 201
    assert sending.create(small, first=small, of=sha(meter)).status_code == 201
    return {"home": home, "record": record.id, "plate": plate, "meter": meter, "small": small, "stove": stove}


@pytest.fixture
def somebody(running):
    def make(role: str, area: str) -> httpx.Client:
        identity, now = str(uuid.uuid4()), running.clock()
        with write(running.app.state.engine) as session:
            person = Person(id=identity, login=identity, name="李四", made_at=now)
            session.add(person)
            session.flush()
            grant(session, identity, role, area, now=now)
            token = actions.make_token(session, person, label="test", county=COUNTY, now=now)
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(
            base_url=running.address, timeout=30, trust_env=False, verify=False, headers=headers
        )

    return make


def test_a_household_shows_its_photos_and_what_has_not_arrived(official, home) -> None:
    page = official.get(f"/households/{COUNTY}/{home['home']}")
    assert page.status_code == 200
    text = page.text
    assert "共 3 张 · 2 张未到" in text
    assert f'href="/photos/{COUNTY}/{sha(home["plate"])}"' in text
    assert f'src="/photos/{COUNTY}/{sha(home["small"])}"' in text
    assert f"/photos/{COUNTY}/{sha(home['stove'])}" not in text
    for words in (
        "设备铭牌照片",
        "电表或燃气表照片",
        "旧炉拆除照片",
        "照片未到",
        "只到缩略图",
        "王五",
        "64 × 48",
    ):
        assert words in text, words
    assert f"SHA-256 {sha(home['stove'])}" in text, "what has not come is named by what it will be"
    assert f"{sha(home['plate'])}.jpg" not in text, "no raw name of a file among the facts"


def test_a_record_shows_the_photos_it_names(official, home) -> None:
    text = official.get(f"/submissions/{COUNTY}/{home['record']}").text
    assert f'src="/photos/{COUNTY}/{sha(home["plate"])}"' in text
    assert f"SHA-256 {sha(home['plate'])[:12]}…" in text


def test_a_photo_is_served_as_what_it_is_and_as_nothing_else(official, home) -> None:
    answer = official.get(f"/photos/{COUNTY}/{sha(home['plate'])}")
    assert (answer.status_code, answer.content) == (200, home["plate"])
    headers = answer.headers
    assert (headers["content-type"], headers["x-content-type-options"]) == ("image/jpeg", "nosniff")
    assert headers["cache-control"] == "private, max-age=31536000, immutable"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert official.get(f"/photos/{COUNTY}/{sha(home['small'])}").content == home["small"]


@pytest.mark.parametrize("name", ["0" * 64, "x", "..%2f..%2fcleanheat.sqlite3", "A" * 64])
def test_what_is_not_here_is_not_found(official, name) -> None:
    assert official.get(f"/photos/{COUNTY}/{name}").status_code == 404


def test_only_who_may_see_the_household_may_see_its_photos(running, somebody, home) -> None:
    address = f"/photos/{COUNTY}/{sha(home['plate'])}"
    with running.browser() as stranger:
        assert stranger.get(address).status_code == 303
    with somebody("auditor", COUNTY) as auditor:
        assert auditor.get(address).status_code == 200
    with somebody("township_official", VILLAGE[:9]) as here:
        assert here.get(address).status_code == 200
    with somebody("township_official", ELSEWHERE) as elsewhere:
        assert elsewhere.get(address).status_code == 403
    with somebody("surveyor", COUNTY) as surveyor:
        assert surveyor.get(address).status_code == 403


def test_a_correction_that_names_the_photo_again_shows_it_once(official, home, sending) -> None:
    sending.name(home["plate"])
    text = official.get(f"/households/{COUNTY}/{home['home']}").text
    assert text.count(f'href="/photos/{COUNTY}/{sha(home["plate"])}"') == 2, (
        "in its conversion and among the photos"
    )
