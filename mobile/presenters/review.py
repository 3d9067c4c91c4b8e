"""Pages of an interview, and the look over it before it is submitted: answers in words, faults with their place."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile

from mobile.locale import Say
from mobile.presenters import photos, places
from survey_forms.interview import Fault, Shown
from survey_forms.properties import MASKED
from sync.masking import masked

UNASKED = frozenset({"note", "repeat", "add_repeat"})


@dataclass(frozen=True)
class Page:
    """Neighbouring questions of one group."""

    title: str
    questions: tuple[Shown, ...]


@dataclass(frozen=True)
class ReviewLine:
    """A question and its answer in words."""

    path: str
    label: str
    value: str
    fault: str


@dataclass(frozen=True)
class Review:
    """`groups` pairs a page title with its lines. `disputed`: what people differ on."""

    headline: str
    groups: tuple[tuple[str, tuple[ReviewLine, ...]], ...]
    faults: tuple[ReviewLine, ...]
    ready: bool
    disputed: tuple[ReviewLine, ...] = ()


def pages(questions: Sequence[Shown], untitled: str, whole: str) -> tuple[Page, ...]:
    """One page for each outermost group. Notes that open the form join its first page; other questions outside any
    group stand on a page called `untitled`, or `whole` in a form that has no groups."""
    untitled = untitled if any(shown.group for shown in questions) else whole
    lead = tuple(takewhile(lambda shown: not shown.group and shown.type == "note", questions))
    grouped = groupby(questions[len(lead) :], key=lambda shown: shown.group[0] if shown.group else untitled)
    found = [Page(title, tuple(part)) for title, part in grouped] or [Page(untitled, ())]
    return (Page(found[0].title, lead + found[0].questions), *found[1:])


def review(
    found: Sequence[Page], faults: Sequence[Fault], say: Say, disputed: Collection[str] = ()
) -> Review:
    """Notes are left out; an unanswered question shows as empty so that a gap is seen. `disputed`: paths."""
    told = {fault.path: fault.message for fault in faults}
    labels = {shown.path: shown.label for page in found for shown in page.questions}
    groups = tuple(
        (page.title, tuple(_line(shown, told, say) for shown in page.questions if shown.type not in UNASKED))
        for page in found
    )
    return Review(
        headline=say("review.faults", n=len(faults)) if faults else say("review.ok"),
        groups=tuple((title, lines) for title, lines in groups if lines),
        faults=tuple(
            ReviewLine(fault.path, labels.get(fault.path, fault.label), "", fault.message) for fault in faults
        ),
        ready=not faults,
        disputed=tuple(line for _, lines in groups for line in lines if line.path in disputed),
    )


def _line(shown: Shown, told: dict[str, str], say: Say) -> ReviewLine:
    return ReviewLine(
        shown.path, shown.label, in_words(shown, say) or say("value.empty"), told.get(shown.path, "")
    )


def in_words(shown: Shown, say: Say, *, sent: bool = False) -> str:
    """The answer as a person reads it: labels of what was chosen, otherwise the value itself. Of an answer that is to
    be masked, once it is submitted, its end."""
    if not shown.value:
        return ""
    if sent and MASKED in shown.appearance.split():
        return masked(shown.value)
    if shown.choices:
        labels = {choice.value: choice.label for choice in shown.choices}
        return "、".join(labels.get(value, value) for value in shown.value.split())
    if shown.type == "geopoint":
        return places.in_words(say, shown.value)
    return photos.in_words(say, shown.value)
