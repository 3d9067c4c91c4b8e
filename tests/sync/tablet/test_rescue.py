"""A revoked tablet: what it believes, what it keeps, what it wipes, and what a kill in the middle leaves."""

from __future__ import annotations

import hashlib
import io
import json
import random
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync import rescue, revocation, sealed
from sync.client import Refusal, contact
from sync.codec import derived_id
from sync.messages import EnrolReply, Submission, Village
from sync.replica import Draft, Replica, ReplicaProblem
from sync.sealed import Cipher, Sealing, SealProblem

COUNTY, A, SECRET = "140525", "140525100001", "s" * 40
KEY = "ab" * 32
NOW = datetime(2020, 9, 1, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Toy:
    """A cipher of a few lines: a hash for a keystream, a hash for a tag."""

    key: bytes

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        hidden = bytes(a ^ b for a, b in zip(data, self._stream(nonce, len(data)), strict=True))
        return hidden + self._tag(nonce, hidden, associated_data)

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        hidden, tag = data[:-16], data[-16:]
        if len(data) < 16 or tag != self._tag(nonce, hidden, associated_data):
            raise ValueError("altered")
        return bytes(a ^ b for a, b in zip(hidden, self._stream(nonce, len(hidden)), strict=True))

    def _stream(self, nonce: bytes, length: int) -> bytes:
        return hashlib.shake_128(self.key + nonce).digest(length)

    def _tag(self, nonce: bytes, hidden: bytes, associated: bytes | None) -> bytes:
        return hashlib.sha256(self.key + nonce + hidden + (associated or b"")).digest()[:16]


def seal(public: bytes) -> tuple[bytes, Cipher]:
    fresh = hashlib.sha256(public + b"fresh").digest()
    return fresh, Toy(fresh + public)


def unseal(key: str, fresh: bytes) -> Cipher | None:
    return Toy(fresh + bytes.fromhex(KEY)) if key == sealed.key_id(KEY) else None


def opened(path: Path) -> zipfile.ZipFile:
    out = io.BytesIO()
    with path.open("rb") as file:
        sealed.unseal(file, out, unseal)
    return zipfile.ZipFile(out)


def kept(path: Path) -> dict[str, list[dict[str, str]]]:
    with opened(path) as archive:
        found: dict[str, list[dict[str, str]]] = json.loads(archive.read(rescue.RECORDS))
    return found


class Ids:
    def __init__(self, name: str) -> None:
        self.name, self.made = name, 0

    def __call__(self) -> str:
        self.made += 1
        return derived_id(self.name, str(self.made))


def _fill(replica: Replica, key: str, waiting: int) -> list[str]:
    """An enrolled tablet with records that wait and a draft; gives the ids of the records."""
    device = replica.new_identity("http://hub").device
    replica.enrolled(
        EnrolReply(device, COUNTY, "泽州县（模拟数据）", "p", "王五", derived_id("history"), "2020-09-01T08:00:00Z",
                   (Village(A, "甲村", "镇", None),), county_key=key)
    )  # fmt: skip
    made = [_record(replica, replica.new_id(), f"张{n}", "记" * 300).id for n in range(waiting)]
    replica.save_draft(
        replace(Draft(replica.new_id(), "household", "1", A, None, {}), answers={"head": "半"})
    )
    return made


def _record(replica: Replica, home: str, name: str, remark: str) -> Submission:
    draft = replica.save_draft(Draft(replica.new_id(), "household", "1", A, home, {"household": home}))
    changes = {"household": {"head_name": name, "remark": remark}}
    return replica.submit(draft.id, changes, changes, NOW)


@pytest.fixture
def tablet(tmp_path: Path) -> Callable[..., Replica]:
    def make(key: str = KEY, waiting: int = 3) -> Replica:
        replica = Replica.open(tmp_path / "tablet.db", clock=lambda: NOW, new_id=Ids("tablet"))
        _fill(replica, key, waiting)
        return replica

    return make


# --- the proof ---


def test_only_who_knows_the_secret_can_say_it_and_only_to_this_request() -> None:
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    told = revocation.proof(digest, b'{"sent_at": 1}')
    assert revocation.proven(SECRET, b'{"sent_at": 1}', told)
    assert not revocation.proven(SECRET, b'{"sent_at": 2}', told)
    assert not revocation.proven("another", b'{"sent_at": 1}', told)
    assert not revocation.proven(SECRET, b'{"sent_at": 1}', "")


# --- the sealed file ---


@pytest.mark.parametrize("size", [0, 1, sealed.PIECE_BYTES, sealed.PIECE_BYTES + 1, 3 * sealed.PIECE_BYTES])
def test_what_was_sealed_comes_back(size: int) -> None:
    content = random.Random(size).randbytes(size)
    out = io.BytesIO()
    assert sealed.unseal(io.BytesIO(_sealed(content)), out, unseal).county == COUNTY
    assert out.getvalue() == content


def _sealed(content: bytes) -> bytes:
    file = io.BytesIO()
    sealing = Sealing.begin(file, KEY, COUNTY, seal)
    for at in range(0, len(content), 10_000):
        sealing.write(content[at : at + 10_000])
    sealing.finish()
    return file.getvalue()


def test_whatever_is_cut_altered_or_put_together_anew_does_not_open() -> None:
    piece = sealed.PIECE_BYTES + 16
    whole = _sealed(random.Random(1).randbytes(2 * sealed.PIECE_BYTES + 100))
    begin = len(whole) - 2 * piece - 116
    cut = [whole[:n] for n in (begin, begin + 5, begin + piece, begin + 2 * piece, len(whole) - 1)]
    turned = (
        whole[:begin] + whole[begin + piece : begin + 2 * piece] + whole[begin : begin + piece] + whole[-116:]
    )
    flipped = bytearray(whole)
    flipped[-1] ^= 1
    renamed = whole.replace(b'"140525"', b'"140524"')
    for broken in (
        *cut,
        turned,
        bytes(flipped),
        renamed,
        whole + b"more",
        whole[: begin + piece] + whole[-116:],
    ):
        with pytest.raises(SealProblem) as told:
            sealed.unseal(io.BytesIO(broken), io.BytesIO(), unseal)
        assert told.value.code == "damaged"


@pytest.mark.parametrize("other", [b"", b"PK\x03\x04", sealed.MAGIC, sealed.MAGIC + b"{}\n", b"x" * 5_000])
def test_another_kind_of_file_is_told_apart(other: bytes) -> None:
    with pytest.raises(SealProblem) as told:
        sealed.unseal(io.BytesIO(other), io.BytesIO(), unseal)
    assert told.value.code == "not_sealed"


def test_another_countys_key_opens_nothing() -> None:
    with pytest.raises(SealProblem) as told:
        sealed.unseal(io.BytesIO(_sealed(b"words")), io.BytesIO(), lambda key, fresh: None)
    assert told.value.code == "other_key"


# --- sealing and wiping ---


def test_nothing_happens_to_a_tablet_that_is_not_revoked(tablet, tmp_path: Path) -> None:
    with tablet() as replica:
        assert rescue.carry_out(replica, tmp_path / "rescue", seal) is None
        assert len(replica.waiting_ids()) == 3
    assert not (tmp_path / "rescue").exists()


def test_unsent_work_is_sealed_and_everything_else_is_gone(tablet, tmp_path: Path) -> None:
    with tablet() as replica:
        made, device = replica.waiting_ids(), replica.identity().device
        replica.note_revoked()
        done = rescue.carry_out(replica, tmp_path / "rescue", seal)
        assert (done.submissions_n, done.drafts_n, done.wiped) == (3, 1, True)
        assert (done.device, done.person_name) == (device, "王五")
        found = kept(Path(done.file))
        assert [each["id"] for each in found["submissions"]] == made
        assert found["drafts"][0]["answers"] == {"head": "半"}
        assert found["villages"] == {A: "甲村"}
        assert (replica.identity(), replica.outbox(), replica.drafts(), replica.villages()) == (
            None,
            [],
            [],
            [],
        )
        assert rescue.carry_out(replica, tmp_path / "rescue", seal) == done
        # Not one word of it is left in the file either.
        names = [tmp_path / f"tablet.db{end}" for end in ("", "-wal")]
        assert not any("张1".encode() in name.read_bytes() for name in names if name.exists())


def test_what_stood_on_the_screen_of_an_unsent_record_is_in_the_file(tablet, tmp_path: Path) -> None:
    with tablet(waiting=1) as replica:
        (home,) = (each.id for each in replica.households(None))
        made = _record(replica, home, "张〇", "")
        replica.note_revoked()
        file = Path(rescue.carry_out(replica, tmp_path / "rescue", seal).file)
        assert kept(file)["screens"] == {made.id: {"household": {"head_name": "张0", "remark": "记" * 300}}}


def test_half_a_letter_in_a_draft_is_sealed_too(tablet, tmp_path: Path) -> None:
    """A keyboard may cut a letter of two halves; a draft keeps whatever was typed."""
    with tablet(waiting=1) as replica:
        replica.save_draft(replace(replica.drafts()[0], answers={"head": "张\ud83d"}))
        replica.note_revoked()
        done = rescue.carry_out(replica, tmp_path / "rescue", seal)
        assert (done.submissions_n, done.drafts_n, done.wiped) == (1, 1, True)
        found = kept(Path(done.file))
        assert found["drafts"][0]["answers"] == {"head": "张?"}


def test_what_has_its_receipt_is_not_in_the_file(tablet, tmp_path: Path) -> None:
    with tablet() as replica:
        first, *rest = replica.waiting_ids()
        replica.db.conn.execute("UPDATE submission SET state = 'sent_safe' WHERE id = ?", (first,))
        replica.note_revoked()
        done = rescue.carry_out(replica, tmp_path / "rescue", seal)
        assert [each["id"] for each in kept(Path(done.file))["submissions"]] == rest


def test_with_nothing_unsent_there_is_no_file(tablet, tmp_path: Path) -> None:
    with tablet(waiting=0) as replica:
        for draft in replica.drafts():
            replica.discard_draft(draft.id)
        replica.note_revoked()
        done = rescue.carry_out(replica, tmp_path / "rescue", seal)
        assert (done.file, done.submissions_n, done.wiped) == ("", 0, True)


@pytest.mark.parametrize(("history", "sealed_n"), [("a" * 8, 0), ("b" * 8, 2)], ids=["present", "over"])
def test_receipts_count_in_the_present_history_alone(
    tablet, tmp_path: Path, history: str, sealed_n: int
) -> None:
    """The hub was restored before the tablet heard of it: what it had taken may be gone with it."""
    with tablet(waiting=2) as replica:
        replica.db.conn.execute("UPDATE identity SET history = ?", ("a" * 8,))
        replica.db.conn.execute("UPDATE submission SET state = 'sent_safe', verdict = '{}'")
        replica.note_revoked(history)
        assert rescue.carry_out(replica, tmp_path / "rescue", seal).submissions_n == sealed_n


def test_without_the_countys_key_unsent_work_stays_unsealed(tablet, tmp_path: Path) -> None:
    with tablet(key="") as replica:
        made = replica.waiting_ids()
        replica.db.conn.execute("UPDATE submission SET state = 'sent_safe' WHERE id = ?", (made[0],))
        replica.note_revoked()
        assert rescue.carry_out(replica, tmp_path / "rescue", seal) is None
        assert replica.waiting_ids() == made[1:]
        assert len(replica.outbox()) == 2
        assert replica.households(None) == []


def test_where_the_file_cannot_be_written_nothing_is_wiped(tablet, tmp_path: Path) -> None:
    with tablet() as replica:
        replica.note_revoked()
        (tmp_path / "rescue").write_text("a file where a folder should be")
        with pytest.raises(ReplicaProblem) as told:
            rescue.carry_out(replica, tmp_path / "rescue", seal)
        assert told.value.code == "rescue_failed"
        assert len(replica.waiting_ids()) == 3
        (tmp_path / "rescue").unlink()
        assert rescue.carry_out(replica, tmp_path / "rescue", seal).wiped


def test_a_contact_that_proves_it_is_remembered(tablet) -> None:
    with tablet() as replica:
        conversation = contact(replica, clock=lambda: NOW, app_version="1")
        next(conversation)
        with pytest.raises(StopIteration) as end:
            conversation.send(Refusal("device_revoked", "停用。", ""))
        assert end.value.value.problem.code == "device_revoked"
        assert replica.identity().revoked_at is not None


def test_a_contact_that_proves_it_on_a_full_disk_ends_and_says_so(tablet) -> None:
    """The disk takes nothing more: the tablet is told again at its next contact."""
    with tablet() as replica:
        conversation = contact(replica, clock=lambda: NOW, app_version="1")
        next(conversation)
        replica.db.conn.execute("PRAGMA query_only = ON")
        with pytest.raises(StopIteration) as end:
            conversation.send(Refusal("device_revoked", "停用。", ""))
        assert end.value.value.problem.code == "disk_fault"
        replica.db.conn.execute("PRAGMA query_only = OFF")
        assert replica.identity().revoked_at is None


# --- killed ---

CHILD = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, sys.argv[4])
from test_rescue import seal
from sync import rescue
from sync.replica import Replica

left = int(sys.argv[3])

def at_each_line(frame, event, _):
    global left
    if frame.f_code.co_filename.endswith(("sync/rescue.py", "sync/sealed.py", "sync/replica_schema.py")):
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return at_each_line
    return None

replica = Replica.open(Path(sys.argv[1]), clock=lambda: datetime(2020, 9, 2, tzinfo=UTC), new_id=lambda: "x")
sys.settrace(at_each_line)
rescue.carry_out(replica, Path(sys.argv[2]), seal)
sys.settrace(None)
print(left)
"""
FAR = 1_000_000


def _child(folder: Path, lines: int) -> subprocess.CompletedProcess[str]:
    paths = [str(folder / "tablet.db"), str(folder / "rescue"), str(lines), str(Path(__file__).parent)]
    return subprocess.run(
        [sys.executable, "-c", CHILD, *paths], capture_output=True, text=True, check=False, timeout=120
    )


def _prepared(folder: Path) -> list[str]:
    folder.mkdir()
    with Replica.open(folder / "tablet.db", clock=lambda: NOW, new_id=Ids("tablet")) as replica:
        made = _fill(replica, KEY, 40)
        replica.note_revoked()
    return made


def _kills(folder: Path, points: Callable[[int], list[int]]) -> None:
    made = _prepared(folder / "whole")
    whole = _child(folder / "whole", FAR)
    assert whole.returncode == 0, whole.stderr
    lines = FAR - int(whole.stdout)
    for n in points(lines):
        here = folder / str(n)
        assert _prepared(here) == made
        assert _child(here, n).returncode == -signal.SIGKILL
        _nothing_lost(here, made)
        again = _child(here, FAR)
        assert again.returncode == 0, again.stderr
        with sqlite3.connect(here / "tablet.db") as file:
            assert file.execute("SELECT wiped, submissions FROM rescue").fetchone() == (1, 40)
            assert file.execute("SELECT count(*) FROM submission").fetchone() == (0,)
        assert _in_file(here) == made


def _nothing_lost(folder: Path, made: list[str]) -> None:
    """All of it is still on the tablet, or all of it is in a file that opens."""
    with Replica.open(folder / "tablet.db", clock=lambda: NOW, new_id=Ids("later")) as replica:
        here = replica.waiting_ids()
    assert here == made or (here == [] and _in_file(folder) == made)


def _in_file(folder: Path) -> list[str]:
    (file,) = (folder / "rescue").glob(f"*{rescue.SUFFIX}")
    return [each["id"] for each in kept(file)["submissions"]]


def test_killed_anywhere_it_goes_on_and_loses_nothing(tmp_path: Path) -> None:
    _kills(tmp_path, lambda lines: sorted(random.Random(140525).sample(range(1, lines + 1), 10)))


@pytest.mark.soak
def test_killed_at_every_line_it_goes_on_and_loses_nothing(tmp_path: Path) -> None:
    _kills(tmp_path, lambda lines: list(range(1, lines + 1)))
