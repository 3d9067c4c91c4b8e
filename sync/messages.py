"""What travels between a tablet and the hub, as frozen values, and the bounds on all of it.

`codec.py` beside this file turns them into JSON and back; README.md here is the protocol they belong to.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from sync.strict import Fault

PROTOCOLS = (1,)  # that are spoken here, the newest last
PROTOCOL = PROTOCOLS[-1]
MAX_BODY_BYTES = 2_000_000
SUBMISSIONS_PER_REQUEST = 100
ENTITIES_PER_REPLY = 500
CHARS_PER_REPLY = 4_000_000  # of entity values; a page ends early rather than grow past it
FORMS_PER_REPLY = 20
PART_BYTES_MAX = 64_000_000  # of a snapshot part, packed: far more than a tablet could wait for
VILLAGES_PER_TABLET = 1_000
TARGETS_PER_SUBMISSION = 16
PROPERTIES_PER_ENTITY = 500
VALUE_CHARS_MAX = 4_000
ANSWERS_DEPTH_MAX = 12
ANSWERS_NODES_MAX = 5_000
FORMER_DEVICES = 50

Answers: TypeAlias = "Mapping[str, str | Answers | list[Answers]]"
Screen: TypeAlias = Mapping[str, Mapping[str, str]]
"""Dataset → property → what stood on the screen when the interview began, where that was not the target's ``base``
("" = nothing): values of the tablet's own that lay over it."""
Outcome: TypeAlias = Literal["applied", "merged", "conflict", "rejected"]
FieldResult: TypeAlias = Literal["applied", "same", "superseded", "conflict"]
Anew: TypeAlias = Literal["restored", "cloned"]


@dataclasses.dataclass(frozen=True)
class Target:
    """One entity that a submission creates or changes, and what its surveyor had seen of it.

    ``base_version`` 0 = new for this tablet. ``base``: the hub's values at that version of the properties
    this form saves, never the tablet's own pending view; absent = the hub had no value. ``follows``: its
    latest earlier submission on the entity whose result ``base_version`` does not contain yet.
    """

    dataset: str
    id: str
    base_version: int
    base: Mapping[str, str]
    follows: str | None

    @property
    def key(self) -> str:
        return f"{self.dataset}/{self.id}"


@dataclasses.dataclass(frozen=True)
class Submission:
    """What a surveyor recorded. Never changed after it was made; its id is stored before the first send.

    ``history``: the hub history under which the base versions were seen. ``device_seq`` counts from 1 on this
    tablet, ``previous_hash`` is `submission_hash` of the one before ("" for the first). ``corrects``: the
    submission this one was begun from. ``observed_at``: the tablet's clock, UTC.
    """

    id: str
    device: str
    device_seq: int
    previous_hash: str
    history: str | None
    county: str
    village: str
    person: str
    form: str
    form_version: str
    observed_at: str
    corrects: str | None
    targets: tuple[Target, ...]
    answers: Answers


@dataclasses.dataclass(frozen=True)
class FieldOutcome:
    """What became of one value that the surveyor changed in an entity the hub knew; None = no value there.

    ``base``: what the surveyor had seen. ``theirs``: the registry's value when this was judged.
    ``theirs_submission`` by person ``theirs_by``, observed at ``theirs_at`` ("" = not known), is what it met:
    the one that had set that value; in a conflict, that had set it or another of its guard group unseen; the
    one that superseded it.
    """

    dataset: str
    id: str
    property: str
    outcome: FieldResult
    base: str | None
    mine: str
    theirs: str | None
    theirs_submission: str
    theirs_by: str
    theirs_at: str


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The hub's last word on a submission, given after commit and repeated unchanged to every resend.

    ``code``, ``field``, ``reason``: why rejected (reason in Chinese); ``faults``: (path, message) of each.
    ``versions``: "dataset/id" → the entity's version that contains this submission's result.
    """

    submission: str
    outcome: Outcome
    marks: tuple[str, ...] = ()
    code: str | None = None
    field: str | None = None
    reason: str | None = None
    faults: tuple[tuple[str, str], ...] = ()
    versions: Mapping[str, int] = dataclasses.field(default_factory=dict)
    fields: tuple[FieldOutcome, ...] = ()


@dataclasses.dataclass(frozen=True)
class NotYet:
    """No verdict: the hub lacks the form version or the village; the tablet keeps it and asks again."""

    submission: str
    code: Literal["form_unknown", "village_unknown"]
    reason: str


@dataclasses.dataclass(frozen=True)
class Conflict:
    """An open disagreement about one property, carried on the entity until a person decides.

    ``submission`` sent ``mine`` (by ``person``, observed ``at``), having seen ``base``; the registry held
    ``theirs`` when it opened. ``by``: the submission that stood against it (it set the property, or another
    of its guard group). Property `VILLAGE` is the entity's village.
    """

    id: str
    property: str
    submission: str
    base: str | None
    mine: str
    theirs: str | None
    by: str
    at: str
    person: str


VILLAGE = "__village"  # no form can save to it: the entities specification reserves a leading "__"


@dataclasses.dataclass(frozen=True)
class EntityState:
    """An entity as the registry has it. ``gone``: it has left ``village`` (remove it only if held there).
    ``same_as``: of one that is gone, its id lives on as an alias of this entity of the same dataset."""

    dataset: str
    id: str
    village: str
    version: int
    props: Mapping[str, str]
    conflicts: tuple[Conflict, ...]
    updated_at: str
    gone: bool = False
    same_as: str | None = None

    @property
    def key(self) -> str:
        return f"{self.dataset}/{self.id}"


@dataclasses.dataclass(frozen=True)
class Cursor:
    """How far a tablet has read a village: ``seq`` of the feed, or, inside the first snapshot, ``head`` (the
    feed's head before its first page) and ``after`` (the last key received, "dataset/id")."""

    seq: int | None = None
    head: int | None = None
    after: str | None = None


@dataclasses.dataclass(frozen=True)
class Village:
    code: str
    name: str
    township_name: str
    area_class: str | None


@dataclasses.dataclass(frozen=True)
class FormXml:
    """A released form; ``sha256`` is that of ``xml`` as UTF-8, hexadecimal."""

    id: str
    version: str
    sha256: str
    xml: str


@dataclasses.dataclass(frozen=True)
class Request:
    """One contact. ``chain_seq``, ``chain_hash``: head of the tablet's chain. ``waiting``: how many
    submissions wait on it, this request's included. ``held``: each village it holds → its cursor (None =
    nothing read yet). ``free_bytes``: what is left of its storage, None = it does not know.
    ``photos_waiting``: photos that have no receipt yet. ``digest``: of all villages read to their heads, as
    they are held at the cursors in ``held``; None = cannot say now. ``digests``: village → digest, where the
    last reply asked for them. ``county_key``: id of the county's public key it holds, "" = none.
    ``challenge``: the one of the last reply, given back. ``can``: ways of saying things that this tablet reads
    (``wire.py``). ``part``: the snapshot part it has received so far. ``screens``: submission → `Screen`, of those that
    have one; None = an app that does not say."""

    protocol: int
    device: str
    history: str | None
    sent_at: str
    app_version: str
    chain_seq: int
    chain_hash: str
    waiting: int
    villages_hash: str
    held: Mapping[str, Cursor | None]
    forms: tuple[str, ...]
    submissions: tuple[Submission, ...]
    free_bytes: int | None = None
    photos_waiting: int = 0
    digest: str | None = None
    digests: Mapping[str, str] = dataclasses.field(default_factory=dict)
    county_key: str = ""
    challenge: str | None = None
    can: tuple[str, ...] = ()
    part: PartSoFar | None = None
    screens: Mapping[str, Screen] | None = None


@dataclasses.dataclass(frozen=True)
class PartSoFar:
    """A tablet has the first ``size`` bytes of the part called ``name``."""

    name: str
    size: int


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of a snapshot follows the reply, from byte ``since`` on: ``size`` bytes in all, packed as
    ``encoding`` says, called by the SHA-256 over them. What it brings counts once it is whole."""

    name: str
    encoding: str
    size: int
    since: int


@dataclasses.dataclass(frozen=True)
class Reply:
    """``villages`` None = the list is unchanged. ``more``: ask again now, there is more to read. ``people``:
    id → name of those whom verdicts and conflicts in this reply name. ``ask_digests``: what the tablet holds
    is not what it was sent; which village? ``reread``: these it is to read anew, from a snapshot. ``county_key``:
    the county's public key, hexadecimal, to a tablet that stated another or none. ``challenge``: the chain seems
    to have gone back; state it again, with this. ``enrol_again``: this device id is closed, and why.
    ``takes``: ways of saying things that this hub reads, to a tablet that has used none of them. ``part``: what
    follows; ``more`` then is about what comes after it."""

    protocol: int
    history: str
    now: str
    county: str
    person: str
    verdicts: tuple[Verdict, ...]
    not_yet: tuple[NotYet, ...]
    villages: tuple[Village, ...] | None
    forms: tuple[FormXml, ...]
    changes: tuple[EntityState, ...]
    cursors: Mapping[str, Cursor]
    more: bool
    people: Mapping[str, str] = dataclasses.field(default_factory=dict)
    ask_digests: bool = False
    reread: tuple[str, ...] = ()
    county_key: str = ""
    challenge: str | None = None
    enrol_again: Anew | None = None
    takes: tuple[str, ...] = ()
    part: Part | None = None


@dataclasses.dataclass(frozen=True)
class ChainEnd:
    """The last record that a tablet has of a chain of its own: its place and its hash."""

    device: str
    seq: int
    hash: str


@dataclasses.dataclass(frozen=True)
class EnrolRequest:
    """``device`` and ``secret`` are made and stored on the tablet before the first send. ``formers``: ids it was
    enrolled under before, and still has records of; ``ends``: where the chains of these end, the earliest first."""

    protocol: int
    code: str
    device: str
    secret: str
    device_name: str
    app_version: str
    formers: tuple[str, ...] = ()
    ends: tuple[ChainEnd, ...] = ()


@dataclasses.dataclass(frozen=True)
class EnrolReply:
    device: str
    county: str
    county_name: str
    person: str
    person_name: str
    history: str
    now: str
    villages: tuple[Village, ...]
    county_key: str = ""
    takes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Problem:
    """A refusal's body: ``error`` is the code, ``message`` what is wrong, ``remedy`` what to do (Chinese).
    ``proof``: of ``device_revoked`` alone, see `revocation.py`; ``history``: the hub's, with it."""

    error: str
    message: str
    remedy: str
    proof: str = ""
    history: str = ""


@dataclasses.dataclass(frozen=True)
class Malformed:
    """A submission that cannot be read, inside a request that can. ``raw`` is its JSON text, ASCII only."""

    id: str | None
    faults: tuple[Fault, ...]
    raw: str


class Said(NamedTuple):
    """A submission as canonical JSON, and the SHA-256 of that, hexadecimal."""

    text: str
    hash: str


@dataclasses.dataclass(frozen=True)
class Incoming:
    """A request as received. ``said``: of each of its submissions, where whoever read it had to make that anyway."""

    request: Request
    malformed: tuple[Malformed, ...]
    said: tuple[Said, ...] = dataclasses.field(default=(), compare=False, repr=False)
