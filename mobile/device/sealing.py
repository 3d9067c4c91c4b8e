"""Sealing with the county's public key: the one thing the tablet needs compiled cryptography for.

X25519, HKDF-SHA256 and ChaCha20-Poly1305, all of them in the version python-for-android has a recipe for. Apart from
`sync.sealed`, which knows the file and no cryptography.
"""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sync.sealed import Cipher, purpose


def seal(public: bytes) -> tuple[bytes, Cipher]:
    """A fresh public key, and the cipher that only it and the holder of the county's private key can make."""
    fresh = X25519PrivateKey.generate()
    shared = fresh.exchange(X25519PublicKey.from_public_bytes(public))
    told = fresh.public_key().public_bytes_raw()
    key = HKDF(SHA256(), 32, None, purpose(told, public)).derive(shared)
    return told, ChaCha20Poly1305(key)
