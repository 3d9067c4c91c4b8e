"""Whether the records of one device id still form one line, or somebody has gone back on it or gone another way.

A tablet restored from a backup and a tablet that was copied look alike from afar: the same id, the same secret,
a chain that does not fit what the hub has seen. Apart from ``hub.py`` because nothing here judges a record: every
submission is taken under its own id, whatever becomes of the device. Pure; the store reads what `asked` names.

Two words of a tablet, or one: a request may come late, overtaken by a later one of the same tablet, and then its
head lies behind without anything being wrong. So *behind* is asked again with a challenge that only whoever reads
the reply can give back. A *fork* cannot come from a late request: it is believed at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync.codec import submission_hash
from sync.messages import Anew, Request, Submission

BRANCH = "~"


@dataclass(frozen=True)
class Link:
    """A submission in the journal: its id, its hash, the line it belongs to (`lines`), and what it goes on from."""

    id: str
    hash: str
    line: str = ""
    previous_hash: str = ""


@dataclass(frozen=True)
class Known:
    """What the hub knows of a device: the furthest head it stated, the challenge that is open, whether it is
    closed; and of the places `asked` for, device_seq → what the journal has there."""

    seq: int = 0
    hash: str = ""
    challenge: str | None = None
    closed: Anew | None = None
    links: Mapping[int, Sequence[Link]] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """What a contact leaves behind: the head to remember, whether to ask again, whether the device is closed."""

    seq: int
    hash: str
    ask: bool = False
    closed: Anew | None = None


def asked(request: Request, seq: int) -> frozenset[int]:
    """Which places of the chain must be looked up in the journal: what is sent from at or behind the head known so far,
    and a head behind that. A head that is equal is known by its hash."""
    places = {each.device_seq + step for each in _own(request) for step in (0, 1)}
    if request.chain_seq < seq:
        places.add(request.chain_seq)
    return frozenset(place for place in places if 0 < place <= seq)


def judge(request: Request, known: Known) -> Standing:
    """Equal or ahead is fine; behind is asked once more, and then a restored backup; another way is a copy."""
    if known.closed:
        return Standing(known.seq, known.hash, closed=known.closed)
    if _forked(request, known):
        return Standing(known.seq, known.hash, closed="cloned")
    if request.chain_seq >= known.seq:
        return Standing(request.chain_seq, request.chain_hash)
    if known.challenge is not None and request.challenge == known.challenge:
        return Standing(known.seq, known.hash, closed="restored")
    return Standing(known.seq, known.hash, ask=True)


def _own(request: Request) -> list[Submission]:
    return [each for each in request.submissions if each.device == request.device]


def _forked(request: Request, known: Known) -> bool:
    for each in _own(request):
        if _beside(each, known.links):
            return True
        if each.device_seq == known.seq + 1 and each.previous_hash != known.hash:
            return True
    if request.chain_seq == known.seq:
        return request.chain_hash != known.hash
    there = known.links.get(request.chain_seq, ())
    return bool(there) and all(link.hash != request.chain_hash for link in there)


def around(submissions: Iterable[Submission]) -> frozenset[int]:
    """The places of these in their chain, and those beside them: what `parted` looks at, and from the first of which
    on `lines` does."""
    return frozenset(each.device_seq + step for each in submissions for step in (-1, 0, 1))


def parted(submissions: Iterable[Submission], links: Mapping[int, Sequence[Link]]) -> bool:
    """Whether one of a device's records stands beside another, or goes on from another, than the journal has at its
    place; of a place where nothing is, nothing is known. ``links``: the journal's, `around` these."""
    return any(
        _beside(each, links) or _not_upon(each, links.get(each.device_seq - 1, ())) for each in submissions
    )


def _beside(each: Submission, links: Mapping[int, Sequence[Link]]) -> bool:
    there, after = links.get(each.device_seq, ()), links.get(each.device_seq + 1, ())
    if there:
        # By id, not by content: another body under a known id is kept apart by the hub already.
        return all(link.id != each.id for link in there)
    return bool(after) and all(link.previous_hash != submission_hash(each) for link in after)


def _not_upon(each: Submission, before: Sequence[Link]) -> bool:
    return bool(before) and all(link.hash != each.previous_hash for link in before)


# --- lines -------------------------------------------------------------------------------------------------


def enrolled(line: str, seq: int, device: str) -> str:
    """The line of a tablet that enrolled anew as ``device``: it goes on from the last record it had of its former one,
    at ``seq`` in ``line``, as a copy does from where it parted. Its own places are counted from 1 again."""
    return f"{line}{BRANCH}{seq + 1}.{device[:8]}"


def root(line: str, device: str) -> str:
    """How a device's line begins, by the line of any of its records."""
    before, named, _ = line.partition("." + device[:8])
    return before + named if named else device


def lines(
    device: str, submissions: Iterable[Submission], links: Mapping[int, Sequence[Link]]
) -> dict[str, str]:
    """Submission id → the line it belongs to, for records made under one device id of which there are copies.

    The first way that came here is called like the ``device`` itself (or as `enrolled` says); another one, from where
    it leaves, after the first of its records to come: "device~seq.id". ``links``: the journal's, from the place before
    these on.
    """
    at = {seq: list(there) for seq, there in links.items()}
    ordered = sorted(submissions, key=lambda each: each.device_seq)
    own = [Link(each.id, submission_hash(each), "", each.previous_hash) for each in ordered]
    coming: dict[int, list[Link]] = {}
    for each, link in zip(ordered, own, strict=True):
        coming.setdefault(each.device_seq, []).append(link)
    found: dict[str, str] = {}
    for each, link in zip(ordered, own, strict=True):
        known = next((there.line for there in at.get(each.device_seq, ()) if there.id == each.id), None)
        found[each.id] = line = known or _line(each, link.hash, device, at, coming)
        at.setdefault(each.device_seq, []).append(replace(link, line=line))
    return found


def _line(
    each: Submission, own: str, device: str, at: Mapping[int, Sequence[Link]],
    coming: Mapping[int, Sequence[Link]],
) -> str:  # fmt: skip
    """The line it goes on from, if no other record does; else the one that goes on from it and came before it, as
    may be after a restore; else a new one. ``own``: its hash. ``at``: what is here; ``coming``: with it."""
    here, before, after = (at.get(each.device_seq + step, ()) for step in (0, -1, 1))
    base = next((link.line for link in before if link.hash == each.previous_hash), "")
    if not each.previous_hash:
        base = device
    leads_to = [link.line for link in after if link.previous_hash == own]
    taken = {link.line for link in here} | {link.line for link in after} - set(leads_to)
    if base and base not in taken and _runs_on(each.device_seq, own, base, at, coming):
        return base
    others = {link.line for link in before if link.hash != each.previous_hash}
    if line := next((line for line in leads_to if line not in taken | others), None):
        return line
    # Where it left the others is not known: then none of theirs is its own for certain.
    place = each.device_seq if base else 1
    return f"{base or device}{BRANCH}{place}.{each.id[:8]}"


def _runs_on(
    seq: int, own: str, line: str, at: Mapping[int, Sequence[Link]], coming: Mapping[int, Sequence[Link]]
) -> bool:
    """Whether what a line has beyond a place goes on from the record with this hash there. Across a gap, of what a
    restored hub has forgotten, nobody can say so."""
    held = (place for place, there in at.items() if any(link.line == line for link in there))
    nearest = min((place for place in held if place > seq), default=0)
    hashes = {own}
    for place in range(seq + 1, nearest):
        there = (*at.get(place, ()), *coming.get(place, ()))
        hashes = {link.hash for link in there if link.previous_hash in hashes}
    return not nearest or any(link.line == line and link.previous_hash in hashes for link in at[nearest])


def apart(line: str, seq: int, other: str, other_seq: int) -> int:
    """How far one record of a tablet stands after another of the *same* tablet (in links, unless it enrolled anew in
    between); 0 if neither was made upon the other: two tablets, or two copies of one after they had parted."""
    if line == other:
        return seq - other_seq
    if len(line) > len(other):
        return -apart(other, other_seq, line, seq)
    left = other.removeprefix(line + BRANCH)
    parted_at = int(left.split(".", 1)[0]) if left != other else 0
    return min(seq - other_seq, -1) if seq < parted_at else 0
