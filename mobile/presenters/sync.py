"""Synchronising, and a plain account of what happened: what went up, what is safe, what needs a person."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from mobile.locale import Say
from mobile.presenters.desk import Desk
from mobile.presenters.photos import size_said
from mobile.presenters.revoked import is_revoked
from sync.client import Account, Progress
from sync.replica_rows import Status


class Contact(Protocol):
    """One contact with the hub on another thread; both callbacks arrive on the caller's own."""

    def start(self, progress: Callable[[Progress], None], done: Callable[[Account], None]) -> None: ...


@dataclass(frozen=True)
class AccountLine:
    """One sentence of the account and its tone."""

    text: str
    tone: str


@dataclass(frozen=True)
class SyncState:
    """`fraction` is None while there is nothing to measure; `refused`: the hub no longer knows this tablet.
    `told`: of which contact the account is. `enrol_again`: the hub has closed this tablet's id, in words; `revoked`:
    there is nothing here but to say so."""

    running: bool
    phase: str
    fraction: float | None
    account: tuple[AccountLine, ...]
    standing: AccountLine
    last: str
    who: str
    server: str
    refused: bool = False
    told: str = ""
    enrol_again: str = ""
    revoked: bool = False


class SyncPresenter:
    """Intent: start."""

    def __init__(self, desk: Desk, contact: Contact, changed: Callable[[SyncState], None]) -> None:
        self._desk = desk
        self._contact = contact
        self._changed = changed
        self._ended_at = ""
        self._names: dict[str, str] = {}
        self.state = self._read()

    def start(self) -> None:
        """Begin a contact; a second tap while one runs does nothing."""
        if self.state.running:
            return
        phase = self._desk.say("sync.phase.connect")
        # A village that is handed over during this contact is not here after it.
        self._names = self._villages()
        self._show(replace(self.state, running=True, phase=phase, fraction=None, account=(), told=""))
        self._contact.start(self._progressed, self._done)

    def refresh(self) -> None:
        """Read the standing again (a record may have been added since). The account is still that of the last contact:
        it says when that was, and nothing in it looks safe beside a standing that is not."""
        if self.state.running:
            return
        now, account = self._read(), self.state.account
        if now.standing.tone != "safe":
            account = tuple(replace(line, tone="plain") if line.tone == "safe" else line for line in account)
        self._show(replace(now, account=account, told=self._told(), refused=self.state.refused))

    def _progressed(self, progress: Progress) -> None:
        say = self._desk.say
        fraction = progress.done / progress.total if progress.total else None
        text = say(
            f"sync.phase.{progress.phase}",
            done=_counted(say, progress, progress.done), total=_counted(say, progress, progress.total),
            percent=round(100 * (fraction or 0)),
        )  # fmt: skip
        self._show(replace(self.state, phase=text, fraction=fraction))

    def _done(self, account: Account) -> None:
        refused = account.problem is not None and account.problem.code == "unauthorised"
        self._ended_at = self._desk.clock().isoformat()
        self._show(replace(self._read(), account=self._tell(account), told=self._told(), refused=refused))

    def _told(self) -> str:
        """Of which contact the account is; nothing before the first one since the app was opened."""
        return self._desk.say("sync.told", when=self._desk.moment(self._ended_at)) if self._ended_at else ""

    def _villages(self) -> dict[str, str]:
        return {row.code: row.name for row in self._desk.replica.villages()}

    def _tell(self, account: Account) -> tuple[AccountLine, ...]:
        say, problem = self._desk.say, account.problem
        lines = []
        if problem:
            lines.append(
                AccountLine(say("sync.stopped", why=f"{problem.message}{problem.remedy}"), "rejected")
            )
        if account.sent_n or not problem:
            lines.append(self._sent(account))
        for kind in ("merged", "conflict", "rejected", "not_yet"):
            number = getattr(account, f"{kind}_n")
            if number:
                lines.append(AccountLine(say(f"sync.{kind}", n=number), kind))
        lines.extend(self._photos(account))
        if account.history_met:
            lines.append(AccountLine(say("sync.history"), "draft"))
        lines.extend(self._received(account))
        if problem:
            lines.append(AccountLine(say("sync.kept"), "plain"))
        return tuple(lines)

    def _sent(self, account: Account) -> AccountLine:
        """Everything but *not yet* has its receipt; only what the register took counts as entered."""
        entered, received = account.applied_n + account.merged_n, account.sent_n - account.not_yet_n
        if not account.sent_n:
            return AccountLine(self._desk.say("sync.none"), "safe")
        if entered == account.sent_n:
            return AccountLine(self._desk.say("sync.sent_safe", sent=account.sent_n), "safe")
        text = self._desk.say("sync.sent", sent=account.sent_n, received=received, entered=entered)
        return AccountLine(text, "waiting")

    def _photos(self, account: Account) -> list[AccountLine]:
        say, lines = self._desk.say, []
        if account.photos_n:
            lines.append(AccountLine(say("sync.photos", n=account.photos_n), "safe"))
        if account.photos_refused_n:
            lines.append(AccountLine(say("sync.photos_lost", n=account.photos_refused_n), "rejected"))
        if account.photos_left_n and not account.problem:
            why = account.photo_problem
            said = say("sync.photos_left", n=account.photos_left_n)
            lines.append(AccountLine(said + (f"{why.message}{why.remedy}" if why else ""), "waiting"))
        return lines

    def _received(self, account: Account) -> list[AccountLine]:
        say, lines = self._desk.say, []
        if account.received_n:
            lines.append(AccountLine(say("sync.received", n=account.received_n), "plain"))
        elif not account.problem:
            lines.append(AccountLine(say("sync.received_none"), "plain"))
        names = self._names | self._villages()
        for key, codes in (
            ("gained", account.villages_gained),
            ("lost", account.villages_lost),
            ("reread", account.villages_reread),
        ):
            if codes:
                said = "、".join(names.get(code, code) for code in codes)
                lines.append(AccountLine(say(f"sync.{key}", names=said), "draft"))
        return lines

    def _read(self) -> SyncState:
        desk, say = self._desk, self._desk.say
        status, identity = desk.replica.status(), desk.replica.identity()
        return SyncState(
            running=False,
            phase="",
            fraction=None,
            account=(),
            standing=self._standing(status),
            last=(
                say("strip.contact", when=desk.moment(status.last_contact_at))
                if status.last_contact_at
                else say("strip.never")
            ),
            who=say("sync.person", person=identity.person_name, county=identity.county_name)
            if identity
            else "",
            server=say("sync.server", server=identity.server) if identity else "",
            enrol_again=say(f"sync.{identity.enrol_again}") if identity and identity.enrol_again else "",
            revoked=is_revoked(desk),
        )

    def _standing(self, status: Status) -> AccountLine:
        say = self._desk.say
        if status.waiting_n:
            return AccountLine(say("sync.hold", n=status.waiting_n), "waiting")
        if status.photos_waiting_n:
            left = size_said(say, status.photo_bytes_left)
            return AccountLine(say("sync.hold_photos", n=status.photos_waiting_n, size=left), "waiting")
        if status.drafts_n:
            return AccountLine(say("sync.hold_drafts", n=status.drafts_n), "draft")
        if status.unread_n:
            return AccountLine(say("sync.unread", n=status.unread_n), "draft")
        return AccountLine(say("sync.hand_in"), "safe")

    def _show(self, state: SyncState) -> None:
        self.state = state
        self._changed(state)


def _counted(say: Say, progress: Progress, number: int) -> str:
    """Photos count in bytes, everything else one by one."""
    return size_said(say, number) if progress.phase == "photos" else str(number)
