"""What properties and their coded values are called: the forms' own labels, so that nothing is named twice.

Where a property is only ever calculated (a season, a total), the tablet's own words name it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mobile.presenters import photos, places
from mobile.presenters.desk import Desk
from survey_forms.form import Form, Node, Wording
from survey_forms.properties import SECRET
from sync.masking import masked

FORMS = ("household", "conversion", "visit", "payee", "sighting")
Property = tuple[str, str]


@dataclass(frozen=True)
class Words:
    """Labels of properties, and of the coded values of each; which of them are places."""

    labels: Mapping[Property, str]
    choices: Mapping[Property, Mapping[str, str]]
    places: frozenset[Property]


class Vocabulary:
    """Looks words up; made once for each screen, the reading of forms is shared through the desk's."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        forms = tuple(form for form in map(desk.form, FORMS) if form is not None)
        self._words = _words(forms, desk.language)

    def label(self, dataset: str, name: str) -> str:
        """What a property is called; its own name if nobody calls it anything."""
        found = self._words.labels.get((dataset, name))
        return found or _own(self._desk, name) or name

    def told(self, dataset: str, name: str, raw: str | None) -> str:
        """A value as a person reads it, or in words that there is none."""
        return self.value(dataset, name, raw) or self._desk.say("value.empty")

    def value(self, dataset: str, name: str, raw: str | None) -> str:
        """A value as a person reads it; several chosen ones are listed."""
        if not raw:
            return ""
        if name in SECRET.get(dataset, frozenset()):
            return masked(raw)
        if (dataset, name) in self._words.places:
            return places.in_words(self._desk.say, raw)
        choices = self._words.choices.get((dataset, name))
        if not choices:
            return photos.in_words(self._desk.say, raw)
        return "、".join(choices.get(part, part) for part in raw.split())


def _own(desk: Desk, name: str) -> str:
    try:
        return desk.say(f"property.{name}")
    except KeyError:
        return ""


def _words(forms: tuple[Form, ...], language: str) -> Words:
    labels: dict[Property, str] = {}
    choices: dict[Property, dict[str, str]] = {}
    located: set[Property] = set()
    for form in forms:
        for place, node in _saved(form):
            label = _text(node.label, form, language)
            if label and place not in labels:
                labels[place] = label
            if node.type == "geopoint":
                located.add(place)
            if node.options:
                known = choices.setdefault(place, {})
                for value, option in node.options.by_value.items():
                    known.setdefault(value, _text(option.label, form, language))
    return Words(labels, choices, frozenset(located))


def _saved(form: Form) -> Iterator[tuple[Property, Node]]:
    """Each property with the question it comes from. A calculation has no words of its own: then the question of the
    property's name speaks for it, if there is one."""
    by_name = {node.name: node for node in form.nodes.values() if node.asked}
    for entity in form.entities:
        for name, path in entity.properties.items():
            node = form.nodes[path]
            yield (entity.dataset, name), node if node.asked else by_name.get(name, node)


def _text(wording: Wording, form: Form, language: str) -> str:
    """The fixed part of a text; what it would read from answers is left out."""
    said = wording.by_language
    parts = said.get(form.speaks(language)) or said.get("") or next(iter(said.values()), ())
    return "".join(part for part in parts if isinstance(part, str)).strip()
