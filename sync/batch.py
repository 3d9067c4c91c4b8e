"""A batch of submissions in columns, without what follows from the batch itself, and back.

A submission never changes, and its hash covers every field; but of a hundred edits made in a row most fields are
the same, or follow: the place in the chain is one further, the hash of the one before can be worked out. Here a batch
is said without them, and the reader works them out again. ``last`` is the hash of the last one, so a reader that
came to anything else knows, and so does the writer, which reads back what it wrote (`pack`).

The rows come out as plain JSON values, for the codec to read one by one: an unreadable one spoils no other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sync import columns
from sync.codec import said, said_unread, submission_hash, to_json
from sync.messages import MAX_BODY_BYTES, SUBMISSIONS_PER_REQUEST, TARGETS_PER_SUBMISSION, Said, Submission
from sync.strict import Fault, MessageFault, number, wrong
from sync.tables import named, props, whole

_SAME: Final = ("device", "history", "county", "village", "person", "form", "form_version", "corrects")
_SEQ: Final = re.compile(r"-?[0-9]{1,17}")
_NODE: Final = "/"  # between the names of a path; no name has it
_BEFORE: Final = ""  # a previous_hash that can be worked out; the chain's very first is said by _NONE
_NONE: Final = "none"

Batch = dict[str, Any]
Row = dict[str, Any]


# --- in ----------------------------------------------------------------------------------------------------


def pack(submissions: Sequence[Submission]) -> Batch | None:
    """The batch, or None where it does not come back exactly as it was (then it has to travel as it is)."""
    rows = [to_json(submission) for submission in submissions]
    batch = _packed(rows, [submission_hash(submission) for submission in submissions])
    try:
        return batch if unpack(batch, "") == rows else None
    except MessageFault:
        return None


def _packed(rows: Sequence[Row], hashes: Sequence[str]) -> Batch:
    targets = [target for row in rows for target in row["targets"]]
    place = {row["id"]: f"#{at}" for at, row in enumerate(rows)}
    before = ["", *hashes[:-1]]
    batch: Batch = {"n": len(rows), "last": hashes[-1]}
    for name in ("id", *_SAME, "observed_at"):
        batch[name] = columns.pack([row[name] for row in rows])
    batch["seq"] = columns.pack([str(row["device_seq"] - at) for at, row in enumerate(rows)])
    batch["previous_hash"] = columns.pack(
        [_BEFORE if at and row["previous_hash"] == before[at] else row["previous_hash"] or _NONE
         for at, row in enumerate(rows)]
    )  # fmt: skip
    batch["targets"] = {
        "of": columns.pack([str(len(row["targets"])) for row in rows]),
        "dataset": columns.pack([target["dataset"] for target in targets]),
        "id": columns.pack([target["id"] for target in targets]),
        "base_version": columns.pack([str(target["base_version"]) for target in targets]),
        "follows": columns.pack([place.get(target["follows"], target["follows"]) for target in targets]),
        "base": _columns([target["base"] for target in targets]),
    }
    flat = [_flat(row["answers"]) for row in rows]
    batch["answers"] = _columns([texts for texts, _ in flat])
    batch["repeats"] = _columns([repeats for _, repeats in flat])
    return batch


def _columns(items: Sequence[Mapping[str, str]]) -> dict[str, columns.Column]:
    names = dict.fromkeys(name for item in items for name in item)
    return {name: columns.pack([item.get(name) for item in items]) for name in names}


def _flat(answers: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Texts by their path, and whatever is no text and no group with something in it, as JSON by its path."""
    texts: dict[str, str] = {}
    rest: dict[str, str] = {}

    def walk(node: Mapping[str, Any], above: str) -> None:
        for name, item in node.items():
            if isinstance(item, str):
                texts[above + name] = item
            elif isinstance(item, dict) and item:
                walk(item, above + name + _NODE)
            else:
                rest[above + name] = json.dumps(item, ensure_ascii=False, separators=(",", ":"))

    walk(answers, "")
    return texts, rest


# --- out ---------------------------------------------------------------------------------------------------


def unpack(batch: object, path: str) -> list[Row]:
    """Submissions as JSON values, in their order. Raises `MessageFault` where this is no batch, or another one."""
    return read(batch, path)[0]


def read(batch: object, path: str) -> tuple[list[Row], list[Said]]:
    """`unpack`, and what `said` gives for each of the rows: their hashes have to be made anyway."""
    if not isinstance(batch, dict):
        raise wrong(path, "object expected")
    n = number(1, SUBMISSIONS_PER_REQUEST)(batch.get("n"), f"{path}.n")
    rows: list[Row] = [{} for _ in range(n)]
    for name in ("id", *_SAME, "observed_at"):
        for row, value in zip(rows, columns.unpack(batch.get(name), n, f"{path}.{name}"), strict=True):
            row[name] = value
    for at, value in enumerate(columns.texts(batch.get("seq"), n, f"{path}.seq")):
        rows[at]["device_seq"] = int(value) + at if _SEQ.fullmatch(value) else value
    _give_targets(rows, batch.get("targets"), f"{path}.targets")
    _give_answers(rows, batch, path)
    # A column holds texts; what repeats hold may be anything.
    say = said_unread if batch.get("repeats") else said
    told = _linked(rows, columns.texts(batch.get("previous_hash"), n, f"{path}.previous_hash"), say, path)
    if told[-1].hash != batch.get("last"):
        raise wrong(f"{path}.last", "the hash of the last submission expected")
    return rows, told


def _give_targets(rows: Sequence[Row], told: object, path: str) -> None:
    if not isinstance(told, dict):
        raise wrong(path, "object expected")
    counts = [_count(each, path) for each in columns.texts(told.get("of"), len(rows), f"{path}.of")]
    n = sum(counts)
    datasets = columns.texts(told.get("dataset"), n, f"{path}.dataset")
    ids = columns.texts(told.get("id"), n, f"{path}.id")
    versions = columns.texts(told.get("base_version"), n, f"{path}.base_version")
    follows = columns.unpack(told.get("follows"), n, f"{path}.follows")
    base = props(told.get("base"), n, f"{path}.base")
    places = {f"#{at}": row["id"] for at, row in enumerate(rows)}
    all_targets: Iterable[Row] = iter(
        [
            {
                "dataset": datasets[at],
                "id": ids[at],
                "base_version": whole(versions[at]),
                "base": base[at],
                "follows": places.get(follows[at] or "", follows[at]),
            }
            for at in range(n)
        ]
    )
    for row, count in zip(rows, counts, strict=True):
        row["targets"] = [target for _, target in zip(range(count), all_targets, strict=False)]


def _count(told: str, path: str) -> int:
    return number(0, TARGETS_PER_SUBMISSION)(whole(told), f"{path}.of")


def _give_answers(rows: Sequence[Row], batch: Batch, path: str) -> None:
    for row in rows:
        row["answers"] = {}
    for above, inner in _by_group(batch.get("answers"), f"{path}.answers"):
        for row, values in zip(rows, props(inner, len(rows), f"{path}.answers"), strict=True):
            if values:
                _group(row["answers"], above, path).update(values)
    left = MAX_BODY_BYTES
    for above, inner in _by_group(batch.get("repeats"), f"{path}.repeats"):
        for row, values in zip(rows, props(inner, len(rows), f"{path}.repeats"), strict=True):
            left -= sum(map(len, values.values()))
            if left < 0:
                raise _too_large(path)
            for name, value in values.items():
                _group(row["answers"], above, path)[name] = _json(value, path)


def _by_group(told: object, path: str) -> Iterable[tuple[list[str], Mapping[str, Any]]]:
    """The columns of the names that stand in one group, for each group; the outer ones come first."""
    groups: dict[str, dict[str, Any]] = {}
    for at, column in named(told, path).items():
        above, _, name = at.rpartition(_NODE)
        groups.setdefault(above, {})[name] = column
    return [(above.split(_NODE) if above else [], groups[above]) for above in sorted(groups)]


def _group(answers: Row, above: Sequence[str], path: str) -> Row:
    node = answers
    for group in above:
        node = node.setdefault(group, {})
        if not isinstance(node, dict):
            raise wrong(f"{path}.answers.{_NODE.join(above)}", "a group expected")
    return node


def _json(text: str, path: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise wrong(f"{path}.repeats", "JSON expected") from None


def _linked(rows: Sequence[Row], told: Sequence[str], say: Callable[[Row], Said], path: str) -> list[Said]:
    """Gives each its previous_hash: where it is not said, the hash of the one before it here.

    A column says in a few bytes what every row has: all together they are no more than a plain request may be.
    """
    found: list[Said] = []
    left = MAX_BODY_BYTES
    for row, value in zip(rows, told, strict=True):
        before = found[-1].hash if found else ""
        row["previous_hash"] = before if value == _BEFORE else "" if value == _NONE else value
        found.append(say(row))
        left -= len(found[-1].text)
        if left < 0:
            raise _too_large(path)
    return found


def _too_large(path: str) -> MessageFault:
    return MessageFault(Fault(path, f"more than {MAX_BODY_BYTES} characters"), code="too_large")
