"""What may go wrong in a simulated county, and how often: the one table, printed by `cleanheat simulate --json`.

Each line is a probability with a name. ``of`` says of what it is one: a *request* (at most one thing befalls it), a
*save* of a record, a *step* of the story, an *act* of an official on two homes, a *photo* that is taken, a *photo
request* of those that send it. A story draws from this table before it begins, and every fault drawn is a word in it,
so one that breaks a promise can be played again with the others left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final, Literal

Of = Literal["request", "save", "step", "act", "photo", "photo request"]


@dataclass(frozen=True)
class Fault:
    """``chance``: of one of what it befalls. ``what``: what happens, for people."""

    name: str
    of: Of
    chance: float
    what: str


FAULTS: Final[tuple[Fault, ...]] = (
    Fault("request_lost", "request", 0.06, "the request never arrives"),
    Fault("request_cut", "request", 0.02, "the request breaks off inside its body"),
    Fault("request_flipped", "request", 0.02, "a bit of the request's body is another on arrival"),
    Fault("left_in_the_middle", "request", 0.03, "the tablet is switched off while it waits for the reply"),
    Fault("duplicate_request", "request", 0.05, "the request arrives twice, one right after the other"),
    Fault("hub_dies_inside", "request", 0.03, "the hub is killed at any statement of a contact"),
    Fault("hub_dies_writing", "request", 0.1, "the hub is killed at any write between its judgement and its commit"),
    Fault("hub_dies_after_commit", "request", 0.05, "the hub is killed after its commit, before it answers"),
    Fault("hub_loses_power", "request", 0.03, "the hub's machine stops in its commit: the end of its WAL is torn"),
    Fault("hub_disk_full", "request", 0.02, "the hub's disk takes no more at any byte of a write"),
    Fault("busy", "request", 0.02, "the hub answers 503 and asks to be asked later"),
    Fault("reply_lost", "request", 0.07, "the reply is lost after the hub's commit"),
    Fault("reply_cut", "request", 0.02, "the reply breaks off inside its body"),
    Fault("reply_flipped", "request", 0.02, "a bit of the reply's body is another on arrival"),
    Fault("tablet_dies_applying", "request", 0.05, "the tablet is killed at any statement of storing the reply"),
    Fault("tablet_loses_power_applying", "request", 0.02, "the tablet's battery goes while it stores the reply"),
    Fault("tablet_disk_full_applying", "request", 0.02, "the tablet's disk takes no more while it stores the reply"),
    Fault("tablet_dies_saving", "save", 0.05, "the tablet is killed at any statement of saving a record"),
    Fault("tablet_loses_power_saving", "save", 0.03, "the tablet's battery goes while it saves: its WAL is torn"),
    Fault("tablet_disk_full_saving", "save", 0.03, "the tablet's disk takes no more while it saves"),
    Fault("old_request_again", "step", 0.05, "an earlier request comes out of some network again, after later ones"),
    Fault("clock_jumps", "step", 0.01, "a tablet's clock goes wrong by months or years"),
    Fault("tablet_restored", "step", 0.012, "a tablet's data are put back to what they were before the story"),
    Fault("tablet_cloned", "step", 0.012, "a tablet's data are copied to a second one, and both are used"),
    Fault("tablet_revoked", "step", 0.012, "a tablet is lost: told so, it seals what is unsent and wipes the rest"),
    Fault("backed_up", "step", 0.02, "the hub's database is copied"),
    Fault("restored", "step", 0.02, "the hub is restored from an older copy: a new history"),
    Fault("put_back", "step", 0.015, "an older copy of the hub's file is put back, and nobody tells the hub"),
    Fault("villages_change", "step", 0.03, "the office gives a tablet a village, or takes one away"),
    Fault("zone_told", "step", 0.02, "the office tells of a village's zone through the same feed"),
    Fault("hub_learns_form", "step", 0.015, "a new version of a form is released at the hub"),
    Fault("app_upgraded", "step", 0.015, "a tablet's app brings a new version of a form, perhaps before the hub"),
    Fault("homes_merged", "step", 0.015, "an official makes two homes one"),
    Fault("homes_separated", "step", 0.008, "an official takes a merge back"),
    Fault("hub_dies_deciding", "act", 0.15, "the hub is killed at any statement of an official's act on two homes"),
    Fault("photo_taken", "step", 0.015, "a surveyor takes a photo and records what it shows"),
    Fault("tablet_dies_keeping_photo", "photo", 0.1, "the tablet is killed between the photo's file and its row"),
    Fault("photo_rots", "photo", 0.05, "the photo's file is damaged on the tablet before it was sent"),
    Fault("photo_lost", "photo request", 0.04, "a photo's request never arrives"),
    Fault("photo_cut", "photo request", 0.12, "a photo's request breaks off inside its body"),
    Fault("photo_flipped", "photo request", 0.05, "a bit of a photo is another on arrival"),
    Fault("photo_answer_lost", "photo request", 0.08, "the hub's word on a photo is lost"),
    Fault("photo_twice", "photo request", 0.05, "a photo's request arrives once more in the midst of itself"),
    Fault("photo_hub_dies", "photo request", 0.08, "the hub is killed at any statement of taking a photo"),
    Fault("photo_hub_loses_power", "photo request", 0.04, "the hub's machine stops while it takes a photo"),
    Fault("photo_hub_disk_full", "photo request", 0.04, "the hub's disk takes no more of a photo, or no row of it"),
    Fault("tablet_dies_sending_photos", "photo request", 0.04, "the tablet is killed while it sends photos"),
    Fault("tablet_loses_power_sending_photos", "photo request", 0.02, "the tablet's battery goes while sending photos"),
    Fault("tablet_disk_full_sending_photos", "photo request", 0.02, "the tablet's disk is full while it sends photos"),
)  # fmt: skip

NAMED: Final = {fault.name: fault for fault in FAULTS}
TWO_SERVERS: Final = 0.25
"""Of one county: two servers work behind the one database, each with its own connections and its own memory."""


def table() -> list[dict[str, str | float]]:
    """The table as JSON values."""
    rows: list[dict[str, str | float]] = [
        {"name": each.name, "of": each.of, "chance": each.chance, "what": each.what} for each in FAULTS
    ]
    two = "two servers work behind the one database; a contact of one falls into a contact of the other"
    return [*rows, {"name": "two_servers", "of": "county", "chance": TWO_SERVERS, "what": two}]


def drawn(rng: Random, of: Of) -> str:
    """What befalls one request, save or step: a fault's name, "" for nothing."""
    at = rng.random()
    for fault in FAULTS:
        if fault.of == of:
            at -= fault.chance
            if at < 0:
                return fault.name
    return ""
