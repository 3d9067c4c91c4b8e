"""What the surveyor of a submission had seen of an entity when answering: the part of merging that looks back.

Apart from ``merge.py``, which compares: here are the only places that know how a chain of offline edits, a
correction, and a base version of another history are to be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sync.base import base
from sync.beside import Beside, beside_the_chain, refused_on_the_screen
from sync.chain import apart
from sync.facts import Held, Past, PropertyState, Step, Trace
from sync.messages import VILLAGE, Conflict, Submission, Target

LINEAGE_MAX = 200  # offline edits of one entity by one tablet; beyond, the oldest are judged as strangers


class Seen(NamedTuple):
    """What was seen of one property. ``version`` and ``history``: changes up to there were seen too.

    ``decides``: an open conflict was seen with it, so whatever is sent decides it. ``joins``: the value is an
    own earlier submission's, and in a conflict still open that this surveyor cannot have known.
    """

    value: str | None
    version: int
    history: str | None
    decides: bool = False
    joins: bool = False


class Case(NamedTuple):
    """One submission before one entity, with everything that bears on it.

    ``sent`` has the village as property `VILLAGE`. ``held`` has version 0 if the hub lacks the entity.
    ``followed``: ids of the chain behind it; ``trail``: the changed values in that chain; ``corrected``: the
    trace of the record it corrects, if that is known. ``masked``: properties that travel masked. ``line``: its
    device, or which copy of it ("" = its device). ``by_value``: the entity was merged with another under whose id
    this was seen, or since then: its versions are not those that the surveyor saw.
    """

    submission: Submission
    target: Target
    sent: Mapping[str, str]
    held: Held
    known: Mapping[str, Past]
    history: str
    followed: tuple[str, ...]
    trail: Mapping[str, Step]
    corrected: Trace | None
    masked: frozenset[str] = frozenset()
    line: str = ""
    by_value: bool = False
    screen: Mapping[str, str] | None = None

    @property
    def new(self) -> bool:
        return self.held.version == 0

    @property
    def registers(self) -> bool:
        """Nobody knows the entity, and its surveyor had seen nothing of it, neither at the hub nor on the tablet."""
        told = self.target.base or self.trail or self.screen or self.corrected
        return self.new and not (told or self.held.epochs)

    @property
    def undisturbed(self) -> bool:
        """Nothing became of the entity since its surveyor saw it, here or on the tablet, and nothing is open there:
        so what was seen of it is what stands there, as long as what is stated of it agrees."""
        held, target, corrects = self.held, self.target, self.submission.corrects
        return (
            0 < held.version <= target.base_version
            and self.submission.history == self.history
            and not (self.by_value or self.followed or self.screen or corrects or held.conflicts)
            and held.village == self.sent[VILLAGE]
            and self.masked.isdisjoint(self.sent)
        )

    @property
    def by_versions(self) -> bool:
        """Whether its versions say anything at all: not if they are those of another id, nor if it has seen what the
        record it corrects had, and that record has not come yet."""
        corrects = self.submission.corrects
        return not self.by_value and not (corrects and corrects not in self.known)

    @property
    def offered_again(self) -> bool:
        """Made under another history: the hub was restored since, and part of what it knew then is gone."""
        return self.submission.history != self.history

    @property
    def lineage(self) -> tuple[str, ...]:
        """Every submission whose result this one was made upon."""
        corrects = self.submission.corrects
        if not corrects:
            return self.followed
        behind = (corrects, *(self.corrected.lineage if self.corrected else ()))
        return tuple(dict.fromkeys((*self.followed, *behind)))[:LINEAGE_MAX]

    def handed_on(self, version: int) -> Mapping[str, Step]:
        """The changed values in all of that: what whoever follows this one has before them, if it leaves them alone.
        ``version``: the entity's, with this one's result in it.

        What a correction only carries on its base has too, if it was made upon the verdict; across a restore no
        version tells whether a later base has it still, and then that says better what was seen. What it insists on
        against its base, in a conflict, is a change on its tablet, even where nothing is left to decide: no base
        before this one's result has that.
        """
        carried = _changed_by(self.corrected) if self.corrected else {}
        if self.offered_again:
            if self.submission.corrects not in self.followed:
                carried = {name: step for name, step in carried.items() if self._insists(name)}
            return {**carried, **self.trail}
        insisted = {
            name: step._replace(version=max(version, step.version))
            for name, step in carried.items()
            if step.outcome == "conflict" and self._insists(name)
        }
        return {**carried, **insisted, **self.trail}

    def _insists(self, name: str) -> bool:
        return name in self.sent and not same(self.sent[name], base(self, name))

    @property
    def own(self) -> Seen:
        return Seen(None, self.target.base_version, self.submission.history)

    def state(self, name: str) -> PropertyState | None:
        if name == VILLAGE:
            return self.held.placed or (None if self.new else PropertyState(self.held.village, 0, ""))
        return self.held.props.get(name)

    def mine(self, state: PropertyState) -> bool:
        """Set by this submission, by one it was made upon, or by another of the same tablet: none a stranger."""
        own = state.submission == self.submission.id or state.submission in self.lineage
        return own or self.apart_here(state.submission) != 0

    def later_here(self, submission: str, name: str) -> bool:
        """Whether it came here before this one, was made later on the same tablet, and changed the property.

        What it only carried on as it was seen is no later word: after a restore the carrier may come first."""
        trace = self.trace_of(submission)
        step = trace.steps.get(name) if trace else None
        return step is not None and step.outcome != "" and self.apart_here(submission) > 0

    def made_before(self, submission: str, other: str) -> bool:
        """Whether this tablet made the one before the other, and both before this one."""
        return self.apart_here(submission) < self.apart_here(other) < 0

    def apart_here(self, submission: str) -> int:
        """How many links of the tablet's chain it was made after this one; 0 if on another tablet."""
        trace, me = self.trace_of(submission), self.submission
        return apart(trace.device, trace.device_seq, self.line or me.device, me.device_seq) if trace else 0

    def trace_of(self, submission: str) -> Trace | None:
        return _trace_in(self.known.get(submission), self.target, self.held)

    @property
    def stood(self) -> str:
        """Where the home stands under the id that is named."""
        return next(
            (leaf.village for leaf in self.held.leaves() if leaf.id == self.target.id), self.held.village
        )

    def lineage_of(self, submission: str) -> tuple[str, ...]:
        trace = self.trace_of(submission)
        return trace.lineage if trace else ()

    def may_have_seen(self, later: str, earlier: str) -> bool:
        """Whether versions allow that one submission's surveyor saw the other's result: nobody sees at a
        version what was not there before it. Of different histories nothing is known."""
        one, other = self._stood_at(later), self._stood_at(earlier)
        return one is None or other is None or one[0] != other[0] or one[1] > other[1]

    def _stood_at(self, submission: str) -> tuple[str | None, int] | None:
        if submission == self.submission.id:
            return self.submission.history, self.target.base_version
        trace = self.trace_of(submission)
        return (trace.history, trace.base_version) if trace else None

    def chain_conflicts(self, name: str) -> Iterator[Conflict]:
        """Open conflicts on the property that the chain behind this submission, what lay beside it on the screen, or a
        follower of the record it corrects is in; not a follower made only later on this tablet, which a restore let
        come first."""
        lay = lay_beside(self, name) if self.held.conflicts else None
        for conflict in self.held.conflicts:
            if conflict.property != name:
                continue
            beside = self._beside(conflict.submission) and not self.later_here(conflict.submission, name)
            shown = lay is not None and conflict.submission == lay.submission
            if beside or shown or conflict.submission in self.lineage:
                yield conflict

    def _beside(self, submission: str) -> bool:
        """Whether it follows the record that this one corrects, on this tablet: one made upon that on a copy of it is
        a stranger's."""
        corrects = self.submission.corrects
        follows = corrects is not None and corrects in self.lineage_of(submission)
        return follows and self.apart_here(submission) != 0


def case_of(
    submission: Submission,
    target: Target,
    changes: Mapping[str, str],
    held: Held | None,
    *,
    known: Mapping[str, Past],
    history: str,
    masked: frozenset[str] = frozenset(),
    line: str = "",
    by_value: bool = False,
    screen: Mapping[str, str] | None = None,
) -> Case:
    """The case of ``submission``, which saves ``changes`` to ``target``, before entity ``held`` (None: unknown).

    ``known``: the past submissions it follows or corrects, and those that set what it did not see.
    ``history``: the hub's present one. ``masked``: properties of which tablets see the last characters only.
    """
    held = held or Held(target.dataset, target.id, submission.village, 0, {})
    followed, trail = _stands_on(target, known, held)
    return Case(
        submission,
        target,
        {**changes, VILLAGE: submission.village},
        held,
        known,
        history,
        followed,
        trail,
        _trace_in(known.get(submission.corrects or ""), target, held),
        masked,
        line,
        by_value,
        screen,
    )


def _trace_in(past: Past | None, target: Target, held: Held) -> Trace | None:
    """What a past submission did to the entity, under whichever of its ids it was made."""
    if past is None or not past.traces:
        return None
    here = past.traces.get(held.key) or past.traces.get(target.key)
    if here is None and held.parts:
        named = (past.traces.get(f"{held.dataset}/{id}") for id in sorted(held.ids()))
        here = next((trace for trace in named if trace), None)
    return here


def same(one: str | None, other: str | None) -> bool:
    """Absent and left empty are alike: neither says anything."""
    return (one or "") == (other or "")


def sight(case: Case, name: str) -> Seen:
    """What the surveyor had seen of property ``name`` (or `VILLAGE`): worked out from the chain, and put right where
    the tablet says what stood on its screen.

    What was left alone is read from the chain all the same where it was a refused record's, and so not what anybody
    has; and where the tablet had nothing of the hub's to show, if the chain has come: there it may be.
    """
    found = _worked_out(case, name)
    if case.screen is None or name == VILLAGE or case.submission.corrects:
        return found
    own = Seen(base(case, name), case.target.base_version, case.submission.history)
    if name not in case.screen:
        return found if same(found.value, own.value) else own
    shown, state = case.screen[name], case.state(name)
    by_chain = (not own.version and case.target.follows in case.known) or _refused(case, name, shown)
    if same(found.value, shown) or (by_chain and same(shown, case.sent[name])):
        return found
    # What lay under the value shown was not read.
    under = state is not None and not case.mine(state) and not same(state.value, shown)
    return found._replace(value=shown, version=-1 if under else found.version)


def _refused(case: Case, name: str, shown: str) -> bool:
    """Whether what stood on the screen was of a refused record in the chain behind this one, however far back."""
    chain = (case.known[id] for id in case.followed if id in case.known)
    traces = (case.trace_of(past.id) for past in chain if past.verdict.outcome == "rejected")
    return any(not trace or (name in trace.steps and trace.steps[name].sent == shown) for trace in traces)


def _worked_out(case: Case, name: str) -> Seen:
    """`sight`, for a tablet that does not say what stood on its screen."""
    own = Seen(base(case, name), case.target.base_version, case.submission.history)
    corrected = case.corrected.steps.get(name) if case.corrected else None
    if case.corrected and corrected:
        return _sight_of_correction(case, name, own, case.corrected, corrected)
    step = case.trail.get(name)
    if lay := lay_beside(case, name):
        return own._replace(value=lay.step.sent, joins=any(case.chain_conflicts(name)))
    if step is None and (refused := refused_on_the_screen(case, name)):
        return own._replace(value=refused.sent)
    if step is None or _shown(case, name, step) or (case.target.base_version and not step.outcome):
        return own
    joins = step.outcome == "conflict" and any(case.chain_conflicts(name))
    if step.outcome == "superseded":  # the own value lay over the one that had replaced it, read or not
        own = own._replace(version=-1)
    return own._replace(value=step.sent, joins=joins)


def lay_beside(case: Case, name: str) -> Beside | None:
    """What `beside_the_chain` finds, where that was on the screen and not a value of the chain, nor of the record
    that is corrected."""
    if case.corrected and name in case.corrected.steps:
        return None
    step, beside = case.trail.get(name), beside_the_chain(case, name, case.own)
    return beside if beside and (step is None or step.version < beside.step.version) else None


def _shown(case: Case, name: str, step: Step) -> bool:
    """Whether the base version has the step's result in it: then it says better what was on the screen."""
    version, traces = step.version, case.known[case.target.follows or ""].traces
    if case.by_value:  # the base is of another id, whose versions it has to be compared with
        named = traces.get(case.target.key)
        version = _changed_by(named)[name].version if named and name in _changed_by(named) else 0
    elif case.held.key not in traces:
        return True  # judged before the merge by which it came here, and the base has that
    history = case.submission.history
    there = history == case.history or case.held.stood_under(step.version, history)
    return there and 0 < version <= case.target.base_version


def _stands_on(
    target: Target, known: Mapping[str, Past], held: Held
) -> tuple[tuple[str, ...], Mapping[str, Step]]:
    """Ids of the chain a target follows, and the values changed in it; a rejected or missing one adds none.

    Where the tablet had nothing of the hub's to show (base version 0), it showed what it had recorded itself, whole:
    there the values count too that were left alone.
    """
    if target.follows is None:
        return (), {}
    past = known.get(target.follows)
    trace = _trace_in(past, target, held)
    if past is None or trace is None:
        return (target.follows,), {}
    whole = not target.base_version and past.verdict.outcome != "rejected"
    left = {
        name: step for name, step in trace.steps.items() if whole and not step.outcome and name != VILLAGE
    }
    return (target.follows, *trace.lineage)[:LINEAGE_MAX], {**left, **_changed_by(trace)}


def _changed_by(trace: Trace) -> dict[str, Step]:
    """The values changed by a submission, and by the chain behind it where it left them alone."""
    return {**trace.trail, **{name: step for name, step in trace.steps.items() if step.outcome}}


def _sight_of_correction(case: Case, name: str, own: Seen, trace: Trace, step: Step) -> Seen:
    """A correction begins from the record corrected, not the registry: what that one saw and sent counts.

    Where that one's value stands in an open conflict, the tablet shows both sides, and the answer decides –
    unless the correction was made before the tablet had heard of the conflict, or the value was only carried on
    from the record that is in it.
    """
    past = case.known[case.submission.corrects or ""]
    if past.verdict.outcome == "rejected":
        return Seen(step.saw, trace.base_version, trace.history)
    if any(case.chain_conflicts(name)):
        heard = past.id not in case.followed and (
            case.offered_again or case.target.base_version >= trace.version
        )
        decides = heard and step.outcome == "conflict"
        return own._replace(decides=True) if decides else own._replace(value=step.sent, joins=True)
    return Seen(step.sent, trace.base_version, trace.history)
