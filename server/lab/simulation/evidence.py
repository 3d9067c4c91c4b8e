"""What is left of a world when it is quiet, read once from its databases: the checkers' only source.

Read with plain SQL and the protocol's codec, not through the modules under trial.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from server.database import read
from server.exchange import (
    verify,
    verify_chains,
    verify_digests,
    verify_feed,
    verify_photos,
    verify_redecide,
    verify_replay,
)
from server.exchange.verify import Check
from server.exchange.verify_redecide import Rules
from server.lab.simulation import photo_checks
from server.lab.simulation.hub import heads_in, history_in
from server.lab.simulation.stage import COUNTY, VILLAGES
from server.lab.simulation.tablet import Life, Tablet
from server.lab.simulation.world import World
from server.programme.rules import Counts, counts
from server.programme.views import cells
from server.registry import verify_projection
from server.registry.policy import POLICY, RELEASED
from sync import digest
from sync.codec import decode
from sync.documents import read_held, read_traces
from sync.facts import Held, Trace
from sync.messages import Submission, Verdict
from sync.replica import Record, Shown, Status

COVERAGE_OF_SMALL: Final = 4
"""Of so many small counties one has its coverage counted: it costs as much as two contacts."""
NO_ALBUM: Final = photo_checks.Album()
NO_PHOTOS: Final = photo_checks.PhotosSeen()
TYPED: Final = ("household", "conversion", "coal_use")


@dataclass(frozen=True)
class Judged:
    """A line of the journal. ``order`` is that of judgement in this database."""

    order: int
    kind: str
    submission: Submission
    verdict: Verdict
    traces: Mapping[str, Trace]


@dataclass(frozen=True)
class Merged:
    """An official made two homes one."""

    survivor: str
    loser: str
    undone: bool


@dataclass(frozen=True)
class Fed:
    village: str
    seq: int
    key: str
    op: str
    version: int


@dataclass(frozen=True)
class Holding:
    """What a tablet holds of an entity; ``state`` is the hub's: version, properties, conflicts (as JSON)."""

    village: str
    at_hub: bool
    version: int
    props: Mapping[str, str]
    conflicts: Any
    shown: Shown


@dataclass(frozen=True)
class TabletSeen:
    """A tablet at the end. ``saved``: what the simulation knows that it saved. ``aliases``: id → the home it shows
    under it."""

    number: int
    device: str
    villages: frozenset[str]
    entities: Mapping[str, Holding]
    households: frozenset[str]
    records: Mapping[str, Record]
    status: Status
    saved: Mapping[str, Submission]
    digests: Mapping[str, str]
    reread: tuple[str, ...]
    album: photo_checks.Album = NO_ALBUM
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """``contacts_n`` None: the tablets never fell quiet. ``typed``: dataset → id → row. ``stated``: how often the
    office stated each entity. ``before``: submissions from before the story, or gone from their tablet. ``receipted``:
    gone, but acknowledged before that, or left in a rescue file; empty where the hub went back too. ``lives``: on
    which line each was made. ``merges`` oldest first; ``acts``: the journal's lines of the office; ``aliases``: id →
    the home it leads to, as the register says.
    ``closed``: device → why it is; ``copied``: fork → device of a tablet that was copied; ``put_back_n``: tablets that
    were restored; ``went_back``: the hub was.
    ``changed``: submission → entity → the values that its tablet says were changed there.
    ``forgotten``: acknowledged, and since then gone from the tablet and from the hub, each with what of it went in.
    ``coverage``, ``digests`` (village and place in its feed), ``counted`` (village → digest counted anew) and
    ``findings`` (check, id, message) are the product's own word."""

    contacts_n: int | None
    history: str
    journal: Mapping[str, Judged]
    differing: tuple[str, ...]
    entities: Mapping[str, Held]
    feed: tuple[Fed, ...]
    heads: Mapping[str, int]
    typed: Mapping[str, Mapping[str, Mapping[str, Any]]]
    tablets: tuple[TabletSeen, ...]
    stated: Mapping[str, int]
    before: frozenset[str]
    receipted: Mapping[str, Submission]
    lives: Mapping[str, Life]
    coverage: Counts | None
    digests: Mapping[tuple[str, int], str]
    counted: Mapping[str, str]
    findings: tuple[tuple[str, str, str], ...]
    photos: photo_checks.PhotosSeen = NO_PHOTOS
    closed: Mapping[str, str | None] = field(default_factory=dict)
    copied: Mapping[str, str] = field(default_factory=dict)
    put_back_n: int = 0
    went_back: bool = False
    merges: tuple[Merged, ...] = ()
    acts: Mapping[str, Judged] = field(default_factory=dict)
    changed: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    forgotten: tuple[tuple[Submission, Mapping[str, Mapping[str, str]]], ...] = ()

    def one_line(self, one: str, other: str) -> bool:
        """Whether two records were made on one tablet, neither of them after a fork that the other stands behind."""
        lives = sorted((self.lives.get(one, ("?",)), self.lives.get(other, ("??",))), key=len)
        return lives[1][: len(lives[0])] == lives[0]

    def touching(self, key: str) -> list[Judged]:
        """Accepted submissions on an entity, under whichever id, in the order of their judgement."""
        found = [
            judged
            for judged in self.journal.values()
            if judged.verdict.outcome != "rejected" and key in judged.traces
        ]
        return sorted(found, key=lambda judged: judged.order)

    def group(self, key: str) -> frozenset[str]:
        """All homes that this one was ever merged with, further ones too, itself among them."""
        dataset, _, id = key.partition("/")
        together = {id}
        for _ in self.merges if dataset == "household" else ():
            for each in self.merges:
                if together & {each.survivor, each.loser}:
                    together |= {each.survivor, each.loser}
        return frozenset(f"{dataset}/{each}" for each in together)

    def told_in(self, key: str) -> frozenset[str]:
        """The villages in which a tablet hears where an id leads, and where that leads in turn."""
        villages = set[str]()
        for _ in self.entities:
            held = self.entities.get(key)
            if held is None or held.same_as is None:
                break
            villages.add(held.village)
            key = f"{held.dataset}/{held.same_as}"
        return frozenset(villages)

    def end(self, key: str) -> str:
        """The entity that an id leads to."""
        for _ in self.entities:
            held = self.entities.get(key)
            if held is None or held.same_as is None:
                break
            key = f"{held.dataset}/{held.same_as}"
        return key


def gather(world: World) -> Evidence:
    """Everything, from the hub's database and from each tablet."""
    said = _of_the_product(world)
    with world.hub.file_read() as database:
        entities, heads = _entities(database), heads_in(database)
        journal = _journal(database)
        return Evidence(
            contacts_n=world.contacts_n,
            history=history_in(database),
            journal=journal,
            differing=tuple(
                row["id"]
                for row in database.execute(
                    "SELECT id FROM submission WHERE kind NOT IN ('submission', 'office')"
                )
            ),
            entities=entities,
            feed=tuple(
                Fed(row["village"], row["seq"], f"{row['dataset']}/{row['id']}", row["op"], row["version"])
                for row in database.execute("SELECT * FROM feed ORDER BY village, seq")
            ),
            heads=heads,
            digests=_digests(database),
            counted={village: _counted_anew(village, entities.values()) for village in heads},
            typed={name: _typed(database, name) for name in TYPED},
            tablets=tuple(_tablet(tablet) for tablet in world.tablets),
            stated=_stated(database),
            **said,
            before=frozenset(id for saved in world.stage.saved.values() for id in saved)
            | world.gone.keys()
            | world.rescued.keys(),
            receipted=world.brought if world.hub.went_back else world.receipted | world.rescued,
            lives=world.lives,
            photos=photo_checks.seen(world, database),
            closed=dict(map(tuple, database.execute("SELECT device, closed_as FROM tablet ORDER BY device"))),
            copied=world.copied,
            put_back_n=world.counts["tablet_restored"],
            went_back=world.hub.went_back,
            merges=_merges(database),
            acts=_journal(database, "office"),
            changed=_changed(world.tablets),
            aliases=dict(database.execute("SELECT id, survivor FROM alias ORDER BY id").fetchall()),
            forgotten=_forgotten(world, journal) if world.hub.went_back else (),
        )


def _forgotten(
    world: World, journal: Mapping[str, Judged]
) -> tuple[tuple[Submission, Mapping[str, Mapping[str, str]]], ...]:
    forms = world.hub.exchange.forms.by_key
    lost = (each for id, each in world.receipted.items() if id not in journal)
    return tuple(
        (each, _went_in(forms[each.form, each.form_version].changes(each.answers), world.verdicts[each.id]))
        for each in lost
        if (each.form, each.form_version) in forms
    )


def _went_in(saved: Mapping[str, Mapping[str, str]], told: Verdict) -> dict[str, dict[str, str]]:
    """What of a record its verdict says to be in the registry: of one whose fields are not told, all that it saved. A
    value refused or in conflict stood on no other tablet's screen as the registry's, and nobody replaced it there."""
    if not told.fields:
        return {dataset: dict(values) for dataset, values in saved.items() if told.outcome == "applied"}
    there = {(field.dataset, field.property) for field in told.fields if field.outcome in ("applied", "same")}
    return {
        dataset: {name: value for name, value in values.items() if (dataset, name) in there}
        for dataset, values in saved.items()
    }


def _changed(tablets: Iterable[Tablet]) -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = {}
    for tablet in tablets:
        rows = tablet.replica.db.conn.execute("SELECT submission, dataset, id, changed FROM target")
        for submission, dataset, id, changed in rows:
            found.setdefault(submission, {})[f"{dataset}/{id}"] = json.loads(changed)
    return found


def _digests(database: sqlite3.Connection) -> dict[tuple[str, int], str]:
    rows = database.execute("SELECT village, seq, digest FROM village_digest")
    return {(village, seq): told for village, seq, told in rows}


def _counted_anew(village: str, entities: Iterable[Held]) -> str:
    here = (held for held in entities if held.village == village)
    return str(sum((digest.of_held(held, POLICY.masked) for held in here), digest.NOTHING))


def _of_the_product(world: World) -> dict[str, Any]:
    """What the hub says of itself: coverage, and, of a large county, its own verification."""
    large = world.story.size == "large"
    if not large and world.story.seed % COVERAGE_OF_SMALL:
        return {"coverage": None, "findings": ()}
    with read(world.hub.exchange.engine) as session:
        checks = _checks(world) if large else ()
        return {
            "coverage": counts(cells(session, COUNTY, None)),
            "findings": tuple(
                (found.check, found.id, found.message)
                for checked in verify.run(session, COUNTY, checks)
                for found in checked.findings
            ),
        }


def _checks(world: World) -> list[Check]:
    rules = Rules(RELEASED, world.hub.exchange.forms.by_key, frozenset(VILLAGES))
    # A folder that was lost may lack what a tablet had, which is gone too.
    photos = [] if world.hub.went_back else [verify_photos.check(world.hub.photo_files, whole=True)]
    return [
        *photos, verify_chains.CHECK, verify_replay.CHECK, verify_projection.CHECK, verify_feed.CHECK,
        verify_digests.villages(POLICY.masked), verify_digests.TABLETS_CHECK, verify_redecide.check(rules),
    ]  # fmt: skip


def _merges(database: sqlite3.Connection) -> tuple[Merged, ...]:
    rows = database.execute("SELECT survivor, loser, undone_at FROM household_merge ORDER BY rowid")
    return tuple(Merged(row["survivor"], row["loser"], row["undone_at"] is not None) for row in rows)


def _journal(database: sqlite3.Connection, kind: str = "submission") -> dict[str, Judged]:
    rows = database.execute(
        "SELECT rowid, kind, sent, verdict, traces FROM submission WHERE kind = ? ORDER BY rowid", (kind,)
    )
    found = {}
    for row in rows:
        submission = decode(Submission, row["sent"].encode())
        verdict = decode(Verdict, row["verdict"].encode())
        found[submission.id] = Judged(
            row["rowid"], row["kind"], submission, verdict, read_traces(row["traces"])
        )
    return found


def _stated(database: sqlite3.Connection) -> dict[str, int]:
    rows = database.execute(
        "SELECT dataset || '/' || entity, count(*) FROM submission_target t JOIN submission s"
        " ON s.county = t.county AND s.id = t.submission WHERE s.kind = 'office' GROUP BY 1 ORDER BY 1"
    )
    return dict(tuple(row) for row in rows)


def _entities(database: sqlite3.Connection) -> dict[str, Held]:
    rows = database.execute("SELECT held FROM entity ORDER BY dataset, id")
    held = [read_held(row["held"]) for row in rows]
    return {each.key: each for each in held}


def _typed(database: sqlite3.Connection, table: str) -> dict[str, dict[str, Any]]:
    return {row["id"]: dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY id")}


def _tablet(tablet: Tablet) -> TabletSeen:
    replica, stated = tablet.replica, tablet.replica.stated()
    rows = replica.db.conn.execute(
        "SELECT dataset, id, village, at_hub, version, props, conflicts FROM entity ORDER BY dataset, id"
    ).fetchall()
    entities = {}
    for dataset, id, village, at_hub, version, props, conflicts in rows:
        shown = replica.entity(dataset, id)
        assert shown is not None, "the replica's own row"
        entities[f"{dataset}/{id}"] = Holding(
            village, bool(at_hub), version, json.loads(props), json.loads(conflicts), shown
        )
    return TabletSeen(
        tablet.number,
        tablet.device,
        frozenset(stated.held),
        entities,
        frozenset(row.id for row in replica.households(None, limit=100_000)),
        {record.submission.id: record for record in replica.outbox()},
        replica.status(),
        dict(tablet.saved),
        stated.digests,
        tuple(tablet.reread),
        photo_checks.album(tablet),
        dict(replica.db.conn.execute("SELECT id, survivor FROM alias WHERE survivor IS NOT NULL").fetchall()),
    )
