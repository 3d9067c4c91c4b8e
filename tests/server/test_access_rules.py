"""Decisions of access that need no server: codes, paths, rights, throttle."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access import credentials, rules
from server.access.throttle import Throttle


@dataclass(frozen=True)
class Held:
    role: str
    area: str


@dataclass(frozen=True)
class Someone:
    grants: tuple[Held, ...]


@pytest.mark.parametrize(
    ("role", "area", "verb", "where", "allowed"),
    [
        ("administrator", "140525", "tablet.enrol", "140525", True),
        ("administrator", "140525", "tablet.enrol", "140525100", True),
        ("administrator", "140525", "tablet.enrol", "140526", False),
        ("administrator", "140525", "tablet.enrol", "14", False),
        ("administrator", "", "tablet.enrol", "14", True),
        ("administrator", "140525", "payment_batch.approve", "140525", False),
        ("surveyor", "140525", "tablet.view", "140525", False),
        ("unheard_of", "140525", "tablet.view", "140525", False),
    ],
)
def test_a_right_is_a_verb_in_an_area(role: str, area: str, verb: str, where: str, allowed: bool) -> None:
    assert rules.may(Someone((Held(role, area),)), verb, where) is allowed


def test_somebody_starts_from_the_widest_area_of_each_right() -> None:
    both = Someone(
        (Held("auditor", "140525200"), Held("township_official", "140525100201"), Held("auditor", "14"))
    )
    assert rules.areas_of(both, "audit.view", "140525") == ("140525",)
    assert rules.areas_of(both, "conversion.accept", "140525") == ("140525100201",)
    assert rules.areas_of(both, "payment_batch.approve", "140525") == ()
    assert rules.areas_of(Someone((Held("auditor", "140526"),)), "audit.view", "140525") == ()


@pytest.mark.parametrize("login", ["w", "Wang", "1a", "王芳", "a" * 33, "a b"])
def test_a_login_is_plain(login: str) -> None:
    assert rules.login_fault(login)
    assert rules.login_fault("wang.fang-2") is None


@pytest.mark.parametrize("typed", ["abcd2345", " ABCD-2345 ", "ａｂｃｄ２３４５", "ab cd—23 45"])
def test_a_code_may_be_typed_in_many_ways(typed: str) -> None:
    assert rules.typed_code(typed) == "ABCD2345"


def test_codes_are_hard_to_misread_and_to_guess() -> None:
    codes = {credentials.new_code() for _ in range(500)}
    assert len(codes) == 500
    assert not set("".join(codes)) & set("01OILUV")
    assert all(rules.typed_code(rules.shown_code(code)) == code for code in codes)


@given(st.text())
def test_whatever_is_typed_as_next_page_stays_on_this_server(text: str) -> None:
    path = rules.local_path(text)
    assert path.startswith("/")
    assert not path.startswith("//")
    assert "\\" not in path


def test_a_throttle_counts_inside_its_window_only() -> None:
    now = datetime(2020, 9, 1, tzinfo=UTC)
    throttle = Throttle(lambda: now, timedelta(minutes=5))
    for _ in range(3):
        assert throttle.wait_s("a", 3) == 0
        throttle.failed("a")
        now += timedelta(minutes=1)
    assert throttle.wait_s("a", 3) > 0
    assert throttle.wait_s("a", 4) == 0
    assert throttle.wait_s("b", 3) == 0
    now += timedelta(seconds=throttle.wait_s("a", 3))
    assert throttle.wait_s("a", 3) == 0


def test_a_success_forgives() -> None:
    throttle = Throttle(lambda: datetime(2020, 9, 1, tzinfo=UTC))
    throttle.failed("a")
    throttle.succeeded("a")
    assert throttle.wait_s("a", 1) == 0


def test_a_password_is_kept_as_a_hash_that_only_it_matches() -> None:
    kept = credentials.hash_password("泽州 2020")
    assert "2020" not in kept
    assert credentials.password_matches("泽州 2020", kept)
    assert not credentials.password_matches("泽州 2021", kept)
    assert not credentials.password_matches("anything", None)
