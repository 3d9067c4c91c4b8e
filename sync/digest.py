"""Count and digest of what a village holds: how two ends find out, in 20 bytes, that they hold the same.

A digest is the number of rows and the sum mod 2^128 of a term for each row. A sum, because it can be kept while
rows come and go, in whatever order: minus the old term, plus the new. A term is the first half of the SHA-256 of
the row as it travels: its key, its place, its version, its values (masked ones masked) and open conflicts.

What is hashed is named field by field, so that neither the encoding a row came in nor a field that a later
version adds can change it. Properties that begin with "_" are left out: the hub makes them on the way out, and
another release of one of its libraries may make them otherwise.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sync import masking
from sync.codec import encode
from sync.facts import Held, Key
from sync.masking import Masked
from sync.messages import EntityState

RULE: Final = 1
"""Which rule this is: whoever changes what is hashed raises it, and every kept digest is counted anew."""

BITS: Final = 128
MODULUS: Final = 1 << BITS
_TEXT: Final = re.compile(r"[0-9a-f]{8}[0-9a-f]{32}")


@dataclass(frozen=True)
class Digest:
    """``rows``: how many; ``total``: the sum of their terms mod 2^128. A change of a digest is one too."""

    rows: int = 0
    total: int = 0

    def __add__(self, other: Digest) -> Digest:
        return Digest(self.rows + other.rows, (self.total + other.total) % MODULUS)

    def __sub__(self, other: Digest) -> Digest:
        return Digest(self.rows - other.rows, (self.total - other.total) % MODULUS)

    def __str__(self) -> str:
        """As it travels and is kept: 8 hexadecimal digits of the count, 32 of the sum."""
        return f"{self.rows & 0xFFFFFFFF:08x}{self.total:032x}"


NOTHING: Final = Digest()
EMPTY: Final = str(NOTHING)


def read(text: str) -> Digest:
    """The digest of a text that `str` made. Raises ValueError."""
    if not _TEXT.fullmatch(text):
        raise ValueError(f"not a digest: {text!r}")
    return Digest(int(text[:8], 16), int(text[8:], 16))


def term(state: EntityState) -> str:
    """What a row adds to the sum, 32 hexadecimal digits. ``state``: as it travels, masked."""
    made = [name for name in state.props if name[:1] == "_"]
    own = {name: value for name, value in state.props.items() if name not in made} if made else state.props
    conflicts = [
        (each.id, each.property, each.submission, each.base, each.mine, each.theirs, each.by, each.at, each.person)
        for each in state.conflicts
    ]  # fmt: skip
    row = (state.dataset, state.id, state.village, state.version, state.updated_at, own, conflicts)
    return hashlib.sha256(encode(row)).hexdigest()[: BITS // 4]


def of_terms(terms: Iterable[str]) -> Digest:
    """The digest of rows whose terms these are."""
    rows = total = 0
    for each in terms:
        rows += 1
        total += int(each, 16)
    return Digest(rows, total % MODULUS)


def of(states: Iterable[EntityState]) -> Digest:
    return of_terms(term(state) for state in states)


def over(digests: Mapping[str, str]) -> str:
    """One digest over several villages (village → digest), 32 hexadecimal digits."""
    return hashlib.sha256(encode(digests)).hexdigest()[: BITS // 4]


def of_held(held: Held, masked: Masked) -> Digest:
    """What an entity adds to the digest of the village it stands in: nothing, if it stands in none."""
    return of_terms([_term_of(held, masked)]) if held.same_as is None else NOTHING


def _term_of(held: Held, masked: Masked) -> str:
    return term(masking.entity(held.state(), masked))


def deltas(before: Mapping[Key, Held], changed: Sequence[Held], masked: Masked) -> dict[str, Digest]:
    """Village → by how much its digest changes, when these entities become as they are in ``changed``."""
    came, went = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for now in changed:
        for terms, held in ((went, before.get(now.key)), (came, now)):
            if held and held.same_as is None:
                terms[held.village].append(_term_of(held, masked))
    found = {village: of_terms(came[village]) - of_terms(went[village]) for village in {**went, **came}}
    return {village: delta for village, delta in found.items() if delta != NOTHING}


def masked_name(masked: Masked) -> str:
    """Names what is masked, and this rule: digests kept under another name are worth nothing."""
    named = {dataset: sorted(names) for dataset, names in masked.items()}
    return hashlib.sha256(encode((RULE, named))).hexdigest()[: BITS // 4]
