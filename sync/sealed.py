"""A sealed file: anybody with a county's public key can write one, only the county's server can read it.

The frame is here, the cryptography is handed in from both ends (on the tablet by ``mobile/device``, on the server by
``server/exchange``), because this package stays free of compiled code. One line of text says what the file is, one of
JSON for which key; then come pieces, each encrypted and authenticated together with those two lines, numbered, the
last one marked. So a file that was cut, put together anew or begun for another county does not open at all.

The key of a file is agreed anew for each (X25519 between a fresh key and the county's, HKDF-SHA256 with `purpose`),
so counting nonces from zero never repeats one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Final, Protocol

MAGIC: Final = b"cleanheat sealed 1\n"
PIECE_BYTES: Final = 1 << 16
_TAG_BYTES: Final = 16
_HEADER_BYTES_MAX: Final = 1_000
_KEY_HEX: Final = 64


class Cipher(Protocol):
    """Authenticated encryption under one key (ChaCha20-Poly1305): 12 bytes of nonce, 16 of tag."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Raises `ValueError` where anything was altered."""
        ...


Seal = Callable[[bytes], tuple[bytes, Cipher]]
"""The county's public key → a fresh public key, and the cipher the two agree on."""

Unseal = Callable[[str, bytes], Cipher | None]
"""Id of the county's key, the file's public key → their cipher; None: that key is not ours."""


class SealProblem(Exception):
    """``code``: not_sealed (another kind of file), other_key (not for this server), damaged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def key_id(public: str) -> str:
    """What names a public key (hexadecimal): the beginning of its SHA-256; "" for none."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16] if public else ""


def purpose(fresh: bytes, public: bytes) -> bytes:
    """What a file's key is for, bound to both public keys: the ``info`` of HKDF at both ends."""
    return MAGIC + fresh + public


@dataclass
class Sealing:
    """A file being sealed: `write` as often as needed, then `finish`; without that it does not open."""

    file: IO[bytes]
    cipher: Cipher
    header: bytes
    left: bytearray
    pieces_n: int = 0

    @classmethod
    def begin(cls, file: IO[bytes], public: str, county: str, seal: Seal) -> Sealing:
        fresh, cipher = seal(bytes.fromhex(public))
        told = {"county": county, "fresh": fresh.hex(), "key": key_id(public)}
        header = MAGIC + json.dumps(told, sort_keys=True).encode() + b"\n"
        file.write(header)
        return cls(file, cipher, header, bytearray())

    def write(self, data: bytes) -> int:
        self.left += data
        while len(self.left) > PIECE_BYTES:
            self._piece(bytes(self.left[:PIECE_BYTES]), last=False)
            del self.left[:PIECE_BYTES]
        return len(data)

    def flush(self) -> None:
        """Nothing: pieces go out when they are full."""

    def finish(self) -> None:
        self._piece(bytes(self.left), last=True)
        self.left.clear()

    def _piece(self, data: bytes, *, last: bool) -> None:
        self.file.write(self.cipher.encrypt(_nonce(self.pieces_n, last), data, self.header))
        self.pieces_n += 1


@dataclass(frozen=True)
class Header:
    """For whom a file is sealed, told in the open: ``county``, the id of its key, the file's own public key."""

    county: str
    key: str
    fresh: bytes
    raw: bytes


def read_header(file: IO[bytes]) -> Header:
    """Raises `SealProblem` ``not_sealed``."""
    magic = file.read(len(MAGIC))
    line = file.readline(_HEADER_BYTES_MAX)
    try:
        told = json.loads(line)
        header = Header(str(told["county"]), str(told["key"]), bytes.fromhex(told["fresh"]), magic + line)
    except (ValueError, KeyError, TypeError):
        raise SealProblem("not_sealed") from None
    if magic != MAGIC or not line.endswith(b"\n") or len(header.fresh) * 2 != _KEY_HEX:
        raise SealProblem("not_sealed")
    return header


def unseal(file: IO[bytes], out: IO[bytes], unseal: Unseal) -> Header:
    """Write what is sealed in ``file`` to ``out``. Raises `SealProblem`; then what is in ``out`` is worth nothing."""
    header = read_header(file)
    try:
        cipher = unseal(header.key, header.fresh)
    except ValueError:
        raise SealProblem("damaged") from None
    if cipher is None:
        raise SealProblem("other_key")
    number, piece = 0, file.read(PIECE_BYTES + _TAG_BYTES)
    while True:
        following = file.read(PIECE_BYTES + _TAG_BYTES)
        try:
            out.write(cipher.decrypt(_nonce(number, not following), piece, header.raw))
        except ValueError:
            raise SealProblem("damaged") from None
        if not following:
            return header
        number, piece = number + 1, following


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
