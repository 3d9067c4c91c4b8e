"""The tablet is revoked: what became of what was on it, in plain words, and how its file comes to the office."""

from dataclasses import dataclass

from mobile.presenters.desk import Desk
from sync.replica_rows import Rescue


@dataclass(frozen=True)
class RevokedState:
    """`file`: where the rescue file is, empty if there is none. `undone`: unsent records are still here unsealed, and
    trying again may help.
    """

    title: str
    lead: str
    kept: str
    file: str
    steps: tuple[str, ...]
    undone: bool


def is_revoked(desk: Desk) -> bool:
    """Whether nothing but this screen is to be shown."""
    identity = desk.replica.identity()
    return identity.revoked_at is not None if identity is not None else desk.replica.rescue() is not None


def revoked(desk: Desk) -> RevokedState:
    """As of now."""
    kept, identity = desk.replica.rescue(), desk.replica.identity()
    return _undone(desk) if identity is not None or kept is None else _done(desk, kept)


def _undone(desk: Desk) -> RevokedState:
    say, identity, status = desk.say, desk.replica.identity(), desk.replica.status()
    why = "revoked.no_key" if identity and not identity.county_key else "revoked.no_room"
    return RevokedState(
        title=say("revoked.title"),
        lead=say("revoked.lead_undone", county=identity.county_name if identity else ""),
        kept=say("revoked.still_here", n=status.waiting_n + status.drafts_n),
        file="",
        steps=(say(why),),
        undone=True,
    )


def _done(desk: Desk, kept: Rescue) -> RevokedState:
    say = desk.say
    counts = (("records", kept.submissions_n), ("drafts", kept.drafts_n), ("photos", kept.photos_n))
    what = "、".join(say(f"revoked.{name}", n=n) for name, n in counts if n)
    told = say("revoked.kept", what=what, person=kept.person_name, when=desk.moment(kept.made_at))
    # A draft is never imported: while one is in the file, the file is all there is of it.
    last = "step3_drafts" if kept.drafts_n else "step3"
    steps = ("step1", "step2", last) if kept.file else ("hand_in_empty",)
    return RevokedState(
        title=say("revoked.title"),
        lead=say("revoked.lead", county=kept.county_name),
        kept=told if kept.file else say("revoked.nothing_unsent"),
        file=kept.file,
        steps=tuple(say(f"revoked.{step}") for step in steps),
        undone=False,
    )
