"""A refused form, drawn again with what was typed.

A person who filled in twelve boxes and forgot the thirteenth must not meet a page that leads home. So a refusal that
no page tells itself is answered with the page that the form stood on, as it is now, its boxes as they were sent. Apart
from `problems` because it knows HTML and nothing of what went wrong; every form of every room gains by it, and none
has to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from itertools import accumulate
from typing import Final
from urllib.parse import urlsplit

Typed = Sequence[tuple[str, str]]
"""What was sent: names with their values, a name as often as it was sent."""
Attributes = dict[str, str | None]

SHOWN_ON: Final = "shown_on"
"""A hidden box that says where the form stood: the answer to a refusal lies at an address that only takes forms."""
# Hidden boxes say what the page showed, which it does anew; files and passwords a browser lets nobody put back.
LEFT_ALONE: Final = frozenset({"hidden", "submit", "button", "reset", "image", "file", "password"})
TICKED: Final = frozenset({"checkbox", "radio"})


@dataclass(frozen=True)
class Part:
    """A start tag of a form, and where it stands in the text; `name`: of the box, also of a choice's own."""

    tag: str
    attributes: Attributes
    begins: int
    ends: int
    name: str = ""


@dataclass
class Form:
    """A form with its boxes; `within`: what folds it away."""

    start: Part
    within: list[Part]
    parts: list[Part] = field(default_factory=list)

    def goes_to(self, path: str, here: str) -> bool:
        """Whether one of its buttons sends it there."""
        own = self.start.attributes.get("action") or here
        others = (each.attributes.get("formaction") for each in self.parts)
        posts = (self.start.attributes.get("method") or "").lower() == "post"
        return posts and path in {urlsplit(each).path for each in (own, *others) if each}

    def fits(self, typed: Typed) -> bool:
        """Whether what was sent holds its hidden boxes: of many forms to one address, it is this one."""
        hidden = (each.attributes for each in self.parts if each.attributes.get("type") == "hidden")
        return all(
            (each.get("name"), each.get("value")) in typed for each in hidden if each.get("name") != "csrf"
        )


class _Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.forms: list[Form] = []
        # By what the parser counts as a line; other signs that end one may stand in what somebody typed.
        self._begins = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
        self._inside, self._folds = False, list[Part]()
        self._choice = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line, column = self.getpos()
        begins = self._begins[line - 1] + column
        attributes = dict(attrs)
        if tag == "select":
            self._choice = attributes.get("name") or ""
        name = self._choice if tag == "option" else attributes.get("name") or ""
        part = Part(tag, attributes, begins, begins + len(self.get_starttag_text() or ""), name)
        if tag == "details":
            self._folds.append(part)
        elif tag == "form":
            self.forms.append(Form(part, list(self._folds)))
            self._inside = True
        elif self._inside and tag in ("input", "option", "textarea", "button"):
            self.forms[-1].parts.append(part)

    def handle_endtag(self, tag: str) -> None:
        if tag == "details" and self._folds:
            self._folds.pop()
        if tag == "form":
            self._inside = False


def refilled(page: str, *, here: str, to: str, typed: Typed) -> str | None:
    """A page (shown at `here`) with its form that goes `to` an address filled in as it was sent; None without one."""
    forms = _Reader(page).forms
    found = [form for form in forms if form.goes_to(to, urlsplit(here).path)]
    if not found:
        return None
    form = next((each for each in found if each.fits(typed)), found[0])
    text, at = [], 0
    for begins, ends, new in sorted((*_at_home(forms, here), *_changes(page, form, here, typed))):
        text += [page[at:begins], new]
        at = ends
    return "".join((*text, page[at:]))


def _at_home(forms: Sequence[Form], here: str) -> Iterator[tuple[int, int, str]]:
    """The browser stands at another address than the page: a form that names none would go there."""
    for start in (each.start for each in forms if not each.start.attributes.get("action")):
        yield start.begins, start.ends, _spelt("form", start.attributes | {"action": here})


def _changes(page: str, form: Form, here: str, typed: Typed) -> Iterator[tuple[int, int, str]]:
    """From where to where stands what instead."""
    for fold in form.within:
        yield fold.begins, fold.ends, _spelt("details", fold.attributes | {"open": None})
    where: Attributes = {"type": "hidden", "name": SHOWN_ON, "value": here}
    yield form.start.ends, form.start.ends, _spelt("input", where)
    values: dict[str, list[str]] = {}
    for name, value in typed:
        values.setdefault(name, []).append(value)
    for part in form.parts:
        sent, kind = values.get(part.name, []), part.attributes.get("type") or "text"
        if part.tag == "option":
            chosen = (part.attributes.get("value") or "") in sent
            yield part.begins, part.ends, _spelt("option", _marked(part.attributes, "selected", chosen))
        elif part.tag == "textarea" and sent:
            yield part.ends, page.index("</textarea", part.ends), "\n" + escape(sent.pop(0))
        elif part.tag == "input" and kind in TICKED:
            ticked = (part.attributes.get("value") or "on") in sent
            yield part.begins, part.ends, _spelt("input", _marked(part.attributes, "checked", ticked))
        elif part.tag == "input" and kind not in LEFT_ALONE and sent:
            yield part.begins, part.ends, _spelt("input", part.attributes | {"value": sent.pop(0)})


def _marked(attributes: Attributes, name: str, given: bool) -> Attributes:
    rest = {each: value for each, value in attributes.items() if each != name}
    return rest | {name: None} if given else rest


def _spelt(tag: str, attributes: Attributes) -> str:
    told = (
        f" {name}" if value is None else f' {name}="{escape(value)}"' for name, value in attributes.items()
    )
    return f"<{tag}{''.join(told)}>"
