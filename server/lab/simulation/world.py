"""One county as its story has it, played step by step, until everything is healed and quiet.

Time goes by a few hours a step; each tablet has a clock of its own. Whatever is left to chance inside a step comes
from that step's own streams: ids, what people choose, where exactly a fault strikes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from mobile.device.sealing import seal
from server.lab.simulation import events, photographs
from server.lab.simulation.hub import Hub
from server.lab.simulation.network import Network
from server.lab.simulation.photographs import Photos
from server.lab.simulation.seams import HONEST, Seams
from server.lab.simulation.stage import BEGINS, HELD, Stage, empty_stage, keep
from server.lab.simulation.story import SIZES, SizeName, Step, Story, ids
from server.lab.simulation.surveyor import Surveyor
from server.lab.simulation.tablet import Life, Tablet
from server.lab.simulation.wire import LINES
from sync import rescue
from sync.account import Account
from sync.messages import Submission, Verdict

CONTACTS_MAX: Final = 30
# The places of what happens before the first step and after the last one.
BEFORE: Final = -1
HEALING: Final = 1_000_000
ENROLS_AT_ONCE: Final = 0.5


@dataclass(frozen=True)
class Moved:
    """What a contact of the healing changed: whether records were taken (``told``), and the villages in whose ``feeds``
    others read of it, or only the tablet's own turn; whether records of it are put off (``waits``)."""

    told: bool
    feeds: frozenset[str]
    itself: bool
    waits: bool

    def concerns(self, tablet: Tablet, other: Tablet) -> bool:
        """Whether another has something to hear, in its villages or, as a copy of the tablet that called, of itself."""
        return self.told and (bool(self.feeds & other.intended) or other.number == tablet.number)


@dataclass
class World:
    """``told``: a line for each thing that happened. ``contacts_n``: how many it took to be quiet, None: too many.
    ``gone``: records that restoring a tablet took from it; ``receipted``: those of them that had their receipt, and
    ``verdicts``: what it had been told of those.
    ``rescued``: all that revoked tablets had recorded; ``brought``: since the hub last went back. ``photos``: those
    that were taken. ``copied``: step → device of the tablet that was copied there. ``heads``: village → where its feed
    stood when it was last looked at."""

    stage: Stage
    story: Story
    seams: Seams = HONEST
    now: datetime = BEGINS
    at: int = BEFORE
    contacts_n: int | None = None
    gone: dict[str, Submission] = field(default_factory=dict)
    receipted: dict[str, Submission] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    rescued: dict[str, Submission] = field(default_factory=dict)
    brought: dict[str, Submission] = field(default_factory=dict)
    lives: dict[str, Life] = field(default_factory=dict)
    photos: Photos = field(default_factory=Photos)
    copied: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    heads: dict[str, int] = field(default_factory=dict)
    hub: Hub = field(init=False)
    network: Network = field(init=False)
    tablets: list[Tablet] = field(init=False)

    def __post_init__(self) -> None:
        self._begin_step(BEFORE)
        file = self.stage.set(self.story.servers)
        self.hub = Hub(self.stage, file, self.story.servers, self._instant, self.new_id, self.seams)
        self.hub.copies.append(self.stage.hub_file)
        # Small counties have an app of before as well, that tells no screens. In large ones, with copies and restores,
        # what such an app leaves to be worked out is known to go wrong in about one of 280.
        self.network = Network(self.hub, self.seams, self.note, older=self.story.size == "small")
        self.tablets = [self._tablet(number, offset) for number, offset in enumerate(self.story.offsets_s)]

    def _tablet(self, number: int, offset_s: int) -> Tablet:
        known, saved = self.stage.tablets[number], self.stage.saved.get(number, {})
        self.lives |= dict.fromkeys(saved, (str(number),))
        return Tablet(
            number, known.device, known.secret, known.file_in(self.stage.world), lambda: self.now, self.new_id,
            self.stage.parsed, self.stage.open, LINES[self.story.lines[number]], timedelta(seconds=offset_s),
            set(HELD[number]), set(HELD[number]), dict(saved), self.lives, (str(number), "on"),
        )  # fmt: skip

    def _begin_step(self, n: int) -> None:
        self.at = n
        self.people, self.fate = self.story.stream(n, "people"), self.story.stream(n, "fate")
        self._ids = ids(self.story.stream(n, "ids"))

    def _instant(self) -> datetime:
        """The hub's clock: no two requests come in the same instant, as none do."""
        self.now += timedelta(microseconds=1)
        return self.now

    def new_id(self) -> str:
        return next(self._ids)

    def close(self) -> None:
        for tablet in self.tablets:
            tablet.leave()

    def tell(self, line: str) -> None:
        self.told.append(f"{self.at:3} {line}")

    def note(self, name: str) -> None:
        self.counts[name] += 1

    def wait(self, *, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    # --- playing ---

    def play(self) -> None:
        """Everything up to the healing."""
        for step in self.story.steps:
            self._begin_step(step.n)
            self.wait(minutes=step.minutes)
            self.hub.serving = self.fate.randrange(self.story.servers)
            copies = [tablet for tablet in self.tablets if tablet.number == step.who]
            if copies:
                events.EVENTS[step.event](self, self.fate.choice(copies), step)

    def contact(self, tablet: Tablet, step: Step | None = None) -> str:
        met = self.network.contact(tablet, step.faults if step else (), self.fate)
        if met.account and met.account.enrol_again and self.fate.random() < ENROLS_AT_ONCE:
            self.enrol_anew(tablet)
        photos = self._photos(tablet, met.account, step.photos if step else ())
        if met.account is None or met.account.problem:
            self._wiped(tablet)
        return met.line + photos

    def _photos(self, tablet: Tablet, account: Account | None, faults: tuple[str, ...] = ()) -> str:
        """After the records, the photos; what came of them."""
        if account is None or not tablet.took or not tablet.replica.photos_waiting():
            return ""
        done = photographs.send(self, tablet, account, faults, self.story.stream(self.at, "photos"))
        if done is None:
            return ", dies over its photos"
        problem = done.photo_problem.code if done.photo_problem else "to the end"
        return f"; photos {problem}: {done.photos_n} stored, {done.photos_left_n} wait, {done.photos_refused_n} refused"

    def _wiped(self, tablet: Tablet) -> bool:
        """A tablet that has learned that it is revoked is gone, and the office imports what it leaves."""
        me = tablet.replica.identity()
        if me is None or me.revoked_at is None:
            return False
        photographs.gone(self, tablet, handed_over=True)
        kept = rescue.carry_out(tablet.replica, tablet.file.parent, seal)
        assert kept is not None, "a revoked tablet with the county's key"
        self.rescued |= tablet.saved
        self.brought |= tablet.saved
        self.tablets.remove(tablet)
        tablet.leave()
        if kept.file:
            self.hub.release(self.stage.newer)
            self.hub.import_rescue(Path(kept.file).read_bytes())
        self.note("rescue_files" if kept.file else "wiped_without_file")
        self.tell(f"{tablet.name}: is revoked, and leaves {kept.submissions_n} records in a file")
        return True

    def enrol_anew(self, tablet: Tablet) -> None:
        """The office makes a code, and the tablet goes by another name from now on."""
        me = tablet.replica.identity()
        assert me is not None, "a tablet of the stage"
        tablet.enrolled(self.hub.enrol(tablet.replica, me.person, sorted(tablet.intended)))
        self.note("enrolled_anew")
        self.tell(f"{tablet.name}: enrols anew as {tablet.device[:8]}")

    # --- healing ---

    def heal(self) -> None:
        """The network is good, drafts are thrown away, the office puts right what a restore undid, and all tablets
        call until nobody has anything new to say: first those that have, so that the others need not call again. Who
        has called calls again where that `concerns` them."""
        self._begin_step(HEALING)
        for tablet in self.tablets:
            for draft in tablet.replica.drafts():
                tablet.replica.discard_draft(draft.id)
            if self.hub.went_back:
                self._put_right(tablet, tablet.ever)
        self._gone_on()
        calling = sorted(self.tablets, key=lambda tablet: not tablet.replica.waiting_ids())
        self.contacts_n = None if calling else 0
        for n in range(1, CONTACTS_MAX + 1 if calling else 0):
            tablet = calling.pop(0)
            self.wait(minutes=20)
            moved = self._calls(tablet)
            if moved.itself and self._wiped(tablet):
                calling.extend(each for each in self.tablets if each not in calling)
                if calling:
                    continue
                self.contacts_n = n
                return
            others = (each for each in self.tablets if each is not tablet and each not in calling)
            calling.extend(each for each in others if moved.concerns(tablet, each))
            if (moved.waits and self._settled(tablet)) or moved.itself:
                calling.append(tablet)
            if not calling:
                self.contacts_n = n
                return

    def _calls(self, tablet: Tablet) -> Moved:
        account = self.network.contact(tablet, (), self.fate).account
        assert account is not None, "a calm contact ends by itself"
        if photos := self._photos(tablet, account):
            self.tell(f"healing: {tablet.name}{photos}")
        unknown = account.problem is not None and account.problem.code == "unauthorised"
        if anew := bool(account.enrol_again or unknown):
            self.enrol_anew(tablet)
        told = bool(account.applied_n or account.merged_n or account.conflict_n)
        again = account.received_n or account.sent_n or account.requests_n > 1
        itself = bool(anew or account.problem or (again and self.story.size == "large"))
        moved = Moved(told, self._gone_on() if told else frozenset(), itself, bool(account.not_yet_n))
        if account.sent_n or account.received_n or account.problem:
            sent, received = account.sent_n, account.received_n
            self.tell(
                f"healing: {tablet.name} sends {sent}, receives {received}, {account.problem or 'well'}"
            )
        return moved

    def _gone_on(self) -> frozenset[str]:
        """Villages whose feeds have gone on since this was last asked."""
        was, self.heads = self.heads, self.hub.heads()
        return frozenset(village for village, head in self.heads.items() if head != was.get(village))

    def _settled(self, tablet: Tablet) -> bool:
        """Whether the office has just brought what a tablet's records were waiting for."""
        waits = [record for record in tablet.replica.outbox() if record.not_yet]
        codes = {record.not_yet.code for record in waits if record.not_yet}
        if "form_unknown" in codes:
            self.hub.release(self.stage.newer)
        if "village_unknown" in codes:
            self._put_right(tablet, tablet.ever | {record.submission.village for record in waits})
        return bool(codes)

    def _put_right(self, tablet: Tablet, ever: set[str]) -> None:
        """The office gives the villages it meant to, and those it hears that a tablet waits for."""
        held = self.hub.held(tablet.device)
        if wanted := (tablet.intended | (ever - self.hub.ever_held(tablet.device))) - held:
            self.wait(minutes=1)
            self.hub.assign(tablet.device, wanted)
        if surplus := (held | wanted) - tablet.intended:
            self.wait(minutes=1)
            self.hub.unassign(tablet.device, surplus)


@contextmanager
def stage(size: SizeName = "small") -> Iterator[Stage]:
    """A county at work: every tablet has registered a home, and all know of all."""
    with empty_stage(size) as made:
        n = SIZES[size].tablets[1]
        world = World(made, Story(0, size, (0,) * n, ("plain",) * n, 1, ()))
        for tablet in world.tablets:
            while not tablet.replica.waiting_ids():
                Surveyor(tablet, world.people, world.fate, "", made.homes).register()
            for draft in tablet.replica.drafts():
                tablet.replica.discard_draft(draft.id)
        for tablet in (*world.tablets, *world.tablets):
            world.contact(tablet)
        made.saved.update({tablet.number: dict(tablet.saved) for tablet in world.tablets})
        world.close()
        keep(made)
        made.callers.update(world.hub.callers)
        yield made
