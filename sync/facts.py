"""What the hub knows and what it decides, as frozen values: the border between the pure hub and its store.

The store loads `Facts` (in two reads, see ``hub.needed`` and ``hub.needed_past``), calls ``hub.push``, and
writes `Pushed` in one transaction; it reads nothing into these values and adds nothing to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, TypeAlias

from sync.alike import Alike
from sync.messages import (
    Answers,
    Conflict,
    Cursor,
    EntityState,
    FieldResult,
    NotYet,
    Screen,
    Submission,
    Verdict,
)

Key: TypeAlias = str  # of an entity: "dataset/id"
Kind: TypeAlias = Literal["submission", "malformed", "differs", "office"]


# PropertyState and Step are tuples because they come by the dozen with every entity and every submission.
class PropertyState(NamedTuple):
    """A value in the registry, with the entity version and the submission that last set it.

    ``seen``: what its setter had seen before (newest first). More than one value only after a restore, when
    setters that came back in the wrong order are put behind one another.
    """

    value: str
    version: int
    submission: str
    seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Held:
    """An entity as the hub keeps it. ``version`` grows by one when values, conflicts or village change.

    ``placed``: how it came into ``village`` (its value), None if it was created there. ``epochs``: under
    which hub history its versions were made: (history, first version made under it), oldest first.
    ``same_as``: this id is an alias of that entity of the same dataset, and has no values of its own.
    ``parts``: of an entity that others were merged into, what each id would be without that (``alias.py``).
    """

    dataset: str
    id: str
    village: str
    version: int
    props: Mapping[str, PropertyState]
    conflicts: tuple[Conflict, ...] = ()
    updated_at: str = ""
    placed: PropertyState | None = None
    epochs: tuple[tuple[str, int], ...] = ()
    same_as: str | None = None
    parts: tuple[Held, ...] = ()

    @property
    def key(self) -> Key:
        return f"{self.dataset}/{self.id}"

    def made_under(self, version: int) -> str | None:
        """The hub history under which a version was made; None if before all that is known."""
        return next((history for history, first in reversed(self.epochs) if first <= version), None)

    def stood_under(self, version: int, history: str | None) -> bool:
        """Whether a version was there under a hub history: made under it, or before the restore that began it. A
        restored copy is the beginning of what was, so its versions hold on."""
        began = next((first for named, first in self.epochs if named == history), 0)
        return version < began or self.made_under(version) == history

    def leaves(self) -> Iterator[Held]:
        """What stands under each id that leads here, apart; the entity itself where nothing was merged into it."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()

    def ids(self) -> frozenset[str]:
        """Every id that leads here, its own included."""
        return frozenset(leaf.id for leaf in self.leaves())

    def values(self) -> dict[str, str]:
        """Property → value, as forms and tablets see it."""
        if isinstance(self.props, Alike):
            return dict(self.props.first)
        return {name: state.value for name, state in self.props.items()}

    def state(self) -> EntityState:
        """As it travels to tablets of its village: an alias as gone, with the id it leads to."""
        return EntityState(
            self.dataset, self.id, self.village, self.version, self.values(), self.conflicts, self.updated_at,
            self.same_as is not None, self.same_as,
        )  # fmt: skip

    def gone(self, village: str) -> EntityState:
        """As it travels to tablets of a ``village`` it has left."""
        return EntityState(self.dataset, self.id, village, self.version, {}, (), self.updated_at, gone=True)


class Step(NamedTuple):
    """One value of one submission: what it ``sent``, what its surveyor ``saw`` before, and what became of it
    ("" = left as it was seen). ``version``: of the entity, with its result in it."""

    sent: str
    saw: str | None
    outcome: FieldResult | Literal[""]
    version: int = 0


@dataclass(frozen=True)
class Trace:
    """What a submission did to one entity, kept for whatever follows or corrects it.

    ``steps``: its own values. ``trail``: changed values of those it follows, nearest first, that a follower
    stands on (where the tablet had nothing of the hub's to show, also what they left alone). ``lineage``: ids it
    follows or corrects, all the way back. ``base_version``, ``history``: what its surveyor saw. ``version``: the
    entity's, with its result in it (0: it left nothing there).
    ``device``, ``device_seq``: its place in a tablet's chain (of a copied one: in its line, see ``chain.py``).
    A tablet is never a stranger to itself.
    """

    steps: Mapping[str, Step]
    trail: Mapping[str, Step]
    lineage: tuple[str, ...]
    base_version: int
    history: str | None
    version: int
    device: str = ""
    device_seq: int = 0


@dataclass(frozen=True)
class Past:
    """A submission that has its verdict. ``hash``: of its content, to tell a resend from a clash of ids."""

    id: str
    hash: str
    verdict: Verdict
    person: str
    observed_at: str
    traces: Mapping[Key, Trace] = field(default_factory=dict)


@dataclass(frozen=True)
class Device:
    """The tablet that sends. ``held``: villages assigned to it now, ``formerly``: until some time ago."""

    id: str
    county: str
    held: frozenset[str]
    formerly: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Policy:
    """``groups``: dataset → property → guard group. Inside a group nothing merges silently; a property
    without a group is guarded against changes of itself only. ``version`` is stored with every decision.

    ``masked``: dataset → properties that travel to tablets by their last characters (``masking.py``).
    ``office``: datasets that the office alone writes; a tablet's record of one is rejected.
    """

    version: str
    groups: Mapping[str, Mapping[str, str]]
    masked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    office: frozenset[str] = frozenset()


class FormFault(Protocol):
    """A fault in answers: where, and what to say about it (Chinese). The survey forms' own faults fit."""

    @property
    def path(self) -> str: ...
    @property
    def message(self) -> str: ...


class FormRules(Protocol):
    """A released form, as the hub needs it. Both methods must answer for any `Answers`, never raise."""

    def check(self, answers: Answers, observed_at: datetime, given: Mapping[str, str]) -> Sequence[FormFault]:
        """Every fault in the answers; ``given``: county, village, person and ``<dataset>_id`` per target."""
        ...

    def changes(self, answers: Answers) -> Mapping[str, Mapping[str, str]]:
        """Dataset → property → value that the answers save ("" = asked and left empty)."""
        ...


@dataclass(frozen=True)
class Facts:
    """What the store knew when the transaction began.

    ``history``: the hub's present one. ``villages``: all of the county. ``forms``: (id, version) → rules.
    ``entities``: those that exist among the ones needed. ``known``: past submissions among the ones needed.
    ``ever_held``: device → villages of this county it holds or has held, for the other devices that
    submissions name: a tablet enrolled anew sends what it made under its former id. ``lines``: submission → the
    line it belongs to, where copies of its device made records side by side (`chain.lines`); else its device.
    """

    device: Device
    history: str
    villages: frozenset[str]
    forms: Mapping[tuple[str, str], FormRules]
    entities: Mapping[Key, Held]
    known: Mapping[str, Past]
    policy: Policy
    ever_held: Mapping[str, frozenset[str]] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Needed:
    """What to load for a request's submissions: ids of past ones, (dataset, id) of entities, forms."""

    past: frozenset[str]
    entities: frozenset[tuple[str, str]]
    forms: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Record:
    """One line of the journal, written once. A record whose ``id`` is in the journal already is the same.

    ``kind``: ``submission`` (``raw`` is its canonical JSON, or None: then it is to be made); ``malformed``
    (``raw`` is its JSON text, its id its own if readable, else derived from ``raw``); ``differs`` (other
    content under an id that has its verdict: id derived from both, ``raw`` the content, ``verdict`` the one
    the first got); ``office`` (what the office states, see ``office.py``). ``device``: who sent it.
    ``clock_offset_s``: the hub's clock less the tablet's at this contact. ``past``: what `Facts.known`
    gives back for it (None for ``differs``). ``screen``: what it was told of its screen, None = nothing.
    """

    id: str
    kind: Kind
    device: str
    submission: Submission | None
    raw: str | None
    verdict: Verdict
    past: Past | None
    received_at: str
    clock_offset_s: int
    policy: str
    screen: Screen | None = None


@dataclass(frozen=True)
class FeedRow:
    village: str
    dataset: str
    id: str
    op: Literal["put", "gone"]
    version: int


@dataclass(frozen=True)
class Pushed:
    """What push decided. ``changed``: entities to store, as they now are (also those without a feed row).

    ``feed`` in order, at most one row per village and entity; sequence numbers are the store's to give.
    """

    records: tuple[Record, ...]
    changed: tuple[Held, ...]
    verdicts: tuple[Verdict, ...]
    not_yet: tuple[NotYet, ...]
    feed: tuple[FeedRow, ...]


class Feed(Protocol):
    """The store's feed, read within one transaction."""

    def heads(self, villages: Sequence[str]) -> Mapping[str, int]:
        """Village → its feed head; 0 or absent if nothing ever happened there."""
        ...

    def changes(self, village: str, after_seq: int, limit: int) -> Sequence[tuple[int, EntityState]]:
        """The first ``limit`` rows beyond ``after_seq`` in order of seq, each with the entity's *present*
        state: `Held.state` if it stands in the village now, else `Held.gone` (whatever the row's op was).
        Rows that a later one of the same entity repeats may be left out."""
        ...

    def snapshot(self, village: str, after_key: str | None, limit: int) -> Sequence[EntityState]:
        """The first ``limit`` entities standing in the village with key > ``after_key``, in order of key
        ("dataset/id", compared by code point)."""
        ...


@dataclass(frozen=True)
class Pulled:
    changes: tuple[EntityState, ...]
    cursors: Mapping[str, Cursor]
    more: bool
