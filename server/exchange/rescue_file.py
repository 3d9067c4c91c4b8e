"""What is in a rescue file: opened with the county's key, read strictly, nothing written.

Apart from `rescue`, which takes it into the journal: a file is looked at first, and one that is damaged, of another
county or no rescue file at all is told in words before anything happens.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from typing import IO, Any, Final

from server.exchange.keyring import Keyring
from server.web import N_, Problem
from sync import sealed, strict
from sync.codec import from_json, read_screens, to_instant
from sync.messages import Malformed, Screen, Submission
from sync.rescue import RECORDS, VERSION
from sync.sealed import SealProblem
from sync.strict import MessageFault

# Of one tablet's season; a bound against nonsense, which only a holder of the public key could seal anyway.
RECORDS_BYTES_MAX: Final = 200_000_000
PHOTO_BYTES_MAX: Final = 20_000_000
REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    "not_sealed": (
        N_("这不是救援文件。"),
        N_("请选择平板停用后写出的文件，名字像 cleanheat-140525-1a2b3c4d.rescue。"),
    ),
    "other_key": (
        N_("这个文件不是给这台服务器的县密钥封装的，打不开。"),
        N_("请核对是不是本县的平板；服务器若搬过家，请先恢复数据目录里的 county-keys。"),
    ),
    "damaged": (N_("文件不完整或已损坏，什么也没有导入。"), N_("请从平板上重新复制一次；平板上的原件还在。")),
    "newer": (N_("这个文件由更新版本的应用写出。"), N_("请先升级服务器，再导入；什么也没有导入。")),
    "other_county": (N_("这是另一个县的救援文件。"), N_("请交给那个县的管理员；什么也没有导入。")),
}


@dataclass(frozen=True)
class Draft:
    """An interview that was not finished: for a person to read; nothing of it goes into the register. `household`: the
    id of the home it is about, empty where it is still to be registered."""

    form: str
    form_version: str
    village: str
    household: str
    updated_at: datetime | None
    answers: Mapping[str, Any]


@dataclass(frozen=True)
class Contents:
    """A rescue file. `id`: its SHA-256. `made_at`, `clock_offset_s`, `person_name`: the tablet's own word."""

    id: str
    county: str
    device: str
    person: str
    person_name: str
    history: str | None
    made_at: datetime
    clock_offset_s: int
    submissions: tuple[Submission, ...]
    unreadable: tuple[Malformed, ...]
    drafts: tuple[Draft, ...]
    photos: tuple[str, ...]
    villages: Mapping[str, str]
    screens: Mapping[str, Screen] | None


def look(data: bytes, keyring: Keyring, county: str) -> Contents:
    """Raises Problem `rescue_…` with what is wrong and what to do."""
    opened = BytesIO()
    try:
        header = sealed.unseal(BytesIO(data), opened, keyring.unseal)
    except SealProblem as problem:
        raise _refused(problem.code) from problem
    with _archive(opened) as archive:
        told = _records(archive)
    if told.get("rescue") != VERSION:
        raise _refused("newer")
    if header.county != county or told.get("county") != county:
        raise _refused("other_county")
    try:
        return _contents(sha256(data).hexdigest(), told)
    except (MessageFault, KeyError, TypeError, ValueError, AttributeError) as fault:
        raise _refused("damaged") from fault


def photos(data: bytes, keyring: Keyring, digests: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """The photos of a file that `look` has read, one at a time; empty bytes for one that is not in it."""
    if not digests:
        return
    opened = BytesIO()
    sealed.unseal(BytesIO(data), opened, keyring.unseal)
    with _archive(opened) as archive:
        there = set(archive.namelist())
        for digest in digests:
            name = f"photos/{digest}"
            yield digest, _member(archive, name, PHOTO_BYTES_MAX) if name in there else b""


def _refused(code: str) -> Problem:
    return Problem(f"rescue_{code}", 422, *REFUSED[code])


def _archive(opened: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(opened)
    except zipfile.BadZipFile as fault:
        raise _refused("damaged") from fault


def _records(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        told = json.loads(_member(archive, RECORDS, RECORDS_BYTES_MAX))
    except (KeyError, ValueError, RecursionError) as fault:
        raise _refused("damaged") from fault
    if not isinstance(told, dict):
        raise _refused("damaged")
    return told


def _member(archive: zipfile.ZipFile, name: str, bytes_max: int) -> bytes:
    with archive.open(name) as member:
        content = member.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise _refused("damaged")
    return content


def _contents(id: str, told: dict[str, Any]) -> Contents:
    good: list[Submission] = []
    bad: list[Malformed] = []
    for item in told["submissions"]:
        try:
            good.append(from_json(Submission, item))
        except MessageFault as fault:
            bad.append(Malformed(None, fault.faults, json.dumps(item, sort_keys=True)))
    return Contents(
        id=id,
        county=str(told["county"]),
        device=str(told["device"]),
        person=str(told["person"]),
        person_name=str(told["person_name"]),
        history=told["history"],
        made_at=to_instant(strict.instant(told["made_at"], "made_at")),
        clock_offset_s=int(told["clock_offset_s"]),
        submissions=tuple(good),
        unreadable=tuple(bad),
        drafts=tuple(_draft(each) for each in told["drafts"]),
        photos=tuple(str(each) for each in told.get("photos", ())),
        villages={str(code): str(name) for code, name in told["villages"].items()},
        screens=read_screens(told.get("screens")),
    )


def _draft(told: dict[str, Any]) -> Draft:
    at = told["updated_at"]
    return Draft(
        str(told["form"]),
        str(told["form_version"]),
        str(told["village"]),
        str(told["household"] or ""),
        to_instant(strict.instant(at, "updated_at")) if at else None,
        dict(told["answers"]),
    )
