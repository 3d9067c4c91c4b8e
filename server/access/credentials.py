"""Passwords, tokens and codes: made from true randomness, kept as hashes.

Passwords are few and chosen by people, so they are hashed slowly (argon2). Tokens, device secrets and codes
are long and random; a plain SHA-256 keeps them as safe and is looked up by an index.
"""

from __future__ import annotations

import hashlib
import secrets
from functools import lru_cache
from typing import Final

from pwdlib import PasswordHash

from server.access.rules import CODE_ALPHABET, CODE_LENGTH

PASSWORD_LENGTH: Final = 14
TOKEN_BYTES: Final = 32


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@lru_cache(maxsize=1)
def _hash_of_nothing() -> str:
    return _hasher().hash(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    return _hasher().hash(password)


def password_matches(password: str, password_hash: str | None) -> bool:
    """Takes as long for a login that does not exist, so that logins cannot be found out by the clock."""
    matches = _hasher().verify(password, password_hash or _hash_of_nothing())
    return matches and password_hash is not None


def new_password() -> str:
    """A random password a person can copy from a screen: letters and digits that are not mistaken for
    others.
    """
    alphabet = CODE_ALPHABET + "abcdefghjkmnpqrstwxyz"
    return "".join(secrets.choice(alphabet) for _ in range(PASSWORD_LENGTH))


def new_token() -> str:
    return "ch_" + secrets.token_urlsafe(TOKEN_BYTES)


def new_nonce() -> str:
    return secrets.token_urlsafe(16)


def new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
