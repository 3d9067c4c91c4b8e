"""The only codec of what travels: messages to JSON and back, for both ends of the wire and for both stores.

Reading is strict about what it knows (type, bound, alphabet) and passes over fields it does not, so a newer
sender is still understood. A request with one unreadable submission is still a request: `decode_request`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

from sync import strict
from sync.json_text import Style
from sync.messages import (
    ANSWERS_DEPTH_MAX,
    ANSWERS_NODES_MAX,
    FORMER_DEVICES,
    MAX_BODY_BYTES,
    PART_BYTES_MAX,
    PROPERTIES_PER_ENTITY,
    PROTOCOLS,
    SUBMISSIONS_PER_REQUEST,
    TARGETS_PER_SUBMISSION,
    VALUE_CHARS_MAX,
    VILLAGES_PER_TABLET,
    Answers,
    ChainEnd,
    Conflict,
    Cursor,
    EnrolReply,
    EnrolRequest,
    EntityState,
    FieldOutcome,
    FormXml,
    Incoming,
    Malformed,
    NotYet,
    Part,
    PartSoFar,
    Problem,
    Reply,
    Request,
    Said,
    Screen,
    Submission,
    Target,
    Verdict,
    Village,
)
from sync.strict import MessageFault, Path, array, careful, mapping, number, one_of, optional, record, text

T = TypeVar("T")

uuid = strict.matching(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID in lower case")
name = strict.matching(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", "name of letters, digits and _ . -")
_NAME_CHARS_MAX = 64
_TEXT: Final = frozenset({str})
_version_name = strict.matching(r"[A-Za-z0-9_.-]{1,32}", "version of letters, digits and _ . -")
_form_key = strict.matching(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}@[A-Za-z0-9_.-]{1,32}", "form as id@version")
_entity_key = strict.matching(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}/[0-9a-f-]{36}", "entity as dataset/id")
county = strict.matching(r"[0-9]{6}", "county code of 6 digits")
village_code = strict.matching(r"[0-9]{12}", "village code of 12 digits")
_digest = strict.matching(r"[0-9a-f]{32}", "digest of 32 hexadecimal digits")
_village_digest = strict.matching(r"[0-9a-f]{40}", "digest of 40 hexadecimal digits")
_hash = strict.matching(r"([0-9a-f]{64})?", "SHA-256 in hexadecimal, or nothing")
_key = strict.matching(r"([0-9a-f]{64})?", "public key in hexadecimal, or nothing")
_key_id = strict.matching(r"([0-9a-f]{16})?", "id of a public key, or nothing")
_list_hash = strict.matching(
    r"([0-9a-f]{16}|[0-9a-f]{64})?", "SHA-256 in hexadecimal, its beginning, or nothing"
)
_short = text(200)
_value = text(VALUE_CHARS_MAX)
_values = mapping(name, _value, PROPERTIES_PER_ENTITY)
_MANY = 100_000  # replies come from our own hub: a bound against nonsense, never one it could reach


def read_answers(value: object, path: Path) -> Answers:
    """Nested objects, texts, and lists of objects for repeats; bounded in depth and in number of nodes."""
    left = [ANSWERS_NODES_MAX]
    if isinstance(value, dict) and _sound(value, 1, left):
        return value
    left = [ANSWERS_NODES_MAX]

    def node(inner: object, at: str, depth: int) -> Answers:
        if not isinstance(inner, dict):
            raise strict.wrong(at, "object expected")
        if depth > ANSWERS_DEPTH_MAX:
            raise strict.wrong(at, f"nested deeper than {ANSWERS_DEPTH_MAX}")
        left[0] -= len(inner) + 1
        if left[0] < 0:
            raise strict.wrong(path, f"more than {ANSWERS_NODES_MAX} nodes")
        return {name(key, f"{at} key"): child(item, f"{at}.{key}", depth) for key, item in inner.items()}

    def child(item: object, at: str, depth: int) -> str | Answers | list[Answers]:
        if isinstance(item, dict):
            return node(item, at, depth + 1)
        if isinstance(item, list):
            return [node(row, f"{at}[{n}]", depth + 1) for n, row in enumerate(item)]
        return _value(item, at)

    return node(value, path or "", 1)


def _sound(answers: Mapping[str, Any], depth: int, left: list[int]) -> bool:
    """Whether answers are as they should be: nearly all are, and saying where they are not takes longer."""
    left[0] -= len(answers) + 1
    if depth > ANSWERS_DEPTH_MAX or left[0] < 0 or not all(map(_is_name, answers)):
        return False
    texts, inner = list(answers.values()), []
    if not _TEXT.issuperset(map(type, texts)):
        inner = [item for item in texts if not isinstance(item, str)]
        texts = [item for item in texts if isinstance(item, str)]
    joined = "".join(texts)
    if not joined.isprintable() or (len(joined) > VALUE_CHARS_MAX < max(map(len, texts))):
        return False
    rows = [row for item in inner for row in (item if isinstance(item, list) else [item])]
    return all(isinstance(row, dict) and _sound(row, depth + 1, left) for row in rows)


@lru_cache(maxsize=4_096)
def _is_name(told: str) -> bool:
    return told.isidentifier() and told.isascii() and len(told) <= _NAME_CHARS_MAX


_target = record(Target, dataset=name, id=uuid, base_version=number(), base=_values, follows=optional(uuid))
_submission = record(
    Submission, id=uuid, device=uuid, device_seq=number(1), previous_hash=_hash, history=optional(uuid),
    county=county, village=village_code, person=text(100), form=name, form_version=_version_name,
    observed_at=strict.instant, corrects=optional(uuid), targets=array(_target, TARGETS_PER_SUBMISSION),
    answers=read_answers,
)  # fmt: skip
_field_outcome = record(
    FieldOutcome, dataset=name, id=uuid, property=name, base=optional(_value), mine=_value,
    outcome=one_of("applied", "same", "superseded", "conflict"), theirs=optional(_value),
    theirs_submission=_short, theirs_by=_short, theirs_at=_short,
)  # fmt: skip
_verdict = record(
    Verdict, submission=uuid, outcome=one_of("applied", "merged", "conflict", "rejected"),
    marks=array(name, 20), code=optional(name), field=optional(text(1_000)), reason=optional(text(10_000)),
    faults=array(strict.pair(text(1_000), text(10_000)), _MANY), versions=mapping(_entity_key, number(), 100),
    fields=array(_field_outcome, _MANY),
)  # fmt: skip
_not_yet = record(
    NotYet, submission=uuid, code=one_of("form_unknown", "village_unknown"), reason=text(10_000)
)  # fmt: skip
_conflict = record(
    Conflict, id=uuid, property=name, submission=uuid, base=optional(_value), mine=_value,
    theirs=optional(_value), by=_short, at=_short, person=_short,
)  # fmt: skip
ENTITY_FIELDS: Mapping[str, strict.Reader[Any]] = {
    "dataset": name, "id": uuid, "village": village_code, "version": number(), "updated_at": _short,
    "props": mapping(name, _value, _MANY), "conflicts": array(_conflict, _MANY), "gone": strict.flag,
    "same_as": optional(uuid),
}  # fmt: skip
_entity = record(EntityState, **ENTITY_FIELDS)
_some_cursor = record(Cursor, seq=optional(number()), head=optional(number()), after=optional(_entity_key))


def _cursor(value: object, path: Path) -> Cursor:
    cursor = _some_cursor(value, path)
    if (cursor.seq is None) == (cursor.head is None):
        raise strict.wrong(path, "either seq, or head of a snapshot in progress, expected")
    return cursor


_village = record(Village, code=village_code, name=_short, township_name=_short, area_class=optional(name))
_form_xml = record(FormXml, id=name, version=_version_name, sha256=_hash, xml=text(MAX_BODY_BYTES))
_submissions = array(_submission, SUBMISSIONS_PER_REQUEST)
_any_submissions = array(lambda item, _: item, SUBMISSIONS_PER_REQUEST)
_ways = array(name, 50)
_screen = mapping(name, _values, TARGETS_PER_SUBMISSION)
_all_screens = optional(mapping(uuid, _screen, _MANY))


def _screens(value: object, path: Path) -> Mapping[str, Screen] | None:
    """Such as cannot be read count for none told: the records that they go with wait for nothing."""
    try:
        return _all_screens(value, path)
    except MessageFault:
        return None


_part_so_far = record(PartSoFar, name=_hash, size=number())
_part = record(Part, name=_hash, encoding=name, size=number(1, PART_BYTES_MAX), since=number())
_request = record(
    Request, protocol=number(), device=uuid, history=optional(uuid), sent_at=strict.instant,
    app_version=text(100), chain_seq=number(), chain_hash=_hash, waiting=number(), villages_hash=_list_hash,
    held=mapping(village_code, optional(_cursor), VILLAGES_PER_TABLET), forms=array(_form_key, 1_000),
    submissions=_submissions, free_bytes=optional(number()), photos_waiting=number(),
    digest=optional(_digest), digests=mapping(village_code, _village_digest, VILLAGES_PER_TABLET),
    county_key=_key_id, challenge=optional(_short), can=_ways, part=optional(_part_so_far),
    screens=_screens,
)  # fmt: skip
_reply = record(
    Reply, protocol=number(), history=uuid, now=strict.instant, county=county, person=_short,
    verdicts=array(_verdict, _MANY), not_yet=array(_not_yet, _MANY),
    villages=optional(array(_village, _MANY)), forms=array(_form_xml, 1_000),
    changes=array(_entity, _MANY), cursors=mapping(village_code, _cursor, _MANY), more=strict.flag,
    people=mapping(_short, _short, _MANY), ask_digests=strict.flag, reread=array(village_code, _MANY),
    county_key=_key, challenge=optional(_short), enrol_again=optional(one_of("restored", "cloned")),
    takes=_ways, part=optional(_part),
)  # fmt: skip
_chain_end = record(ChainEnd, device=uuid, seq=number(), hash=_hash)
_enrol_request = record(
    EnrolRequest, protocol=number(), code=text(100, empty=False), device=uuid,
    secret=text(200, empty=False), device_name=_short, app_version=text(100),
    formers=array(uuid, FORMER_DEVICES), ends=array(_chain_end, FORMER_DEVICES),
)  # fmt: skip
_enrol_reply = record(
    EnrolReply, device=uuid, county=county, county_name=_short, person=_short, person_name=_short,
    history=uuid, now=strict.instant, villages=array(_village, _MANY), county_key=_key,
    takes=_ways,
)  # fmt: skip

_problem = record(
    Problem, error=name, message=text(10_000), remedy=text(10_000), proof=_short, history=_short
)

_READERS: Mapping[type, strict.Reader[Any]] = {
    Target: _target, Submission: _submission, FieldOutcome: _field_outcome, Verdict: _verdict,
    NotYet: _not_yet, Conflict: _conflict, EntityState: _entity, Cursor: _cursor, Village: _village,
    FormXml: _form_xml, Request: _request, Reply: _reply, EnrolRequest: _enrol_request,
    EnrolReply: _enrol_reply, Problem: _problem,
}  # fmt: skip


# --- to JSON and back --------------------------------------------------------------------------------------


def to_json(message: object) -> Any:
    """Any message (or list, mapping, text, number in one) as plain JSON values."""
    if message is None or isinstance(message, str | int):
        return message
    if dataclasses.is_dataclass(message) and not isinstance(message, type):
        return {field.name: to_json(getattr(message, field.name)) for field in dataclasses.fields(message)}
    if isinstance(message, Mapping):
        return {key: to_json(item) for key, item in message.items()}
    if isinstance(message, list | tuple):
        return [to_json(item) for item in message]
    raise TypeError(f"{type(message).__name__} does not travel")


def _plain(message: object) -> object:
    """What the JSON encoder does not know by itself; the rest it walks in C, several times faster."""
    if hasattr(message, "__dataclass_fields__"):
        return vars(message)
    if isinstance(message, Mapping):
        return dict(message)
    raise TypeError(f"{type(message).__name__} does not travel")


def from_json(cls: type[T], value: object, path: str = "") -> T:
    """A message of class ``cls`` from parsed JSON; raises `MessageFault` with every fault found."""
    return cast(T, careful(_READERS[cls], value, path))


_CANONICAL: Final = Style(_plain, sort_keys=True)


def canonical(message: object) -> str:
    """Canonical JSON: keys sorted, no spaces. Equal messages give equal texts."""
    return _CANONICAL.text(message)


def encode(message: object) -> bytes:
    """Canonical JSON in UTF-8."""
    return _CANONICAL.utf8(message)


def decode(cls: type[T], body: bytes) -> T:
    """A message of class ``cls`` from its bytes; raises `MessageFault`."""
    return from_json(cls, parse(body))


def read_screen(told: str | None) -> Screen | None:
    """A `Screen` as `canonical` wrote it, None where none was told; raises `MessageFault`."""
    return None if told is None else careful(_screen, parse(told.encode()), "screen")


def read_screens(told: object) -> Mapping[str, Screen] | None:
    """The screens of a rescue file, from parsed JSON; None where none are told, or none that can be read."""
    return _screens(told, "screens")


def own_submission(text: bytes) -> Submission:
    """A submission as this tablet has stored it, not checked again: it was read (`from_json`) before it was stored."""
    told = json.loads(text)
    return Submission(**{**told, "targets": tuple([Target(**target) for target in told["targets"]])})


def decode_request(body: bytes) -> Incoming:
    """A request as received: the readable submissions in it, and apart from them the unreadable ones.

    Raises `MessageFault` with code ``too_large``, ``unknown_protocol`` or ``malformed`` if the request itself
    cannot be read.
    """
    if len(body) > MAX_BODY_BYTES:
        raise MessageFault(strict.Fault("", f"more than {MAX_BODY_BYTES} bytes"), code="too_large")
    return incoming(parse(body))


def incoming(value: object, told: Sequence[Said] = ()) -> Incoming:
    """The same from parsed JSON. ``told``: what `said` gives for each submission listed, where that is known."""
    if not isinstance(value, dict):
        raise strict.wrong("", "object expected")
    if (protocol := number()(value.get("protocol"), "protocol")) not in PROTOCOLS:
        fault = strict.Fault("protocol", f"one of {PROTOCOLS} expected, not {protocol}")
        raise MessageFault(fault, code="unknown_protocol")
    listed = careful(_any_submissions, value.get("submissions"), "submissions")
    request = from_json(Request, {**value, "submissions": []})
    good: list[Submission] = []
    bad: list[Malformed] = []
    known: list[Said] = []
    for at, item in enumerate(listed):
        try:
            submission = careful(_submission, item, "")
        except MessageFault as fault:
            bad.append(Malformed(_readable_id(item), fault.faults, json.dumps(item, sort_keys=True)))
        else:
            good.append(submission)
            known.append(told[at] if told else said(submission))
    return Incoming(dataclasses.replace(request, submissions=tuple(good)), tuple(bad), tuple(known))


def said(submission: Submission | Mapping[str, Any]) -> Said:
    """A submission, or the JSON object that `Submission` will be read from, as it is hashed and kept."""
    return _said(canonical(submission))


def said_unread(told: Mapping[str, Any]) -> Said:
    """The same of a JSON object in which anything may stand: nobody has read it yet."""
    return _said(_CANONICAL.exact(told))


def _said(text: str) -> Said:
    return Said(text, hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest())


def submission_hash(submission: Submission) -> str:
    """SHA-256 of the canonical JSON: the link of a tablet's chain; tells the hub a resend from a clash."""
    return said(submission).hash


def villages_hash(villages: Iterable[Village]) -> str:
    """SHA-256 over a list of villages, in whatever order; a tablet states it to be spared the list."""
    return hashlib.sha256(encode(sorted(villages, key=lambda village: village.code))).hexdigest()


def derived_id(*parts: str) -> str:
    """A UUID that follows from ``parts`` alone: what the hub must name it names alike at every replay."""
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"


def to_text(at: datetime) -> str:
    """An aware instant as the protocol writes it: UTC, milliseconds, ``Z``."""
    assert at.tzinfo is not None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_instant(told: str) -> datetime:
    """The aware UTC instant of a text that `to_text` or a strict reader let through."""
    return datetime.fromisoformat(told).astimezone(UTC)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)  # made once, as the encoder is


def parse(body: bytes) -> object:
    """JSON in UTF-8; raises `MessageFault`."""
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError):  # not UTF-8, not JSON, NaN, a number of thousands of digits
        raise strict.wrong("", "not JSON in UTF-8") from None


def _readable_id(item: object) -> str | None:
    try:
        return uuid(item.get("id") if isinstance(item, dict) else None, "id")
    except MessageFault:
        return None
