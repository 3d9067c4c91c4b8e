"""Photos for tests: small real JPEGs made byte by byte, records that name them, and a tablet's half of tus by hand."""

import base64
import hashlib
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from sync.messages import Submission

VILLAGE = "140525100201"
BYTES = "application/offset+octet-stream"


def jpeg(seed: str = "", size: int = 2_000, width: int = 64, height: int = 48) -> bytes:
    """The header of a JPEG of these sides, and after it noise that follows from `seed`, `size` bytes in all."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    head = b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + bytes(9)
    head += b"\xff\xc0" + struct.pack(">H", 2 + len(frame)) + frame
    noise = bytearray()
    while len(noise) < size:
        noise += hashlib.sha256(f"{seed}/{len(noise)}".encode()).digest()
    return head + bytes(noise[: size - len(head) - 2]) + b"\xff\xd9"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def tus_headers(**others: str) -> dict[str, str]:
    return {"Tus-Resumable": "1.0.0"} | {name.replace("_", "-"): value for name, value in others.items()}


def metadata(**told: str) -> str:
    return ", ".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())


@dataclass(frozen=True)
class Sending:
    """What a tablet does with photos, request by request."""

    address: str
    tablet: object
    client: httpx.Client

    def name(self, *contents: bytes) -> Submission:
        """A record that names photos, sent; it speaks of a home of its own."""
        visit = self.tablet.visit(VILLAGE)
        answers = {**visit.answers, "photos": [{"photo": f"{sha(each)}.jpg"} for each in contents]}
        record = Submission(**{**vars(visit), "answers": answers, "id": str(uuid.uuid4())})
        self.tablet.sync(self.address, record)
        return record

    def create(self, content: bytes, *, first: bytes | None = None, **told: str) -> httpx.Response:
        headers = tus_headers(
            Upload_Length=str(len(content)), Upload_Metadata=metadata(**{"sha256": sha(content), **told})
        )
        if first is not None:
            headers["Content-Type"] = BYTES
        return self._ask("POST", "", headers, first or b"")

    def patch(self, sha256: str, offset: int, piece: bytes) -> httpx.Response:
        headers = tus_headers(Upload_Offset=str(offset), Content_Type=BYTES)
        return self._ask("PATCH", f"/{sha256}", headers, piece)

    def head(self, sha256: str) -> httpx.Response:
        return self._ask("HEAD", f"/{sha256}", tus_headers(), b"")

    def standing(self, *hashes: str) -> dict:
        answer = self.client.post(
            f"{self.address}/sync/v1/photos/standing", json={"photos": hashes}, headers=self.tablet.headers()
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _ask(self, method: str, path: str, headers: dict[str, str], content: bytes) -> httpx.Response:
        address = f"{self.address}/sync/v1/photos{path}"
        return self.client.request(method, address, headers=headers | self.tablet.headers(), content=content)


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Makes a small JPEG, another for another seed."""
    return jpeg


@pytest.fixture
def client():
    with httpx.Client(timeout=60, trust_env=False, verify=False) as made:
        yield made


@pytest.fixture
def sending(running, tablet, client) -> Sending:
    return Sending(running.address, tablet, client)


@pytest.fixture
def another(running, enrol, client) -> Callable[[], Sending]:
    """One more tablet of the same county."""
    return lambda: Sending(running.address, enrol(running.app.state.engine, running.clock, VILLAGE), client)
