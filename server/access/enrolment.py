"""How a tablet comes to be known: codes, enrolment, and the villages it holds.

Apart from `actions` because these speak of tablets; that one speaks of people. Each function writes in the
transaction it is given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, update
from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from server import statements
from server.access import credentials, rules
from server.access.audit import audit, common_area
from server.access.callers import by_secret
from server.access.tables import SHORT_CHARS, Assignment, EnrolmentCode, Person, Tablet
from server.database import among, table_of, upsert
from server.web import N_, Problem
from sync.chain import Standing
from sync.messages import Anew, ChainEnd

ENDS: Final = "@"
"""Between a former id of a tablet and where its chain ended, as `Tablet.formers` has them."""
CLOSED: Final[Mapping[Anew, str]] = {
    "restored": N_("数据被恢复成较早的样子"),
    "cloned": N_("数据被复制到另一台平板"),
}


def _noted(*names: str) -> Any:
    """An update of a tablet's row, its values handed in as ``at_`` and their names."""
    return _of_tablet(update(Tablet)).values({name: bindparam(f"at_{name}") for name in names})


def _of_tablet(statement: Any) -> Any:
    key = table_of(Tablet).c
    return statement.where(key.county == bindparam("of_county"), key.device == bindparam("of_device"))


# What every contact runs, built once: building a statement costs more than running it.
_HELD: Final = table_of(Assignment)
_ASSIGNMENTS: Final = rows_of(_HELD.c.village, _HELD.c.until_at.is_(None)).where(
    _HELD.c.county == bindparam("county"), _HELD.c.device == bindparam("device")
)
_TAKEN: Final = (
    update(_HELD)
    .where(
        _HELD.c.county == bindparam("county"),
        _HELD.c.device == bindparam("device"),
        among(_HELD.c.village, "villages"),
        _HELD.c.until_at.is_(None),
    )
    .values(until_at=bindparam("now"))
)
_LOCKED: Final = _of_tablet(
    rows_of(
        *(
            table_of(Tablet).c[name]
            for name in ("chain_seq", "chain_hash", "challenge", "closed_as", "formers")
        )
    )
).with_for_update()
_NOTE_CONTACT: Final = _noted(
    "last_contact_at", "app_version", "waiting", "clock_offset_s", "chain_seq", "chain_hash", "challenge",
    "forms", "free_bytes", "photos_waiting",
)  # fmt: skip


@dataclass(frozen=True)
class Enrolled:
    """What an enrolment made, or found already made by the same device."""

    tablet: Tablet
    person: Person


def make_code(
    session: Session, *, county: str, person: str, villages: Collection[str], made_by: str, now: datetime,
    name: str = "",
) -> str:  # fmt: skip
    """A new one-time code for a tablet of this person and these villages; given back here and nowhere
    else. `name`: what the tablet is to be called.
    """
    code = credentials.new_code()
    session.add(
        EnrolmentCode(
            county=county,
            code_sha256=credentials.sha256(code),
            person=person,
            villages=sorted(set(villages)),
            made_by=made_by,
            made_at=now,
            expires_at=now + rules.CODE_LIFETIME,
            name=name,
        )
    )
    detail = {N_("使用人"): session.get_one(Person, person).name, N_("村"): "、".join(sorted(set(villages)))}
    _note(
        session, made_by, "tablet.enrol", county, sorted(set(villages)), "code/" + _short(code), detail, now
    )
    return code


def _short(code: str) -> str:
    """A code as the log may name it: enough to tell two apart, nothing to enrol with."""
    return credentials.sha256(code)[:12]


def _note(
    session: Session, person: str, verb: str, county: str, villages: Sequence[str], subject: str,
    detail: dict[str, str], now: datetime,
) -> None:  # fmt: skip
    audit(
        session, person=person, verb=verb, county=county, area=common_area(list(villages), county),
        subject=subject, detail=detail, now=now,
    )  # fmt: skip


def withdraw_code(session: Session, *, county: str, code_sha256: str, by: str, now: datetime) -> None:
    """An unused code stops working; a used one is history and stays."""
    code = session.get(EnrolmentCode, (county, code_sha256))
    if code is not None and code.used_at is None:
        session.delete(code)
        detail = {N_("作废"): session.get_one(Person, code.person).name}
        _note(session, by, "tablet.enrol", county, code.villages, f"code/{code_sha256[:12]}", detail, now)


def enrol(
    session: Session, *, code: str, device: str, secret: str, name: str, app_version: str, now: datetime,
    formers: Sequence[str] = (), ends: Sequence[ChainEnd] = (),
) -> Enrolled:  # fmt: skip
    """Makes the tablet and gives it the code's villages. `formers`: ids under which it was enrolled before; `ends`:
    where the chains of these end. It is called what the office wrote with the code, else what it says itself, else by
    its surveyor and a part of its id.

    The same code by the same device and secret answers as before: its first reply may have been lost. Raises
    Problem `code_unknown`, `code_expired`, `code_used`, `device_taken` or `device_revoked`.
    """
    digest = credentials.sha256(rules.typed_code(code))
    found = session.exec(
        select(EnrolmentCode).where(EnrolmentCode.code_sha256 == digest).with_for_update()
    ).first()
    if found is None:
        raise Problem(
            "code_unknown", 403, N_("没有这个登记码。"), N_("请核对后重新输入，或请管理员重新生成。")
        )
    tablet = session.get(Tablet, (found.county, device))
    person = session.get_one(Person, found.person)
    _refuse(session, found, tablet, device=device, secret=secret, now=now)
    if found.used_at is not None:
        assert tablet is not None
        return Enrolled(tablet, person)
    if tablet is None:
        tablet = Tablet(
            county=found.county,
            device=device,
            secret_sha256=credentials.sha256(secret),
            name=name,
            person=person.id,
            enrolled_at=now,
        )
    tablet.name = found.name or name or f"{person.name} {device[:SHORT_CHARS]}"
    tablet.person, tablet.app_version = person.id, app_version
    ended = {each.device: f"{each.device}{ENDS}{each.seq}:{each.hash}" for each in ends}
    tablet.formers = [ended.get(former, former) for former in formers]
    session.add(tablet)
    found.used_at, found.used_by = now, device
    session.add(found)
    session.flush()
    detail = {N_("平板"): tablet.name, N_("以前的编号"): "、".join(formers)}
    _note(session, person.id, "tablet.enrol", found.county, found.villages, f"tablet/{device}", detail, now)
    assign(session, county=found.county, device=device, villages=found.villages, now=now, by=found.made_by)
    return Enrolled(tablet, person)


def _refuse(
    session: Session, code: EnrolmentCode, tablet: Tablet | None, *, device: str, secret: str, now: datetime
) -> None:
    same = tablet is not None and tablet.secret_sha256 == credentials.sha256(secret)
    known = by_secret(session, secret)
    if code.used_at is not None and not (same and code.used_by == device):
        raise Problem(
            "code_used", 403, N_("这个登记码已经用过。"), N_("一个登记码只能登记一台平板，请管理员另行生成。")
        )
    if code.used_at is None and code.expires_at <= now:
        raise Problem("code_expired", 403, N_("这个登记码已经过期。"), N_("请管理员重新生成登记码。"))
    if (tablet is not None and not same) or (known is not None and known.device != device):
        raise Problem(
            "device_taken", 403, N_("这台平板的编号已被另一台使用。"), N_("请在平板上清除数据后重新登记。")
        )
    if tablet is not None and tablet.revoked_at is not None:
        raise Problem("device_revoked", 403, N_("这台平板已被停用。"), N_("请把平板交给管理员处理。"))


def assign(
    session: Session, *, county: str, device: str, villages: Iterable[str], now: datetime, by: str = ""
) -> None:
    """The tablet holds these villages from now on; those it already holds stay as they are. `by`: who says so,
    empty for the command line.
    """
    wanted = sorted(set(villages) - held(session, county=county, device=device))
    if wanted:
        holding = {"county": county, "device": device, "from_at": now, "until_at": None}
        # Given, taken and given back within one instant is one time of holding it.
        upsert(session, Assignment, [{**holding, "village": code} for code in wanted])
        detail = {N_("分配"): "、".join(wanted)}
        _note(session, by, "tablet.assign", county, wanted, f"tablet/{device}", detail, now)


def unassign(
    session: Session, *, county: str, device: str, villages: Collection[str], now: datetime, by: str = ""
) -> None:
    """The tablet stops holding these villages; what it still sends of them is taken and marked."""
    taken = sorted(set(villages) & held(session, county=county, device=device))
    if taken:
        detail = {N_("收回"): "、".join(taken)}
        _note(session, by, "tablet.assign", county, taken, f"tablet/{device}", detail, now)
        given = {"county": county, "device": device, "villages": taken, "now": now}
        statements.run(session, _TAKEN, given)


def hand_over(
    session: Session, *, county: str, device: str, to: str, villages: Collection[str], now: datetime, by: str
) -> list[str]:
    """Villages go from one tablet to another in one act; gives those that did. Raises Problem `no_village`,
    `same_tablet` or `device_revoked`.
    """
    # Of two who hand the same village over at once the second sees what the first has done.
    statements.rows(session, _LOCKED, {"of_county": county, "of_device": device})
    going = sorted(set(villages) & held(session, county=county, device=device))
    if not going:
        raise Problem("no_village", 400, N_("没有选中任何村。"), N_("请至少勾选一个村。"))
    if device == to:
        raise Problem("same_tablet", 400, N_("移交的双方是同一台平板。"), N_("请选择另一台平板。"))
    taker = session.get(Tablet, (county, to))
    if taker is None or taker.revoked_at is not None:
        raise Problem(
            "device_revoked", 400, N_("接手的平板没有登记，或已被停用。"), N_("请选择一台在用的平板。")
        )
    unassign(session, county=county, device=device, villages=going, now=now, by=by)
    assign(session, county=county, device=to, villages=going, now=now, by=by)
    return going


def revoke(session: Session, *, county: str, device: str, now: datetime, by: str) -> None:
    """The tablet is lost: it learns so at its next contact, and nothing else ever again. Its villages stay its own
    until they are handed over, so that nobody forgets them.
    """
    tablet = session.get(Tablet, (county, device))
    if tablet is None or tablet.revoked_at is not None:
        return
    tablet.revoked_at = now
    session.add(tablet)
    villages = sorted(held(session, county=county, device=device))
    detail = {N_("平板"): tablet.called, N_("自报待上传"): str(tablet.waiting)}
    _note(session, by, "tablet.revoke", county, villages, f"tablet/{device}", detail, now)


def note_told(session: Session, *, county: str, device: str, now: datetime) -> bool:
    """A revoked tablet has called, and is to be told; False where it has been taken back into use this very moment.
    Whichever of the two comes first locks the row: none is told and in use.
    """
    told = session.connection().execute(
        update(Tablet)
        .where(
            col(Tablet.county) == county, col(Tablet.device) == device, col(Tablet.revoked_at).is_not(None)
        )
        .values(last_contact_at=now)
    )  # fmt: skip
    return told.rowcount > 0


def held(session: Session, *, county: str, device: str) -> set[str]:
    """The villages this tablet holds now."""
    return held_and_ever(session, county=county, device=device)[0]


def ever_held(session: Session, *, county: str, device: str) -> set[str]:
    """The villages this tablet holds or has held."""
    return held_and_ever(session, county=county, device=device)[1]


def held_and_ever(session: Session, *, county: str, device: str) -> tuple[set[str], set[str]]:
    """Both, from one look."""
    rows = statements.rows(session, _ASSIGNMENTS, {"county": county, "device": device})
    return {code for code, now in rows if now}, {code for code, _ in rows}


@dataclass(frozen=True)
class Contact:
    """What a tablet says of itself each time it calls. `waiting`: less what it has just been answered;
    `clock_offset_s`: our clock less its, in seconds."""

    app_version: str
    waiting: int
    clock_offset_s: int
    standing: Standing
    forms: tuple[str, ...] = ()
    free_bytes: int | None = None
    photos_waiting: int = 0


def note_contact(
    session: Session,
    *,
    county: str,
    device: str,
    contact: Contact,
    now: datetime,
    challenge: str | None = None,
) -> None:
    """`challenge`: given with the reply to a tablet whose chain lies behind; any other contact ends the one
    before.
    """
    statements.run(
        session,
        _NOTE_CONTACT,
        {
            "of_county": county,
            "of_device": device,
            "at_last_contact_at": now,
            "at_app_version": contact.app_version,
            "at_waiting": contact.waiting,
            "at_clock_offset_s": contact.clock_offset_s,
            "at_chain_seq": contact.standing.seq,
            "at_chain_hash": contact.standing.hash,
            "at_challenge": challenge,
            "at_forms": list(contact.forms),
            "at_free_bytes": contact.free_bytes,
            "at_photos_waiting": contact.photos_waiting,
        },
    )


@dataclass(frozen=True)
class ChainKnown:
    """What the tablet's row says of its chain."""

    chain_seq: int
    chain_hash: str
    challenge: str | None
    closed_as: str | None
    formers: Sequence[str] = ()


def locked(session: Session, *, county: str, device: str) -> ChainKnown:
    """The tablet's row as it is now, locked until this transaction ends: its requests are judged one by one."""
    (row,) = statements.rows(session, _LOCKED, {"of_county": county, "of_device": device})
    return ChainKnown(*row)


def close(session: Session, *, county: str, device: str, closed_as: Anew, now: datetime) -> None:
    """More than one line of records came under this id: whoever holds it must enrol anew. Said by the hub itself."""
    tablet = session.get_one(Tablet, (county, device))
    if tablet.closed_as is not None:
        return
    tablet.closed_as, tablet.closed_at = closed_as, now
    session.add(tablet)
    session.flush()
    villages = sorted(held(session, county=county, device=device))
    detail = {N_("平板"): tablet.called, N_("原因"): CLOSED[closed_as]}
    _note(session, "", "tablet.close", county, villages, f"tablet/{device}", detail, now)


def successors(session: Session, *, county: str, device: str) -> list[Tablet]:
    """Tablets that say they were enrolled under this id before, the earliest first."""
    rows = session.exec(select(Tablet).where(Tablet.county == county).order_by(col(Tablet.enrolled_at)))
    return [tablet for tablet in rows if any(each.split(ENDS)[0] == device for each in tablet.formers)]


def ends(formers: Iterable[str]) -> list[ChainEnd]:
    """Where a tablet's former chains end, the earliest first; of an older app's nothing is known."""
    told = (former.replace(ENDS, ":").split(":") for former in formers if ENDS in former)
    return [ChainEnd(device, int(seq), digest) for device, seq, digest in told]


def closed_words(tablet: Tablet) -> str:
    """Why a device id is closed, in Chinese; empty for one that is not."""
    return next((words for reason, words in CLOSED.items() if reason == tablet.closed_as), "")
