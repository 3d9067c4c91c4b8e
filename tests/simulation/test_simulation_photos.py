"""Photos in simulated counties: each thing that befalls one is survived, and the checkers can fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.lab.simulation.checkers import check
from server.lab.simulation.faults import FAULTS
from server.lab.simulation.playing import play
from server.lab.simulation.story import Step, Story, as_json, draw, kept
from sync.photos import named_in

SEED = 3
FATES = range(3)
ON_THE_WAY = [fault.name for fault in FAULTS if fault.of == "photo request"]
TAKEN = Step(0, "photo_taken", 0, 1)


def told(*steps, seed=SEED, servers=1):
    return Story(seed, "small", (0, 0), ("parts", "parts"), servers, steps)


def broken(evidence):
    return {violation.promise for violation in check(evidence)}


@pytest.fixture(scope="module")
def photographed(lived):
    """A county in which a record with a photo came to the hub."""
    return lived(told(TAKEN, Step(1, "contact", 0, 1)))


def test_a_photo_that_a_record_names_comes_to_the_hub(photographed):
    assert check(photographed) == []
    named = [
        sha256
        for judged in photographed.journal.values()
        for _, sha256 in named_in(judged.submission.answers)
    ]
    assert named and set(named) <= photographed.photos.rows
    assert photographed.tablets[0].album.photos[named[0]] == ("stored", True)


@pytest.mark.parametrize("fault", ON_THE_WAY)
@pytest.mark.parametrize("servers", [1, 2])
def test_whatever_befalls_its_requests_it_comes_whole(on, fault, servers):
    for seed in FATES:
        story = told(TAKEN, Step(1, "contact", 0, 1, (), ("", fault, fault)), seed=seed, servers=servers)
        county = play(on, story)
        assert county.violations == (), f"{seed}\n" + "\n".join(county.told)


@pytest.mark.parametrize("fault", ["tablet_dies_keeping_photo", "photo_rots"])
def test_a_photo_that_is_lost_before_it_went_holds_up_no_record(on, fault):
    for seed in FATES:
        befallen = replace(TAKEN, photos=(fault,))
        county = play(on, told(befallen, Step(1, "work", 0, 1), Step(2, "contact", 0, 1), seed=seed))
        assert county.violations == (), f"{seed}\n" + "\n".join(county.told)


@pytest.mark.parametrize(
    "event", ["restored", "put_back", "tablet_restored", "tablet_cloned", "tablet_revoked"]
)
def test_copies_and_restores_lose_no_photo_that_was_safe(on, event):
    for seed in FATES:
        steps = (
            Step(1, "backed_up", 0, 1),
            Step(2, "contact", 0, 1),
            Step(3, event, 0, 1),
            Step(4, "work", 0, 1),
        )
        county = play(on, told(TAKEN, *steps, Step(5, "contact", 0, 1), seed=seed))
        assert county.violations == (), f"{seed}\n" + "\n".join(county.told)


# --- planted in what is left ---


def photos(evidence, **change):
    return replace(evidence, photos=replace(evidence.photos, **change))


def album(evidence, *states):
    first = evidence.tablets[0]
    (sha256,) = first.album.took
    found = dict.fromkeys([sha256], states[0]) if states else {}
    other = replace(first, album=replace(first.album, photos=found))
    return replace(evidence, tablets=(other, *evidence.tablets[1:]))


def test_a_receipt_for_what_the_hub_has_not(photographed):
    for change in ({"files": {}}, {"rows": frozenset()}):
        assert broken(photos(photographed, **change)) == {"photos_safe"}


def test_a_photo_that_somebody_lost(photographed):
    assert "photos_safe" in broken(album(photographed))
    assert "photos_safe" in broken(album(photos(photographed, files={}), ("waiting", False)))
    assert "photos_safe" in broken(photos(photographed, safe=frozenset({"5a" * 32})))
    nobody = replace(photos(photographed, files={}), tablets=photographed.tablets[1:])
    assert any("nobody has" in violation.what for violation in check(nobody))


def test_a_photo_that_was_given_up_for_nothing(photographed):
    assert {"photos_safe", "photos_told"} <= broken(album(photographed, ("damaged", True)))


def test_a_file_where_none_should_be(photographed):
    assert broken(photos(photographed, strays=("../x",))) == {"photos_in_place"}
    (sha256, *_) = photographed.photos.files
    damaged = photos(photographed, files={**photographed.photos.files, sha256: False})
    assert "photos_in_place" in broken(damaged)


# --- in the story ---


def test_photos_leave_the_rest_of_a_story_as_it_was(tmp_path):
    story = next(each for each in map(draw, range(500)) if any(step.photos for step in each.steps))
    file = tmp_path / "story.json"
    file.write_text(as_json(story), encoding="utf-8")
    assert kept(file)[0] == story
    older = file.read_text(encoding="utf-8").replace(',\n   "photos": []', "")
    file.write_text(older, encoding="utf-8")
    assert kept(file)[0] == story
