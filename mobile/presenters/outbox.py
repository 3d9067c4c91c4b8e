"""The surveyor's own records by state: what is to do, what waits for a network, what is safe; each can be corrected."""

from collections.abc import Callable
from dataclasses import dataclass

from mobile.presenters import drafting
from mobile.presenters.desk import Desk
from mobile.presenters.photos import states_said
from mobile.presenters.states import ATTENTION, Chip, chip, shown_state
from sync.replica_rows import Draft, Record

TABS = ("todo", "waiting", "safe")


@dataclass(frozen=True)
class RecordLine:
    """One record or draft. `submission` is empty for a draft, `draft` for a record."""

    title: str
    detail: str
    explain: str
    chip: Chip
    submission: str = ""
    draft: str = ""


@dataclass(frozen=True)
class Tab:
    """A heading with its number."""

    key: str
    text: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class OutboxState:
    """The lines of the chosen tab, newest first."""

    tabs: tuple[Tab, ...]
    chosen: str
    lines: tuple[RecordLine, ...]
    empty: str


class OutboxPresenter:
    """Intents: choose a tab, begin a correction, throw a draft away."""

    def __init__(self, desk: Desk, changed: Callable[[OutboxState], None], chosen: str | None = None) -> None:
        self._desk = desk
        self._changed = changed
        self.state = self._read(chosen)

    def choose(self, key: str) -> None:
        """Show another tab."""
        self._show(self._read(key))

    def visit(self) -> None:
        """Come anew: to what needs a person, if anything does."""
        self._show(self._read(None))

    def refresh(self) -> None:
        """Read again; a tab that has become empty meanwhile gives way to one that has something."""
        before = self.state
        now = self._read(before.chosen)
        self._show(self._read(None) if before.lines and not now.lines else now)

    def correct(self, submission: str) -> str:
        """Begin the correction of a record; the draft's id."""
        return begin_correction(self._desk, submission)

    def discard(self, draft: str) -> str:
        """Throw a draft away; in words why it could not be done."""
        problem = drafting.discard(self._desk, draft)
        self._show(self._read(self.state.chosen))
        return problem

    def _read(self, chosen: str | None) -> OutboxState:
        desk, say = self._desk, self._desk.say
        lines: dict[str, list[RecordLine]] = {key: [] for key in TABS}
        for draft in desk.replica.drafts():
            lines["todo"].append(draft_line(desk, draft))
        for record in desk.replica.outbox():
            lines[_tab(record)].append(record_line(desk, record))
        chosen = chosen or next((key for key in TABS if lines[key]), "todo")
        return OutboxState(
            tabs=tuple(Tab(key, say(f"outbox.{key}"), len(lines[key]), key == chosen) for key in TABS),
            chosen=chosen,
            lines=tuple(lines[chosen]),
            empty="" if lines[chosen] else self._empty(chosen, len(lines["todo"])),
        )

    def _empty(self, chosen: str, todo_n: int) -> str:
        """What waits for a person is not called safe."""
        if chosen == "waiting" and todo_n:
            return self._desk.say("outbox.empty.waiting_todo", n=todo_n)
        return self._desk.say(f"outbox.empty.{chosen}")

    def _show(self, state: OutboxState) -> None:
        self.state = state
        self._changed(state)


def _tab(record: Record) -> str:
    """A rejected or conflicting record that has been corrected asks for nothing any more: it has its receipt. One with
    photos still to go waits for these."""
    shown = shown_state(record)
    if record.state == "waiting" or (shown == "photos_waiting" and not record.open):
        return "waiting"
    return "todo" if record.open or shown == "photos_lost" else "safe"


def begin_correction(desk: Desk, submission: str) -> str:
    """A draft holding the record's own answers, or the one already begun."""
    begun = {draft.id for draft in desk.replica.drafts()}
    draft = desk.replica.begin_correction(submission)
    if draft.id not in begun:
        drafting.forget_masked(desk, draft)
    return draft.id


def record_line(desk: Desk, record: Record) -> RecordLine:
    """A record in a list."""
    say, submission = desk.say, record.submission
    state = shown_state(record)
    reason = record.verdict.reason if record.verdict and record.verdict.reason else None
    settled = record.state in ATTENTION and not record.open
    waits = record.not_yet.reason if record.not_yet else None
    return RecordLine(
        title=record.label or say("outbox.unnamed"),
        detail=" · ".join(
            part
            for part in (
                form_name(desk, submission.form),
                desk.village(submission.village),
                desk.moment(submission.observed_at),
                states_said(say, record.photos),
            )
            if part
        ),
        explain=say("state.corrected.explain")
        if settled
        else reason or waits or say(f"state.{state}.explain"),
        chip=Chip(say("state.corrected"), "plain", "✓") if settled else chip(say, state),
        submission=submission.id,
    )


def draft_line(desk: Desk, draft: Draft) -> RecordLine:
    """A draft in a list."""
    say = desk.say
    known = desk.replica.entity("household", draft.household_id) if draft.household_id else None
    name = known.props.get("head_name", "") if known else ""
    about = drafting.title(desk, draft)
    heading = name or (about if draft.form == "household" else say("outbox.unnamed"))
    parts = (about, desk.village(draft.village), desk.moment(draft.updated_at))
    return RecordLine(
        title=heading,
        detail=" · ".join(part for part in parts if part not in ("", heading)),
        explain=say("state.draft.explain"),
        chip=chip(say, "draft"),
        draft=draft.id,
    )


def form_name(desk: Desk, form_id: str) -> str:
    """The form's title in the surveyor's language."""
    form = desk.form(form_id)
    return (form.title.get(desk.language) or form.id) if form else form_id
