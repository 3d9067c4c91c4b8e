"""What a message is on the wire: bytes and the name of their encoding, and back. No HTTP here.

Three ways to say the same message, each JSON inside:

- *plain*: every field, as `codec.encode` writes it; packed by gzip, or not at all. Everybody reads it.
- *lean*: fields at their default do not travel, nor does what the other end knows: the device (the secret says it),
  the history if it is the one asked under, what follows from a batch (``batch.py``), a plain verdict (its position),
  entity states row by row (``tables.py``). A hub says that it ``takes`` this, a tablet that it ``can``.
- *d1*: lean, packed by raw deflate with a dictionary both ends know (``dictionary.py``), after a CRC-32 of the text.

Whatever is packed is checked: bytes that were changed on the way are `damaged`, never another message.
"""

from __future__ import annotations

import dataclasses
import gzip
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sync import batch, tables
from sync.codec import encode, from_json, incoming, parse, to_json
from sync.dictionary import D1
from sync.messages import MAX_BODY_BYTES, Cursor, Incoming, Reply, Request, Said, Submission, Verdict
from sync.strict import Fault, MessageFault, array, mapping, number, text, wrong

REPLY_BYTES_MAX: Final = (
    64_000_000  # of JSON, unpacked: twenty forms and a full page of entities stay well below
)
LEAN: Final = "lean"
COLUMNS: Final = "columns"  # a snapshot comes as a part that follows the reply
TAKES: Final = (LEAN,)
D1_NAME: Final = "d1"
PART_TYPE: Final = "application/x-cleanheat-part"
VILLAGES_HASH_CHARS: Final = 16  # of 64: enough to tell one list of villages from the next
HEAD_SIZE_BYTES: Final = 4
PLAIN: Final = ""
_LEVEL: Final = 9
_RAW: Final = -15

# Fields without a default in the dataclass that a lean message leaves out all the same.
_REQUEST: Final[Mapping[str, Any]] = {
    "history": None, "chain_seq": 0, "chain_hash": "", "villages_hash": "", "held": {}, "forms": (),
    "submissions": (),
}  # fmt: skip
_REPLY: Final[Mapping[str, Any]] = {
    "verdicts": (), "not_yet": (), "villages": None, "forms": (), "changes": (), "cursors": {}, "more": False,
}  # fmt: skip


def _defaults(cls: type[Request | Reply]) -> Mapping[str, Any]:
    made = {
        field.name: field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        for field in dataclasses.fields(cls)
    }
    return {name: value for name, value in made.items() if value is not dataclasses.MISSING}


_DEFAULTS: Final = {cls: _defaults(cls) for cls in (Request, Reply)}
# As they stand in a message.
_REQUEST_TOLD: Final[dict[str, Any]] = to_json(_REQUEST)
_REPLY_TOLD: Final[dict[str, Any]] = to_json(_REPLY)


@dataclasses.dataclass(frozen=True)
class Packed:
    """A body, the name of its encoding as HTTP's Content-Encoding says it ("" = none), and the text in it."""

    body: bytes
    encoding: str
    text: bytes


# --- requests ----------------------------------------------------------------------------------------------


def pack_request(request: Request, takes: tuple[str, ...] = ()) -> Packed:
    """As the hub takes it; to one that said nothing, plain."""
    return zipped(encode(request)) if LEAN not in takes else _squeezed(_lean_request(request))


def unpack_request(body: bytes, encoding: str, device: str) -> Incoming:
    """A request of ``device``, as `codec.decode_request` reads it. Raises `MessageFault`, also with code
    ``damaged``."""
    return read_request(unpacked(body, encoding, MAX_BODY_BYTES), device)


def read_request(text: bytes, device: str) -> Incoming:
    """The same from its text."""
    value = parse(text)
    if not isinstance(value, dict):
        return incoming(value)
    listed, told = value.get("submissions", []), list[Said]()
    try:
        if "batch" in value:
            listed, told = batch.read(value["batch"], "batch")
        return incoming(_full_request({**value, "submissions": listed}, device), told)
    except RecursionError:  # it could just be read, and can no longer be said
        raise wrong("submissions", "nested too deeply") from None


def _lean_request(request: Request) -> dict[str, Any]:
    value = _told(request, {**_REQUEST, "waiting": len(request.submissions), "device": request.device})
    if request.villages_hash:
        value["villages_hash"] = request.villages_hash[:VILLAGES_HASH_CHARS]
    if request.held:
        value["held"] = _cursors(request.held)
    if request.submissions and (packed := batch.pack(request.submissions)) is not None:
        del value["submissions"]
        value["batch"] = packed
    return value


def _full_request(value: dict[str, Any], device: str) -> dict[str, Any]:
    listed = value["submissions"]
    waiting = len(listed) if isinstance(listed, list) else 0
    full = {**_REQUEST_TOLD, "device": device, "waiting": waiting, **value}
    return {**full, "held": _full_cursors(full["held"])}


# --- replies -----------------------------------------------------------------------------------------------


def pack_reply(reply: Reply, request: Request, *, gzip_read: bool = True) -> Packed:
    """In the way the tablet can read, as its request says; a plain one packed if that is smaller."""
    if LEAN in request.can:
        return _squeezed(_lean_reply(reply, request))
    plain = encode(reply)
    packed = zipped(plain) if gzip_read else None
    return packed if packed and len(packed.body) < len(plain) else Packed(plain, PLAIN, plain)


def unpack_reply(body: bytes, encoding: str, request: Request) -> Reply:
    """The reply to ``request``. Raises `MessageFault`."""
    value = parse(unpacked(body, encoding, REPLY_BYTES_MAX))
    if not isinstance(value, dict):
        return from_json(Reply, value)
    reply = from_json(Reply, _full_reply(value, request))
    if "tables" not in value:
        return reply
    # Read once: what comes back out of a table has been through the codec's readers.
    return dataclasses.replace(reply, changes=tables.unpack(value["tables"], "tables", _targets(request)))


def _lean_reply(reply: Reply, request: Request) -> dict[str, Any]:
    plain, others = _by_position(reply.verdicts, request.submissions)
    shorter = {
        "verdicts": others,
        "applied": plain,
        "tables": tables.pack(reply.changes, _targets(request)),
        "cursors": _cursors(reply.cursors),
    }
    told = _told(reply, {**_REPLY, "history": request.history, "changes": reply.changes})
    return {name: item for name, item in {**told, **shorter}.items() if item or name not in shorter}


def _full_reply(value: dict[str, Any], request: Request) -> dict[str, Any]:
    full = {**_REPLY_TOLD, "history": request.history, **value}
    full["cursors"] = _full_cursors(full["cursors"])
    if "tables" in value:
        full["changes"] = []
    if "applied" in value:
        full["verdicts"] = _in_order(full["verdicts"], _positions(value["applied"], request), request)
    return full


def _targets(request: Request) -> tuple[str, ...]:
    """The ids that a request names and its reply need not say again."""
    return tuple(target.id for submission in request.submissions for target in submission.targets)


# --- verdicts by their position ----------------------------------------------------------------------------


def _by_position(
    verdicts: tuple[Verdict, ...], submissions: tuple[Submission, ...]
) -> tuple[list[list[int]], list[Verdict]]:
    """Ranges of positions with a plain verdict, and the verdicts that are not: nothing to say of a plain one but
    that every value was applied, and that each entity is one version further."""
    given = {verdict.submission: verdict for verdict in verdicts}
    versions: dict[str, int] = {}
    ranges: list[list[int]] = []
    for at, submission in enumerate(submissions):
        verdict = given.get(submission.id)
        if verdict is None:
            continue
        if _is_plain(verdict, _further(submission, versions)):
            del given[submission.id]
            if ranges and ranges[-1][1] == at - 1:
                ranges[-1][1] = at
            else:
                ranges.append([at, at])
        versions.update(verdict.versions)
    return ranges, list(given.values())


def _further(submission: Submission, versions: Mapping[str, int]) -> dict[str, int]:
    return {key: max(seen, versions.get(key, 0)) + 1 for key, seen in _seen(submission)}


def _seen(submission: Submission) -> Iterator[tuple[str, int]]:
    for target in submission.targets:
        yield target.key, target.base_version


_PLAIN: Final = vars(Verdict("", "applied"))


def _is_plain(verdict: Verdict, further: Mapping[str, int]) -> bool:
    """Whatever else a verdict may say, it does not."""
    return (
        verdict.versions == further
        and {**vars(verdict), "submission": "", "versions": {}, "fields": ()} == _PLAIN
        and all(field.outcome == "applied" for field in verdict.fields)
    )


def _positions(ranges: object, request: Request) -> set[int]:
    last = len(request.submissions) - 1
    place = number(0, last) if last >= 0 else number(1, 0)
    pairs = array(array(place, 2), last + 1)(ranges, "applied")
    if any(len(pair) != 2 for pair in pairs):
        raise wrong("applied", "pairs of positions expected")
    return {at for first, end in pairs for at in range(first, end + 1)}


def _in_order(others: Any, plain: set[int], request: Request) -> list[Any]:
    """All verdicts in the order of the submissions; those of others come last."""
    if not isinstance(others, list) or not all(isinstance(each, dict) for each in others):
        raise wrong("verdicts", "list of objects expected")
    told = {str(each.get("submission")): each for each in others}
    versions: dict[str, int] = {}
    found: list[Any] = []
    for at, submission in enumerate(request.submissions):
        verdict = told.pop(submission.id, None)
        if at in plain:
            verdict = to_json(Verdict(submission.id, "applied", versions=_further(submission, versions)))
        if verdict is not None:
            found.append(verdict)
            versions.update(
                mapping(text(200), number(), 100)(verdict.get("versions", {}), "verdicts.versions")
            )
    return [*found, *told.values()]


# --- a reply that a part follows ---------------------------------------------------------------------------


def framed(head: bytes, part: memoryview) -> bytes:
    """The packed reply behind its length in four bytes, and of the part what the tablet does not have yet."""
    return len(head).to_bytes(HEAD_SIZE_BYTES) + head + part


# --- what both share ---------------------------------------------------------------------------------------


def _told(message: Request | Reply, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not at their default."""
    usual = {**_DEFAULTS[type(message)], **defaults}
    return {name: value for name, value in vars(message).items() if name not in usual or value != usual[name]}


def _cursors(cursors: Mapping[str, Cursor | None]) -> dict[str, Any]:
    """A cursor that is a place in the feed is its number."""
    return {
        village: cursor.seq if cursor is not None and cursor.seq is not None else cursor
        for village, cursor in cursors.items()
    }


def _full_cursors(told: object) -> object:
    if not isinstance(told, dict):
        return told
    return {
        village: {"seq": cursor} if isinstance(cursor, int) and not isinstance(cursor, bool) else cursor
        for village, cursor in told.items()
    }


# --- packing -----------------------------------------------------------------------------------------------


def zipped(text: bytes) -> Packed:
    return Packed(gzip.compress(text, _LEVEL, mtime=0), "gzip", text)


def _squeezed(value: object) -> Packed:
    text = encode(value)
    return Packed(squeeze(text), D1_NAME, text)


def squeeze(plain: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW, 9, zlib.Z_DEFAULT_STRATEGY, D1)
    return zlib.crc32(plain).to_bytes(4) + packer.compress(plain) + packer.flush()


def unpacked(body: bytes, encoding: str, bytes_max: int) -> bytes:
    """The text of a body. Raises `MessageFault`: ``too_large``, ``damaged``, or ``malformed`` for an encoding
    nobody here knows. Never unpacks more than one byte beyond the bound."""
    if encoding in (PLAIN, "identity"):
        plain = body
    elif encoding == "gzip":
        plain = _inflated(body, zlib.decompressobj(31), bytes_max)
    elif encoding == D1_NAME:
        plain = _inflated(body[4:], zlib.decompressobj(_RAW, D1), bytes_max)
        if zlib.crc32(plain).to_bytes(4) != body[:4]:
            raise _damaged()
    else:
        raise wrong("", "packed in a way that is not known here")
    if len(plain) > bytes_max:
        raise _too_large(bytes_max)
    return plain


def _inflated(body: bytes, unpacker: Any, bytes_max: int) -> bytes:
    try:
        plain: bytes = unpacker.decompress(body, bytes_max + 1)
    except zlib.error:
        raise _damaged() from None
    if len(plain) > bytes_max:
        raise _too_large(bytes_max)
    if not unpacker.eof or unpacker.unused_data:
        raise _damaged()
    return plain


def _damaged() -> MessageFault:
    return MessageFault(Fault("", "changed or cut on the way"), code="damaged")


def _too_large(bytes_max: int) -> MessageFault:
    return MessageFault(Fault("", f"more than {bytes_max} bytes"), code="too_large")
