"""The tablet's steps for photos against an office in memory: order, resumption, every word it may say, and an end."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from sync.account import Progress, Refusal
from sync.replica_photos import Due
from sync.upload_driver import BYTES, said_with
from sync.uploads import (
    CUTS_PER_CONTACT,
    PIECE_BYTES_MAX,
    PIECE_BYTES_MIN,
    Answer,
    Asked,
    Moved,
    PhotoAccount,
    Piece,
    Question,
    Standing,
    Told,
    uploads,
)

CUT = Refusal("cut", "断了。", "再来。")


def refusal(code: str) -> Refusal:
    return Refusal(code, "不行。", "请更正。")


@dataclass
class Clock:
    now: datetime = datetime(2020, 9, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Shelf:
    """An album in memory: photos with their thumbnails, and what became of each."""

    photos: list[tuple[bytes, bytes]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    spoilt: set[str] = field(default_factory=set)

    def add(self, size: int, small: int = 0) -> str:
        n = len(self.photos)
        photo, thumbnail = bytes([n]) * size, bytes([n, 1]) * (small // 2)
        self.photos.append((photo, thumbnail))
        self.states[sha(photo)] = "waiting"
        return sha(photo)

    def due(self) -> list[tuple[Due, Due | None]]:
        return [
            (
                Due(sha(photo), "jpg", len(photo)),
                Due(sha(small), "jpg", len(small), sha(photo)) if small else None,
            )
            for photo, small in self.photos
            if self.states[sha(photo)] == "waiting"
        ]

    def piece(self, due: Due, offset: int, size_max: int) -> bytes | None:
        if due.sha256 in self.spoilt:
            return None
        content = next(each for pair in self.photos for each in pair if sha(each) == due.sha256)
        return content[offset : offset + size_max] or None

    def whole(self, due: Due) -> bool:
        return due.sha256 not in self.spoilt

    def arrived(self, sha256: str, sent: int) -> None:
        self.sent[sha256] = sent

    def stored(self, sha256: str) -> None:
        self.states[sha256] = "stored"

    def refused(self, sha256: str, state: str, reason: str) -> None:
        self.states[sha256] = state


@dataclass
class Office:
    """The hub's half in memory. ``rate``: bytes a second of the line; ``say``: may answer in its place."""

    clock: Clock
    rate: int = 10_000_000
    come: dict[str, bytes] = field(default_factory=dict)
    announced: set[str] = field(default_factory=set)
    stored: set[str] = field(default_factory=set)
    unnamed: set[str] = field(default_factory=set)
    say: Callable[[Asked], Answer | None] = lambda asked: None
    asked: list[Asked] = field(default_factory=list)

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        instead = self.say(asked)
        if instead is not None:
            return instead
        if isinstance(asked, Question):
            offsets = {each: len(come) for each, come in self.come.items() if each not in self.stored}
            return Standing(tuple(self.stored & set(asked.hashes)), offsets, tuple(self.unnamed))
        return self.take(asked)

    def take(self, piece: Piece, size: int | None = None) -> Answer:
        due, content = piece.due, piece.content[:size]
        self.clock.now += timedelta(seconds=len(content) / self.rate + 0.01)
        if piece.announce:
            self.announced.add(due.sha256)
        if due.sha256 not in self.announced:
            return refusal("not_found")
        have = self.come.setdefault(due.sha256, b"")
        if piece.offset != len(have):
            return Moved(len(have))
        self.come[due.sha256] = have + content
        if len(self.come[due.sha256]) == due.bytes:
            assert sha(self.come[due.sha256]) == due.sha256
            self.stored.add(due.sha256)
        return Told(len(self.come[due.sha256]))

    def order(self) -> list[str]:
        """Photos in the order they were begun."""
        return list(dict.fromkeys(each.due.sha256 for each in self.asked if isinstance(each, Piece)))


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def office() -> Office:
    return Office(Clock())


def send(shelf: Shelf, office: Office, told: list[Progress] | None = None) -> PhotoAccount:
    steps = uploads(shelf, clock=office.clock, on_progress=(told if told is not None else []).append)
    try:
        asked = next(steps)
        while True:
            asked = steps.send(office.answer(asked))
    except StopIteration as end:
        return end.value


def test_without_photos_nothing_is_asked(office) -> None:
    assert send(Shelf(), office) == PhotoAccount()
    assert office.asked == []


def test_photos_go_one_after_the_other_in_pieces_and_get_their_receipts(office) -> None:
    shelf, told = Shelf(), []
    first, second = shelf.add(300_000), shelf.add(150_000)
    account = send(shelf, office, told)
    assert (account.stored_n, account.left_n, account.problem) == (2, 0, None)
    assert set(shelf.states.values()) == {"stored"}
    assert office.order() == [first, second]
    assert [step.phase for step in told] == ["photos"] * len(told)
    assert (told[-1].done, told[-1].total) == (450_000, 450_000)


def test_what_is_there_already_is_not_sent(office) -> None:
    shelf = Shelf()
    office.stored = {shelf.add(100)}
    account = send(shelf, office)
    assert (account.stored_n, len(office.asked)) == (1, 1)


def test_a_photo_goes_on_from_the_byte(office) -> None:
    shelf = Shelf()
    photo = shelf.add(200_000)
    office.come[photo] = shelf.photos[0][0][:123_457]
    office.announced.add(photo)
    assert send(shelf, office).stored_n == 1
    assert office.asked[1].offset == 123_457


def test_on_a_slow_line_every_thumbnail_goes_before_any_photo(office) -> None:
    shelf, office.rate = Shelf(), 30_000
    photos = [shelf.add(200_000, 9_000) for _ in range(3)]
    send(shelf, office)
    assert office.order()[3:] == photos
    assert [each.due.of for each in office.asked if isinstance(each, Piece)][:3] == photos
    largest = max(len(each.content) for each in office.asked if isinstance(each, Piece))
    assert largest <= 131_072, "a piece takes seconds, not minutes: others share the line"


def test_on_a_fast_line_a_photo_follows_its_own_thumbnail(office) -> None:
    shelf = Shelf()
    photos = [shelf.add(3_000_000, 9_000) for _ in range(2)]
    send(shelf, office)
    assert [each for each in office.order() if each in photos] == photos
    assert office.order()[1] == photos[0]
    sizes = [len(each.content) for each in office.asked if isinstance(each, Piece)]
    assert max(sizes) <= PIECE_BYTES_MAX and max(sizes) > 500_000


def test_a_cut_line_is_asked_how_far_it_came_and_goes_on(office) -> None:
    shelf, cuts = Shelf(), iter([True, False, True])
    shelf.add(400_000)

    def say(asked: Asked) -> Answer | None:
        if isinstance(asked, Piece) and next(cuts, False):
            office.take(asked, size=1_001)  # a part came before the line broke
            return CUT
        return None

    office.say = say
    assert send(shelf, office).stored_n == 1
    offsets = [each.offset for each in office.asked if isinstance(each, Piece)]
    assert offsets[1] == 1_001


def test_a_line_that_is_cut_again_and_again_ends_the_contact(office) -> None:
    shelf = Shelf()
    shelf.add(400_000)
    office.say = lambda asked: CUT
    account = send(shelf, office)
    assert (account.problem, account.left_n) == (CUT, 1)
    assert len(office.asked) == CUTS_PER_CONTACT + 1
    assert list(shelf.states.values()) == ["waiting"]


@pytest.mark.parametrize(
    "code", ["no_network", "refused", "unauthorised", "captive_portal", "busy", "photo_store_full"]
)
def test_what_another_try_will_not_mend_waits_for_the_next_contact(office, code) -> None:
    shelf = Shelf()
    shelf.add(100)
    office.say = lambda asked: refusal(code) if isinstance(asked, Piece) else None
    account = send(shelf, office)
    assert (account.problem.code, account.left_n, len(office.asked)) == (code, 1, 2)


@pytest.mark.parametrize("code", ["photo_type", "photo_too_large"])
def test_a_last_word_on_one_photo_holds_back_no_other(office, code) -> None:
    shelf = Shelf()
    bad, good = shelf.add(100), shelf.add(200)
    office.say = lambda asked: refusal(code) if isinstance(asked, Piece) and asked.due.sha256 == bad else None
    account = send(shelf, office)
    assert (account.stored_n, account.refused_n, account.left_n, account.problem) == (1, 1, 0, None)
    assert shelf.states == {bad: "refused", good: "stored"}


@pytest.mark.parametrize("code", ["failed", "malformed"])
def test_a_photo_over_which_the_office_fails_holds_back_no_other(office, code) -> None:
    shelf = Shelf()
    bad, good = shelf.add(100), shelf.add(200)
    office.say = lambda asked: refusal(code) if isinstance(asked, Piece) and asked.due.sha256 == bad else None
    account = send(shelf, office)
    assert (account.stored_n, account.refused_n, account.left_n, account.problem) == (1, 0, 1, None)
    assert shelf.states == {bad: "waiting", good: "stored"}


def test_an_office_that_fails_over_every_photo_is_left(office) -> None:
    shelf = Shelf()
    for _ in range(CUTS_PER_CONTACT + 20):
        shelf.add(100)
    office.say = lambda asked: refusal("failed") if isinstance(asked, Piece) else None
    account = send(shelf, office)
    assert account.problem.code == "failed"
    assert len(office.asked) == CUTS_PER_CONTACT + 2


def test_what_stands_between_and_takes_no_large_piece_gets_small_ones(office) -> None:
    """Many a proxy takes less at once than the line would carry."""
    shelf = Shelf()
    photo = shelf.add(3_000_000)
    limit = 200_000

    def proxy(asked: Asked) -> Answer | None:
        return refusal("too_large") if isinstance(asked, Piece) and len(asked.content) > limit else None

    office.say = proxy
    account = send(shelf, office)
    assert (account.stored_n, account.problem) == (1, None)
    assert shelf.states == {photo: "stored"}
    assert sum(isinstance(each, Piece) and len(each.content) > limit for each in office.asked) <= 2


def test_a_damaged_file_is_given_up_and_a_damaged_line_is_not(office) -> None:
    shelf = Shelf()
    lost, bent = shelf.add(100), shelf.add(200)
    shelf.spoilt.add(lost)
    first = iter([True])

    def say(asked: Asked) -> Answer | None:
        if isinstance(asked, Piece) and asked.due.sha256 == bent and next(first, False):
            return refusal("photo_hash")
        return None

    office.say = say
    office.announced.add(bent)
    account = send(shelf, office)
    assert shelf.states == {lost: "damaged", bent: "stored"}
    assert (account.refused_n, account.stored_n) == (1, 1)


def test_a_photo_the_office_does_not_know_of_yet_stays_and_holds_back_no_other(office) -> None:
    shelf = Shelf()
    early, late, known = shelf.add(100), shelf.add(200), shelf.add(300)
    office.unnamed = {early}
    office.say = lambda asked: (
        refusal("photo_unnamed") if isinstance(asked, Piece) and asked.due.sha256 == late else None
    )
    account = send(shelf, office)
    assert (account.stored_n, account.left_n, account.problem) == (1, 2, None)
    assert shelf.states == {early: "waiting", late: "waiting", known: "stored"}


def test_an_upload_the_office_forgot_is_announced_again(office) -> None:
    shelf = Shelf()
    photo = shelf.add(100_000)
    office.come[photo] = shelf.photos[0][0][:40_000]
    assert send(shelf, office).stored_n == 1
    assert [each.announce for each in office.asked if isinstance(each, Piece)][:2] == [False, True]


@pytest.mark.parametrize("offset", [60, 100])
def test_an_upload_that_was_forgotten_is_announced_without_its_bytes_even_if_all_had_come(offset) -> None:
    due = Due("0" * 64, "photo", 100)
    headers, content = said_with(Piece(due, offset, b"x" * (100 - offset), announce=True))
    assert (headers["Upload-Length"], content) == ("100", b"") and "Content-Type" not in headers
    headers, content = said_with(Piece(due, offset, b"x" * (100 - offset), announce=False))
    assert (headers["Upload-Offset"], len(content)) == (str(offset), 100 - offset)
    assert headers["Content-Type"] == BYTES


def test_a_receipt_that_was_lost_is_asked_for(office) -> None:
    shelf, lost = Shelf(), iter([True])
    shelf.add(50_000)

    def say(asked: Asked) -> Answer | None:
        if isinstance(asked, Piece) and next(lost, False):
            office.take(asked)
            return CUT
        return None

    office.say = say
    account = send(shelf, office)
    assert (account.stored_n, account.problem) == (1, None)
    assert sum(isinstance(each, Piece) for each in office.asked) == 1


def test_an_office_that_leads_nowhere_is_left(office) -> None:
    shelf = Shelf()
    stuck, good = shelf.add(100_000), shelf.add(100)
    office.say = lambda asked: Moved(7) if isinstance(asked, Piece) and asked.due.sha256 == stuck else None
    account = send(shelf, office)
    assert (account.stored_n, account.left_n) == (1, 1)
    assert shelf.states[good] == "stored"
    assert len(office.asked) < 12


def test_a_contact_takes_only_its_share_of_time(office) -> None:
    shelf, office.rate = Shelf(), 500
    shelf.add(PIECE_BYTES_MIN * 60)
    account = send(shelf, office)
    assert (account.stored_n, account.left_n, account.problem) == (0, 1, None)
    assert office.clock.now < datetime(2020, 9, 1, 0, 25, tzinfo=UTC)
    while shelf.due():
        account = send(shelf, office)
    assert account.stored_n == 1
