"""Drafts, submissions and corrections: how what a surveyor recorded becomes a link of the tablet's chain.

What a surveyor *saw* is taken when a draft is first saved, not when it is submitted: a pull in between must
not make it look as if the change of another had been seen and overwritten on purpose.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sync import replica_alias, replica_photos
from sync.codec import decode, from_json, own_submission, said, to_text
from sync.messages import VALUE_CHARS_MAX, Answers, Said, Submission, Target, Verdict
from sync.replica_lists import conflict_open
from sync.replica_rows import Delay, Draft, Record
from sync.replica_schema import ReplicaProblem
from sync.replica_view import as_json, recompute, stands_on
from sync.strict import MessageFault


@dataclass(frozen=True)
class Seen:
    """Of one entity, when the interview began: the hub's values (``base``) at ``base_version`` under
    ``history``, the values on screen (``seen``), and my submission those stand on (``follows``)."""

    base_version: int
    base: Mapping[str, str]
    seen: Mapping[str, str]
    follows: str | None
    history: str | None


# --- drafts ------------------------------------------------------------------------------------------------

# A draft begun for a home that was merged into another shows with that one; what it is about keeps its id.
_DRAFT = (
    "SELECT id, form, form_version, village, coalesce((SELECT a.survivor FROM alias a WHERE"
    " a.dataset = 'household' AND a.id = draft.household), household), target_ids, corrects, answers, position,"
    " updated_at FROM draft"
)


def _draft_of(row: tuple[Any, ...]) -> Draft:
    id, form, version, village, household, targets, corrects, answers, position, updated_at = row
    return Draft(
        id, form, version, village, household, json.loads(targets), corrects, json.loads(answers), position,
        updated_at,
    )  # fmt: skip


def draft(connection: sqlite3.Connection, id: str) -> Draft | None:
    row = connection.execute(f"{_DRAFT} WHERE id = ?", (id,)).fetchone()
    return _draft_of(row) if row else None


def drafts(connection: sqlite3.Connection, village: str | None) -> list[Draft]:
    """Latest first."""
    rows = connection.execute(
        f"{_DRAFT} WHERE coalesce(?, village) = village ORDER BY updated_at DESC, id", (village,)
    )
    return [_draft_of(row) for row in rows]


def save_draft(connection: sqlite3.Connection, draft: Draft, at: str) -> Draft:
    seen = dict(connection.execute("SELECT dataset, id FROM draft_seen WHERE draft = ?", (draft.id,)))
    saved = replace(draft, updated_at=at, target_ids=_lived_on(connection, draft, seen))
    # Answers as ASCII: half a surrogate pair, which some keyboards send on the way to a rare character, is no
    # reason to lose the rest.
    connection.execute(
        "INSERT INTO draft VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET form = excluded.form,"
        " form_version = excluded.form_version, household = excluded.household,"
        " target_ids = excluded.target_ids, answers = excluded.answers, position = excluded.position,"
        " updated_at = excluded.updated_at",
        (saved.id, saved.form, saved.form_version, saved.village, saved.household_id,
         as_json(saved.target_ids), saved.corrects, json.dumps(saved.answers), saved.position, at),
    )  # fmt: skip
    _remember_seen(connection, saved, seen)
    return saved


def discard_draft(connection: sqlite3.Connection, id: str) -> None:
    connection.execute("DELETE FROM draft WHERE id = ?", (id,))


def _lived_on(connection: sqlite3.Connection, draft: Draft, begun: Mapping[str, str]) -> dict[str, str]:
    """What is begun for a home that was merged into another is about that one; what was begun before, or corrects a
    record, keeps the id it was begun with."""
    if draft.corrects:
        return dict(draft.target_ids)
    return {
        dataset: id if begun.get(dataset) == id else replica_alias.resolve(connection, dataset, id)
        for dataset, id in draft.target_ids.items()
    }


def _remember_seen(connection: sqlite3.Connection, draft: Draft, known: Mapping[str, str]) -> None:
    for dataset, id in draft.target_ids.items():
        if known.get(dataset) != id:
            was = draft.corrects and _seen_before_correcting(connection, draft.corrects, dataset, id)
            _store_seen(connection, draft.id, dataset, id, was or _seen_now(connection, dataset, id))


def _store_seen(connection: sqlite3.Connection, draft: str, dataset: str, id: str, seen: Seen) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO draft_seen VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (draft, dataset, id, seen.base_version, as_json(seen.base), as_json(seen.seen), seen.follows,
         seen.history),
    )  # fmt: skip


def _seen_now(connection: sqlite3.Connection, dataset: str, id: str) -> Seen:
    row = connection.execute(
        "SELECT at_hub, version, props, effective, history FROM entity WHERE dataset = ? AND id = ?",
        (dataset, id),
    ).fetchone()
    follows = stands_on(connection, dataset, id, at_hub=bool(row and row[0]))
    if row is None:
        return Seen(0, {}, {}, follows, None)
    at_hub, version, props, effective, history = row
    base = json.loads(props) if at_hub else {}
    return Seen(version if at_hub else 0, base, json.loads(effective), follows, history if at_hub else None)


def _seen_before_correcting(
    connection: sqlite3.Connection, corrects: str, dataset: str, id: str
) -> Seen | None:
    """What the maker of a correction has seen is the corrected record, whatever the hub has shown since.

    Unsent: it follows that record. Rejected: it stands where that record stood. Accepted: the base is what
    the record left behind at the version of its verdict – in a conflict the other's value, so that
    insisting on mine is a change, and taking theirs is none.
    """
    row = connection.execute(
        "SELECT s.body, s.verdict, s.verdict_history, t.changes, t.seen FROM submission s JOIN target t"
        " ON t.submission = s.id WHERE s.id = ? AND t.dataset = ? AND t.id = ?", (corrects, dataset, id),
    ).fetchone()  # fmt: skip
    if row is None:
        return None
    was, changes = own_submission(row[0]), json.loads(row[3])
    target = next(target for target in was.targets if (target.dataset, target.id) == (dataset, id))
    if row[1] is None:
        return Seen(target.base_version, target.base, changes, was.id, was.history)
    verdict = decode(Verdict, row[1])
    if verdict.outcome == "rejected":
        return Seen(target.base_version, target.base, json.loads(row[4]), target.follows, was.history)
    left = dict(changes)
    for field in verdict.fields:
        if (field.dataset, field.id, field.outcome) == (dataset, id, "conflict"):
            left.pop(field.property, None)
            if field.theirs is not None:
                left[field.property] = field.theirs
    version = verdict.versions.get(target.key, target.base_version)
    return Seen(version, left, left, None, row[2])


# --- submissions -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recorded:
    """What the interview hands over: ``changes`` is dataset → property → value, as the form saves them."""

    answers: Answers
    changes: Mapping[str, Mapping[str, str]]
    observed_at: datetime


def submit(
    connection: sqlite3.Connection, draft_id: str, recorded: Recorded, new_id: Callable[[], str]
) -> Submission:
    """The draft becomes the next link of the chain and waits; its entities show it at once."""
    work = draft(connection, draft_id)
    if work is None:
        raise ReplicaProblem("unknown_draft", "这份草稿已经提交或删除。", "请在“待发送”中查看记录。")
    me = connection.execute(
        "SELECT device, chain_seq, chain_hash, history, county, person FROM identity WHERE stage = 'current'"
    ).fetchone()
    if me is None:
        raise ReplicaProblem("not_enrolled", "平板尚未登记。", "请先登记；草稿已保存在本机。")
    device, chain_seq, chain_hash, history, county, person = me
    seen = {dataset: (id, saw) for dataset, id, saw in _seen_of(connection, draft_id)}
    targets = []
    for dataset, values in recorded.changes.items():
        id, saw = seen.get(dataset) or (new_id(), Seen(0, {}, {}, None, None))
        base = {name: saw.base[name] for name in values if name in saw.base}
        targets.append((Target(dataset, id, saw.base_version, base, saw.follows), saw))
    submission = Submission(
        new_id(), device, chain_seq + 1, chain_hash, _history(history, (saw for _, saw in targets)), county,
        work.village, person, work.form, work.form_version, to_text(recorded.observed_at), work.corrects,
        tuple(target for target, _ in targets), recorded.answers,
    )  # fmt: skip
    told = said(submission)
    _refuse_unreadable(told)
    saw_of = {target.dataset: saw for target, saw in targets}
    _store(connection, submission, told, work, recorded.changes, saw_of)
    replica_photos.attach(connection, submission)
    discard_draft(connection, draft_id)
    recompute(connection, [*((t.dataset, t.id) for t, _ in targets), *_targets_of(connection, work.corrects)])
    return submission


def _refuse_unreadable(told: Said) -> None:
    """What the codec cannot read back would be refused by the hub, and by this store: better now, while the
    draft can still be mended."""
    try:
        from_json(Submission, json.loads(told.text))
    except MessageFault as fault:
        raise ReplicaProblem(
            "unreadable",
            f"“{fault.path}”不能提交：内容太长（最多 {VALUE_CHARS_MAX} 字）或含有无法识别的字符。",
            "请修改这一项后再提交；草稿还在。",
        ) from fault


def _seen_of(connection: sqlite3.Connection, draft_id: str) -> Iterator[tuple[str, str, Seen]]:
    rows = connection.execute(
        "SELECT dataset, id, base_version, base, seen, follows, history FROM draft_seen WHERE draft = ?",
        (draft_id,),
    )
    for dataset, id, version, base, seen, follows, history in rows.fetchall():
        yield dataset, id, Seen(version, json.loads(base), json.loads(seen), follows, history)


def _history(current: str | None, seen: Iterator[Seen]) -> str | None:
    """A submission names one history. If parts of it were seen under another, that one: the hub then
    compares values instead of versions, which is right for the other parts as well."""
    others = [saw.history for saw in seen if saw.base_version and saw.history != current]
    return others[0] if others else current


def _store(
    connection: sqlite3.Connection, submission: Submission, told: Said, work: Draft,
    changes: Mapping[str, Mapping[str, str]], seen: Mapping[str, Seen],
) -> None:  # fmt: skip
    household = work.household_id or next(
        (target.id for target in submission.targets if target.dataset == "household"), None
    )
    connection.execute(
        "INSERT INTO submission (id, village, household, label, corrects, body, state)"
        " VALUES (?, ?, ?, ?, ?, ?, 'waiting')",
        (submission.id, submission.village, household, _label(connection, household, changes),
         submission.corrects, told.text.encode()),
    )  # fmt: skip
    for target in submission.targets:
        values, saw = changes[target.dataset], seen[target.dataset].seen
        changed = {name: value for name, value in values.items() if value != saw.get(name, "")}
        connection.execute(
            "INSERT INTO target (submission, dataset, id, changes, seen, changed) VALUES (?, ?, ?, ?, ?, ?)",
            (submission.id, target.dataset, target.id, as_json(dict(values)),
             as_json({name: saw[name] for name in values if name in saw}), as_json(changed)),
        )  # fmt: skip
    connection.execute(
        "UPDATE identity SET chain_seq = ?, chain_hash = ? WHERE stage = 'current'",
        (submission.device_seq, told.hash),
    )


def _label(
    connection: sqlite3.Connection, household: str | None, changes: Mapping[str, Mapping[str, str]]
) -> str:
    """The household in words: name and door number as recorded, else as known; without one, the place."""
    row = connection.execute(
        "SELECT effective FROM entity WHERE dataset = 'household' AND id = ?", (household,)
    ).fetchone()
    shown = {**(json.loads(row[0]) if row else {}), **changes.get("household", {})}
    places = (values.get("place", "") for values in changes.values())
    named = " ".join(filter(None, (shown.get("head_name"), shown.get("door_number"))))
    return named or next(filter(None, places), "") or "（未填姓名）"


def _targets_of(connection: sqlite3.Connection, submission: str | None) -> list[tuple[str, str]]:
    rows = connection.execute("SELECT dataset, id FROM target WHERE submission = ?", (submission,))
    return rows.fetchall()


# --- records -----------------------------------------------------------------------------------------------

_RECORD = (
    "SELECT s.body, s.state, s.verdict, s.not_yet, s.label, s.household,"
    " (SELECT c.id FROM submission c WHERE c.corrects = s.id ORDER BY c.seq DESC LIMIT 1),"
    " (SELECT group_concat(p.state, ' ') FROM submission_photo n JOIN photo p ON p.sha256 = n.photo"
    "  WHERE n.submission = s.id) FROM submission s"
)


def records(
    connection: sqlite3.Connection, where: str, values: tuple[object, ...], limit: int, offset: int
) -> list[Record]:
    """Latest first."""
    rows = connection.execute(
        f"{_RECORD} WHERE {where} ORDER BY s.seq DESC LIMIT ? OFFSET ?", (*values, limit, offset)
    )
    return [_record_of(connection, row) for row in rows.fetchall()]


def of_household(connection: sqlite3.Connection, household: str) -> list[Record]:
    """All about a home, under whichever of its ids, latest first."""
    home = replica_alias.resolve(connection, "household", household)
    ids = replica_alias.ids_of(connection, "household", home)
    named = f"s.household IN ({', '.join('?' * len(ids))})"
    return records(connection, named, tuple(ids), -1, 0)


def _record_of(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Record:
    body, state, verdict, not_yet, label, household, corrected, photos = row
    submission = own_submission(body)
    still_open = (state == "rejected" and corrected is None) or (
        state == "conflict" and conflict_open(connection, submission.id)
    )
    return Record(
        submission, state, decode(Verdict, verdict) if verdict else None,
        Delay(**json.loads(not_yet)) if not_yet else None,
        label, household, corrected, still_open, tuple((photos or "").split()),
    )  # fmt: skip


def begin_correction(
    connection: sqlite3.Connection, submission_id: str, at: str, new_id: Callable[[], str]
) -> Draft:
    """A draft that opens with the record's answers; the one begun before, if it is still there."""
    begun = connection.execute(f"{_DRAFT} WHERE corrects = ?", (submission_id,)).fetchone()
    if begun:
        return _draft_of(begun)
    row = connection.execute(
        "SELECT body, household FROM submission WHERE id = ?", (submission_id,)
    ).fetchone()
    if row is None:
        raise ReplicaProblem("unknown_record", "本机没有这条记录。", "请在录入它的平板上更正。")
    was = own_submission(row[0])
    targets = {target.dataset: target.id for target in was.targets}
    fresh = Draft(new_id(), was.form, was.form_version, was.village, row[1], targets, was.id, was.answers)
    return save_draft(connection, fresh, at)
