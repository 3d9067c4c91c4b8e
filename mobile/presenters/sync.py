"""Synchronising, and a plain account of what happened: what went up, what is safe, what needs a person."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from mobile.presenters.desk import Desk
from sync.client import Account, Progress


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
    """`fraction` is None while there is nothing to measure; `refused`: the hub no longer knows this tablet."""

    running: bool
    phase: str
    fraction: float | None
    account: tuple[AccountLine, ...]
    standing: AccountLine
    last: str
    who: str
    server: str
    refused: bool = False


class SyncPresenter:
    """Intent: start."""

    def __init__(self, desk: Desk, contact: Contact, changed: Callable[[SyncState], None]) -> None:
        self._desk = desk
        self._contact = contact
        self._changed = changed
        self.state = self._read()

    def start(self) -> None:
        """Begin a contact; a second tap while one runs does nothing."""
        if self.state.running:
            return
        phase = self._desk.say("sync.phase.connect")
        self._show(replace(self.state, running=True, phase=phase, fraction=None, account=()))
        self._contact.start(self._progressed, self._done)

    def refresh(self) -> None:
        """Read the standing again (a record may have been added since)."""
        if not self.state.running:
            self._show(replace(self._read(), account=self.state.account, refused=self.state.refused))

    def _progressed(self, progress: Progress) -> None:
        say = self._desk.say
        text = say(f"sync.phase.{progress.phase}", done=progress.done, total=progress.total)
        fraction = progress.done / progress.total if progress.total else None
        self._show(replace(self.state, phase=text, fraction=fraction))

    def _done(self, account: Account) -> None:
        refused = account.problem is not None and account.problem.code == "unauthorised"
        self._show(replace(self._read(), account=self._tell(account), refused=refused))

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

    def _received(self, account: Account) -> list[AccountLine]:
        say, lines = self._desk.say, []
        if account.received_n:
            lines.append(AccountLine(say("sync.received", n=account.received_n), "plain"))
        elif not account.problem:
            lines.append(AccountLine(say("sync.received_none"), "plain"))
        names = {row.code: row.name for row in self._desk.replica.villages()}
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
            standing=self._standing(),
            last=(
                say("strip.contact", when=desk.moment(status.last_contact_at))
                if status.last_contact_at
                else say("strip.never")
            ),
            who=say("sync.person", person=identity.person_name, county=identity.county_name)
            if identity
            else "",
            server=say("sync.server", server=identity.server) if identity else "",
        )

    def _standing(self) -> AccountLine:
        status, say = self._desk.replica.status(), self._desk.say
        if status.waiting_n:
            return AccountLine(say("sync.hold", n=status.waiting_n), "waiting")
        if status.drafts_n:
            return AccountLine(say("sync.hold_drafts", n=status.drafts_n), "draft")
        return AccountLine(say("sync.hand_in"), "safe")

    def _show(self, state: SyncState) -> None:
        self.state = state
        self._changed(state)
