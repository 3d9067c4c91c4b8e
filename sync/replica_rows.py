"""What the tablet's store hands to screens and to the client: frozen values, texts as they travel.

Apart from the functions that fill them so that a presenter can be written and tested against these alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sync.messages import Anew, Answers, Conflict, Submission, Verdict, Village

Step: TypeAlias = Literal["signed", "installed", "connected"]
State: TypeAlias = Literal["waiting", "sent_safe", "merged", "conflict", "rejected"]
Mark: TypeAlias = Literal["new", "waiting", "rejected", "conflict", "draft"]


@dataclass(frozen=True)
class Identity:
    """Who this tablet is at its hub. ``secret`` goes nowhere but into the Authorization header.

    ``county`` "" and ``history`` None: made and stored, but the hub has not answered the enrolment yet.
    ``county_key``: the county's public key, "" = none received yet. ``enrol_again``: the hub has closed this device
    id, and why; recording and sending go on. ``revoked_at``: when the hub said, and proved, that it is revoked.
    """

    device: str
    secret: str
    server: str
    county: str = ""
    county_name: str = ""
    person: str = ""
    person_name: str = ""
    history: str | None = None
    county_key: str = ""
    enrol_again: Anew | None = None
    revoked_at: str | None = None


@dataclass(frozen=True)
class Rescue:
    """What a revoked tablet kept. ``file``: where the sealed file is, "" = none was needed. ``wiped``: nothing else
    is left on it; until then the records are still here as well."""

    device: str
    person_name: str
    county_name: str
    made_at: str
    file: str
    submissions_n: int
    drafts_n: int
    photos_n: int
    wiped: bool


@dataclass(frozen=True)
class VillageRow:
    """``assigned`` False: the hub has taken the village away; it shows only while work for it is unsent, in
    draft, or rejected and not corrected. ``loaded``: its first snapshot arrived whole."""

    code: str
    name: str
    township_name: str
    area_class: str | None
    households_n: int
    waiting_n: int
    drafts_n: int
    assigned: bool
    loaded: bool


@dataclass(frozen=True)
class HouseholdRow:
    """A line of the list, in the optimistic view. ``marks``: new (the hub has never shown it), waiting,
    rejected, conflict, draft – of the household or of anything that belongs to it. ``conversion_kind``,
    ``conversion_step``: of the conversion that got furthest; None without one, or with no date yet."""

    id: str
    head_name: str
    door_number: str
    device: str
    fuel: str
    visit_outcome: str
    conversion_kind: str | None
    conversion_step: Step | None
    marks: tuple[Mark, ...]
    village: str


@dataclass(frozen=True)
class Shown:
    """An entity: ``props`` = what the hub has, overlaid by what my waiting submissions changed.

    ``version`` 0: the hub has not shown it to this tablet. ``mine_pending``: ids of my submissions whose
    result ``hub_props`` does not contain yet, in chain order.
    """

    dataset: str
    id: str
    village: str
    version: int
    props: Mapping[str, str]
    hub_props: Mapping[str, str]
    conflicts: tuple[Conflict, ...]
    mine_pending: tuple[str, ...]
    marks: tuple[Mark, ...]
    updated_at: str


@dataclass(frozen=True)
class Around:
    """What a form is told instead of asking: this tablet, and the village and home it is filled in for."""

    identity: Identity | None
    village: Village | None
    household: Shown | None


@dataclass(frozen=True)
class Registered:
    """A household as it may be compared with another: ``props`` with those the hub adds for the tablet's own use."""

    id: str
    village: str
    props: Mapping[str, str]


@dataclass(frozen=True)
class Draft:
    """An interview that is not finished. ``target_ids``: dataset → id of each entity the form may save.

    ``position``: where the surveyor is (a path). ``updated_at``: set by the replica at each save.
    """

    id: str
    form: str
    form_version: str
    village: str
    household_id: str | None
    target_ids: Mapping[str, str]
    corrects: str | None = None
    answers: Answers = field(default_factory=dict)
    position: str = ""
    updated_at: str = ""


@dataclass(frozen=True)
class Delay:
    """Why a waiting record has no verdict yet: the hub's *not yet* (form_unknown, village_unknown), or this
    tablet's own (too_large, malformed: the hub did not take the message with it inside)."""

    submission: str
    code: str
    reason: str


@dataclass(frozen=True)
class Record:
    """A submission of mine and where it stands. ``label``: the household in words, as it was when recorded.

    ``waiting`` also while it is offered again to a hub restored from an older copy; ``verdict`` is then the
    one it had. ``corrected_by``: my latest correction of it. ``open``: rejected or in conflict, and still
    asking for a person: not corrected, and the conflict not decided as far as this tablet has heard. ``photos``: the
    state of each photo it names that this tablet has (waiting, stored, refused, damaged).
    """

    submission: Submission
    state: State
    verdict: Verdict | None
    not_yet: Delay | None
    label: str
    household_id: str | None
    corrected_by: str | None
    open: bool
    photos: tuple[str, ...] = ()


@dataclass(frozen=True)
class Status:
    """``rejected_n``, ``conflict_n``: those still open. ``safe_to_hand_in``: a receipt for every record and every
    photo, and no draft. ``clock_offset_s``: the hub's clock less the tablet's at the last contact.
    ``photos_lost_n``: photos the hub will not take, or whose file is damaged. ``unread_n``: villages of which the
    first snapshot has not arrived whole."""

    drafts_n: int
    waiting_n: int
    rejected_n: int
    conflict_n: int
    safe_to_hand_in: bool
    last_contact_at: str | None
    clock_offset_s: int | None
    photos_waiting_n: int = 0
    photo_bytes_left: int = 0
    photos_lost_n: int = 0
    unread_n: int = 0


@dataclass(frozen=True)
class Settled:
    """What one reply changed here, for the account of a contact. ``unknown_n``: verdicts for records that are
    not on this tablet. ``moved``: a cursor, the list of villages, or the forms are further than before.
    ``waiting``: ids of what waits now, in chain order; ``read_n`` of ``villages_n`` are read to their heads."""

    applied_n: int = 0
    merged_n: int = 0
    conflict_n: int = 0
    rejected_n: int = 0
    not_yet_n: int = 0
    unknown_n: int = 0
    received_n: int = 0
    villages_gained: tuple[str, ...] = ()
    villages_lost: tuple[str, ...] = ()
    met_history: bool = False
    challenged: bool = False
    enrol_again: Anew | None = None
    moved: bool = False
    villages_reread: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    villages_n: int = 0
    read_n: int = 0
