"""What must hold of every county when it is quiet. The list at the end is the index.

A checker reads the evidence and names each breach with the ids it is about. None of them knows how the hub
merges or how the tablet stores: they compare what people did with what became of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Final

from server.lab.simulation.chain_checks import chains_followed, changes_told
from server.lab.simulation.evidence import Evidence, Judged, TabletSeen
from server.lab.simulation.home_checks import merged_kept, one_home
from server.lab.simulation.photo_checks import photos_in_place, photos_safe, photos_told
from server.lab.simulation.recount import coverage_recounted, digests_agree, hub_verified
from server.lab.simulation.values import lost_values, passed_over, shown
from sync.codec import to_json
from sync.facts import Held, Step
from sync.joining import MERGE, SEPARATE
from sync.messages import Conflict, Verdict


@dataclass(frozen=True)
class Violation:
    """``promise``: name of the checker. ``what``: what was found instead."""

    promise: str
    what: str


Checker = Callable[[Evidence], Iterator[str]]


def nothing_lost(evidence: Evidence) -> Iterator[str]:
    """Whatever a tablet saved has a verdict, on the tablet and in the journal, and it is the same one."""
    if evidence.contacts_n is None:
        yield "the tablets never fell quiet"
    for tablet in evidence.tablets:
        for id, saved in tablet.saved.items():
            record, judged = tablet.records.get(id), evidence.journal.get(id)
            if record is None:
                yield f"tablet {tablet.number} no longer has its record {id}"
            elif record.submission != saved:
                yield f"tablet {tablet.number} has another content in its record {id}"
            elif record.state == "waiting" or record.verdict is None:
                why = record.not_yet.code if record.not_yet else "never answered"
                yield f"tablet {tablet.number} still waits for the verdict on {id} ({why})"
            elif judged is None:
                yield f"{id} has the verdict {record.verdict.outcome}, but is not in the journal"
            elif not _told(record.verdict, travels(judged.verdict)):
                yield f"{id}: the tablet was told {record.verdict}, the journal says {judged.verdict}"
            if judged is not None and judged.submission != saved:
                yield f"{id} is in the journal with another content"
    for id, saved in evidence.receipted.items():
        if id not in evidence.journal or evidence.journal[id].submission != saved:
            yield f"{id} had its receipt before its tablet was restored, and is not in the journal"


def _told(told: Verdict, might: Sequence[Verdict]) -> bool:
    """Whether a tablet's verdict is one of those that it might be told, as values or as they travel."""
    return told in might or to_json(told) in map(to_json, might)


def nothing_doubled(evidence: Evidence) -> Iterator[str]:
    """Each submission has its effect once: one line of the journal, versions and feed without surplus."""
    saved = {id for tablet in evidence.tablets for id in tablet.saved} | evidence.before
    yield from (
        f"{id} is in the journal, but nobody saved it" for id in sorted(evidence.journal.keys() - saved)
    )
    yield from (f"the journal holds a clash of contents: {id}" for id in evidence.differing)
    for key, held in evidence.entities.items():
        group = evidence.group(key)
        touched = {judged.submission.id for each in group for judged in evidence.touching(each)}
        # Taken apart, two homes go on above every version that was told under either id.
        touching = len(touched) + sum(evidence.stated.get(each, 0) for each in group)
        if not 1 <= held.version <= touching:
            yield f"{key} has version {held.version} after {touching} submissions"
    for village, head in evidence.heads.items():
        seqs = [fed.seq for fed in evidence.feed if fed.village == village]
        if seqs != list(range(1, head + 1)):
            yield f"the feed of {village} is {seqs}, its head {head}"
    yield from _last_told(evidence)


def _last_told(evidence: Evidence) -> Iterator[str]:
    last = {(fed.village, fed.key): fed for fed in evidence.feed}
    for key, held in evidence.entities.items():
        fed = last.get((held.village, key))
        op = "gone" if held.same_as else "put"
        if fed is None or (fed.op, fed.version) != (op, held.version):
            yield f"{key} stands at version {held.version} in {held.village}; the feed last told {fed}"
    for (village, key), fed in last.items():
        if fed.op == "put" and evidence.entities[key].village != village:
            yield f"{key} has left {village}, and the feed does not say so"


def replicas_equal(evidence: Evidence) -> Iterator[str]:
    """Each tablet shows exactly what the registry has of its villages."""
    for tablet in evidence.tablets:
        here = {
            key: held
            for key, held in evidence.entities.items()
            if held.village in tablet.villages and held.same_as is None
        }
        for key in sorted(here.keys() | tablet.entities.keys()):
            for fault in _differences(tablet, key, here.get(key)):
                yield f"tablet {tablet.number}, {key}: {fault}"
        listed = {key.partition("/")[2] for key in tablet.entities if key.startswith("household/")}
        if listed != tablet.households:
            yield f"tablet {tablet.number} lists other households than it has: {listed ^ tablet.households}"


def _differences(tablet: TabletSeen, key: str, held: Held | None) -> Iterator[str]:
    holding = tablet.entities.get(key)
    if holding is None:
        yield "in the registry, not on the tablet"
    elif held is None:
        if holding.at_hub:
            yield f"on the tablet (as of {holding.village}), not in its villages"
        elif not _refused(tablet, key):
            yield "shown as the tablet's own, though nothing of it was refused"
    elif not holding.at_hub:
        yield "in the registry, but the tablet shows it as its own only"
    else:
        values = {name: shown(held.dataset, name, value) for name, value in held.values().items()}
        wanted = (held.village, held.version, values, to_json(_ends(held)))
        found = (holding.village, holding.version, dict(holding.props), holding.conflicts)
        if found != wanted:
            yield f"is {found}, should be {wanted}"
        if holding.shown.props != holding.props:
            yield f"shows {_differing(holding.shown.props, holding.props)} over what the registry has"


def _ends(held: Held) -> list[Conflict]:
    """The open conflicts as tablets are told of them."""
    return [_ended(held.dataset, conflict) for conflict in held.conflicts]


def _ended(dataset: str, told: Any) -> Any:
    """A conflict, or a field of a verdict, with an account number's end."""
    sides = {side: getattr(told, side) for side in ("base", "mine", "theirs")}
    return replace(told, **{side: v and shown(dataset, told.property, v) for side, v in sides.items()})


def travels(verdict: Verdict) -> list[Verdict]:
    """A verdict as it may be told to a tablet: with its fields, or without if all of them were simply applied."""
    told = replace(verdict, fields=tuple(_ended(field.dataset, field) for field in verdict.fields))
    plain = verdict.outcome == "applied" and all(field.outcome == "applied" for field in verdict.fields)
    return [told, replace(told, fields=())] if plain else [told]


def _refused(tablet: TabletSeen, key: str) -> bool:
    return any(
        record.state == "rejected" and any(target.key == key for target in record.submission.targets)
        for record in tablet.records.values()
    )


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, tuple[str | None, str | None]]:
    names = sorted(one.keys() | other.keys())
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}


def no_self_conflict(evidence: Evidence) -> Iterator[str]:
    """No conflict sets a tablet against itself, as far as anybody can know. Who is met in it, the verdicts say, back to
    where its chain came into conflict: in a guard group that may be somebody else than who set the property itself."""
    for key, held in evidence.entities.items():
        for conflict in held.conflicts:
            trace = evidence.journal[conflict.submission].traces.get(key)
            chain = (conflict.submission, *(trace.lineage if trace else ()))
            met = {_met(evidence, id, key, conflict.property) for id in chain} - {""} or {conflict.by} - {""}
            if met and all(
                evidence.one_line(id, conflict.submission) and _linked(evidence, id, conflict.submission)
                for id in met
            ):
                against = ", ".join(sorted(met))
                yield f"{key}, {conflict.property}: {conflict.submission} against {against}, of one tablet"


def _linked(evidence: Evidence, one: str, other: str) -> bool:
    """Whether all that the tablet recorded between two records is in the journal. Where a restored hub lost a link, and
    the tablet is wiped that had its receipt, nobody can say any more that the later goes on from the earlier."""
    first, last = sorted(
        (evidence.journal[id].submission for id in (one, other)), key=lambda each: each.device_seq
    )
    made = (judged.submission for id, judged in evidence.journal.items() if evidence.one_line(id, last.id))
    places = {each.device_seq for each in made if each.device == first.device}
    return first.device != last.device or places.issuperset(range(first.device_seq, last.device_seq))


def _met(evidence: Evidence, submission: str, key: str, name: str) -> str:
    """With whose value a submission came into conflict there; "" if it did not."""
    judged, keys = evidence.journal.get(submission), evidence.group(key)
    for each in judged.verdict.fields if judged else ():
        where = f"{each.dataset}/{each.id}"
        if where in keys and (each.property, each.outcome) == (name, "conflict"):
            return each.theirs_submission
    return ""


def tables_recounted(evidence: Evidence) -> Iterator[str]:
    """The registry's typed tables say what the entities say."""
    for dataset, rows in evidence.typed.items():
        standing = (held for held in evidence.entities.values() if held.same_as is None)
        entities = {held.id: held for held in standing if held.dataset == dataset}
        if rows.keys() != entities.keys():
            yield f"{dataset}: rows and entities differ by {sorted(rows.keys() ^ entities.keys())}"
        for id in sorted(rows.keys() & entities.keys()):
            row, held = rows[id], entities[id]
            said = {name: row[name] for name in ("village", "version", "conflicts_n")}
            wanted = {"village": held.village, "version": held.version, "conflicts_n": len(held.conflicts)}
            values = held.values()
            if owner := values.get("household"):
                values["household"] = evidence.end(f"household/{owner}").partition("/")[2]
            for name in COMPARED[dataset]:
                said[name], wanted[name] = row[name] or "", values.get(name, "")
            if said != wanted:
                yield f"{dataset}/{id}: the table says {said}, the entity {wanted}"


def devices_traced(evidence: Evidence) -> Iterator[str]:
    """A household's row says which conversion set its device, and what was recorded before without one."""
    for id, row in evidence.typed["household"].items():
        held = evidence.entities.get(f"household/{id}")
        if held is not None and (said := (row["device_by"], row["device_surveyed"])) != _device(
            evidence, held
        ):
            yield f"household/{id}: the table says {said} of the device, the journal {_device(evidence, held)}"


def _device(evidence: Evidence, held: Held) -> tuple[str, str]:
    state = held.props.get("device")
    if state is None or not state.value:
        return "", ""
    by = _conversion(evidence.journal[state.submission])
    told = (
        judged
        for judged in evidence.touching(held.key)
        if any(evidence.end(target.key) == held.key for target in judged.submission.targets)
    )
    acts = (act for act in evidence.acts.values() if held.key in act.traces and not _undone(evidence, act))
    surveyed = [
        (step.version, step.sent)
        for judged in (*told, *acts)
        if (step := judged.traces[held.key].steps.get("device", UNSAID)).outcome == "applied"
        and not _conversion(_recorder(evidence, judged, step.sent))
    ]
    return by, max(surveyed, default=(0, ""))[1] if by else state.value


def _recorder(evidence: Evidence, judged: Judged, device: str) -> Judged:
    """Whose word a device is that an official took over or put back: whoever put it in last at the home that had it,
    and where that was an official in turn, at the home that one had it from."""
    if judged.kind != "office":
        return judged
    given = {key for key, trace in judged.traces.items() if "device" in trace.steps}
    homes = given if judged.submission.form == SEPARATE else judged.traces.keys() - given
    before = [
        (step.outcome == "applied", each.order, each)
        for each in (*evidence.journal.values(), *evidence.acts.values())
        for key in homes & each.traces.keys()
        if each.order < judged.order and not _same_two(each, judged)
        if (step := each.traces[key].steps.get("device", UNSAID)).sent == device
        if step.outcome in ("applied", "same", "")
    ]
    return _recorder(evidence, max(before, key=itemgetter(0, 1))[2], device) if before else judged


def _undone(evidence: Evidence, act: Judged) -> bool:
    """Whether it made two homes one that were made two again after it."""
    later = (each for each in evidence.acts.values() if each.order > act.order and _same_two(each, act))
    return act.submission.form == MERGE and any(each.submission.form == SEPARATE for each in later)


def _same_two(act: Judged, other: Judged) -> bool:
    """Whether the office did both to the same two homes: what it puts back was there before it merged them."""
    return act.kind == other.kind == "office" and act.traces.keys() == other.traces.keys()


def _conversion(judged: Judged) -> str:
    found = (target.id for target in judged.submission.targets if target.dataset == "conversion")
    return next(found, "")


def copies_closed(evidence: Evidence) -> Iterator[str]:
    """A device is closed if both copies of its tablet recorded and called, and no device where nothing was copied or
    put back."""
    lines = {
        id: [fork for fork in evidence.lives.get(id, ()) if fork.startswith(("copy ", "first "))]
        for id in evidence.journal
    }
    for fork, device in evidence.copied.items():
        both = {f"{side} {fork}" for side in ("copy", "first")}
        came = {
            each
            for id, forks in lines.items()
            for each in both & set(forks)
            if evidence.journal[id].submission.device == device
        }
        if came == both and evidence.closed.get(device) is None and not evidence.went_back:
            yield f"both copies of {device} have recorded and called, and it is not closed"
    if not evidence.copied and not evidence.put_back_n:
        yield from (f"{device} was closed as {how}" for device, how in evidence.closed.items() if how)


def statuses_true(evidence: Evidence) -> Iterator[str]:
    """With a receipt for everything a tablet says that it may be handed in, and counts what is still open."""
    for tablet in evidence.tablets:
        status = tablet.status
        if not status.safe_to_hand_in or status.waiting_n or status.drafts_n:
            yield f"tablet {tablet.number} does not say that it may be handed in: {status}"
        open_n = sum(_still_open(evidence, tablet, judged) for judged in _own(evidence, tablet))
        if status.conflict_n != open_n:
            yield f"tablet {tablet.number} counts {status.conflict_n} open conflicts of its own, not {open_n}"


def _own(evidence: Evidence, tablet: TabletSeen) -> list[Judged]:
    return [evidence.journal[id] for id in tablet.saved if id in evidence.journal]


def _still_open(evidence: Evidence, tablet: TabletSeen, judged: Judged) -> bool:
    """Not corrected, and the property still in conflict – or out of this tablet's sight, like a home that its id leads
    to by way of one in a village that is not the tablet's: nobody tells it so."""
    if judged.verdict.outcome != "conflict":
        return False
    corrected = any(record.submission.corrects == judged.submission.id for record in tablet.records.values())
    fields = [field for field in judged.verdict.fields if field.outcome == "conflict"]
    for field in fields if not corrected else ():
        key = f"{field.dataset}/{field.id}"
        held = evidence.entities[evidence.end(key)]
        in_sight = {held.village, *evidence.told_in(key)} <= tablet.villages
        if not in_sight or any(conflict.property == field.property for conflict in held.conflicts):
            return True
    return False


UNSAID: Final = Step("", None, "")
COMPARED: Final[Mapping[str, tuple[str, ...]]] = {
    "household": (
        "head_name", "id_number", "phone", "door_number", "hardship", "heating_status", "not_heated_reason",
        "device", "fuel", "old_stove", "old_stove_on", "visit_outcome", "visited_on", "remark",
    ),
    "conversion": (
        "household", "kind", "device_code", "batch", "contract_number", "account_number", "signed_on",
        "installed_on", "connected_on", "first_used_on", "accepted_on", "remark",
    ),
    "coal_use": ("household", "season", "coal_source", "observed_on"),
}  # fmt: skip

CHECKERS: Final[tuple[Checker, ...]] = (
    nothing_lost,
    nothing_doubled,
    replicas_equal,
    lost_values,
    passed_over,
    no_self_conflict,
    chains_followed,
    changes_told,
    tables_recounted,
    devices_traced,
    coverage_recounted,
    digests_agree,
    hub_verified,
    statuses_true,
    photos_safe,
    photos_in_place,
    photos_told,
    one_home,
    merged_kept,
    copies_closed,
)


def check(evidence: Evidence) -> list[Violation]:
    """Every breach that any checker finds."""
    return [Violation(checker.__name__, what) for checker in CHECKERS for what in checker(evidence)]
