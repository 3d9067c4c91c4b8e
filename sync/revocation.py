"""The one thing a revoked tablet may learn, and how it knows that it is true.

A tablet that believes itself revoked wipes what the hub has and seals the rest, so it must not do that on anybody's
word: a captive portal also answers 403, and so does another server at the old address. The refusal therefore
carries a proof that only whoever knows the tablet's secret can make: an HMAC, keyed with the secret's SHA-256 (all
the hub keeps of it), over the very bytes of the request it answers. Those hold the instant and the chain's head, so
an answer kept from an earlier time fits no later request, and no field has to travel for it.

Who can read a tablet's requests on an open line has the secret and could forge the proof, as he could forge every
receipt; against him there is TLS. And even then nothing is lost: the wipe takes only what has receipts.
"""

from __future__ import annotations

import hashlib
import hmac

CODE = "device_revoked"
_PURPOSE = b"cleanheat device_revoked 1\0"


def proof(secret_sha256: str, body: bytes) -> str:
    """Of the refusal that answers ``body`` (the request as JSON, unpacked); ``secret_sha256`` in hexadecimal."""
    return hmac.digest(bytes.fromhex(secret_sha256), _PURPOSE + hashlib.sha256(body).digest(), "sha256").hex()


def proven(secret: str, body: bytes, told: str) -> bool:
    """Whether the hub that knows this ``secret`` said so, and to this very request."""
    return hmac.compare_digest(proof(hashlib.sha256(secret.encode()).hexdigest(), body), told)
