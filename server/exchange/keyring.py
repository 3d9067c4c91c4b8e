"""The county's keys: tablets get the public one when they enrol, and seal with it what a lost tablet still held.

The private ones lie beside the server's other secret, in the data folder, readable by its owner only, or come from
the environment where several servers stand before one database. The last key is the one that is handed out; older
ones stay, because a file names the key it was sealed for and may come to light years later. They are no part of the
database and of no backup of it: a copy of the database alone opens no rescue file.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.web import N_, Problem
from sync.sealed import Cipher, key_id, purpose

FILE: Final = "county-keys"


@dataclass(frozen=True)
class _Opening:
    """The cipher of one file; says what was altered the way `sync.sealed` expects it."""

    cipher: ChaCha20Poly1305

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        return self.cipher.encrypt(nonce, data, associated_data)

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        try:
            return self.cipher.decrypt(nonce, data, associated_data)
        except InvalidTag:
            raise ValueError("altered") from None


@dataclass(frozen=True)
class Keyring:
    """`public`: the key tablets are given, hexadecimal; `private`: id → key, of all there ever were."""

    public: str
    private: Mapping[str, X25519PrivateKey]

    @property
    def id(self) -> str:
        """Of the key that is handed out now, as a rescue file names it."""
        return key_id(self.public)

    def unseal(self, key: str, fresh: bytes) -> Cipher | None:
        """The cipher of a file sealed for key id `key`; None: not one of ours. Fits `sync.sealed.Unseal`."""
        ours = self.private.get(key)
        if ours is None:
            return None
        shared = ours.exchange(X25519PublicKey.from_public_bytes(fresh))
        info = purpose(fresh, ours.public_key().public_bytes_raw())
        return _Opening(ChaCha20Poly1305(HKDF(SHA256(), 32, None, info).derive(shared)))


def opened(folder: Path, given: str = "") -> Keyring:
    """The keys of the environment (`given`: hexadecimal, separated by commas, the present one last), else those in
    the data folder; a first one is made there. Raises Problem `county_keys`.
    """
    return _keyring(given.split(",") if given else _lines(folder))


def renew(folder: Path) -> Keyring:
    """From now on tablets are given another key; what was sealed for the earlier ones can still be read. The new one
    is on the disk before anybody is given it; two that renew at once make two keys, and none is lost.
    """
    with _alone(folder):
        _write(folder / FILE, [*_lines(folder), _new()])
    return opened(folder)


def stamp(folder: Path) -> tuple[int, int] | None:
    """Changes whenever the keys do; None where there is no file."""
    try:
        found = (folder / FILE).stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _new() -> str:
    return X25519PrivateKey.generate().private_bytes_raw().hex()


def _lines(folder: Path) -> list[str]:
    path = folder / FILE
    if not path.exists():
        first = path.with_name(f"{FILE}.{os.getpid()}")
        _write(first, [_new()])
        # Whoever starts at the same moment makes one too; the first that has its name stays.
        with suppress(FileExistsError):
            os.link(first, path)
        first.unlink()
    return path.read_text().split()


def _write(path: Path, lines: list[str]) -> None:
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _keyring(lines: list[str]) -> Keyring:
    try:
        keys = [X25519PrivateKey.from_private_bytes(bytes.fromhex(line.strip())) for line in lines]
        public = [key.public_key().public_bytes_raw().hex() for key in keys]
        return Keyring(public[-1], {key_id(name): key for name, key in zip(public, keys, strict=True)})
    except (ValueError, IndexError) as fault:
        raise Problem(
            "county_keys",
            500,
            N_("县密钥文件 county-keys 读不懂。"),
            N_("请从保存的副本恢复这个文件；不要删除，否则打不开已有的救援文件。"),
        ) from fault
