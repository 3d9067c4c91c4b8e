"""Labels, hints and messages: itext, inline text and `<output>` → Wording."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from survey_forms.expressions import Compiled
from survey_forms.form import SILENT, Wording
from survey_forms.xform_source import Source, itext_id, name_of

CompileAt = Callable[[str | None, str, str], Compiled | None]


class Words:
    """Compiles the form's texts; `<output>` paths are relative to the node that the text belongs to."""

    def __init__(self, source: Source, expression: CompileAt) -> None:
        self._source = source
        self._expression = expression

    def element(self, element: Element | None, here: str) -> Wording:
        """A `<label>` or `<hint>`: a reference into itext, or text with outputs."""
        if element is None:
            return SILENT
        ref = element.get("ref")
        if ref is None:
            return self._wording({"": self._parts(element, here)})
        text_id = itext_id(ref)
        if text_id is None:
            self._source.fault(here, f"文字的写法“{ref}”不支持", "请重新发布")
            return SILENT
        return self.itext(text_id, here)

    def message(self, text: str | None, here: str) -> Wording:
        """`jr:constraintMsg` and `jr:requiredMsg`: a reference into itext, or the text itself."""
        if not text:
            return SILENT
        text_id = itext_id(text)
        return self._wording({"": (text,)}) if text_id is None else self.itext(text_id, here)

    def itext(self, text_id: str, here: str) -> Wording:
        values = self._source.itexts.get(text_id, {})
        return self._wording({language: self._parts(value, here) for language, value in values.items()})

    def all(self) -> dict[str, Wording]:
        """Every text of the form that belongs to no single node, for `jr:itext` and choice labels."""
        return {text_id: self.itext(text_id, self._home(text_id)) for text_id in self._source.itexts}

    def _home(self, text_id: str) -> str:
        path = text_id.partition(":")[0]
        return path if path in self._source.nodes else self._source.root

    def _parts(self, element: Element, here: str) -> tuple[str | Compiled, ...]:
        parts: list[str | Compiled] = [element.text or ""]
        for child in element:
            compiled = (
                self._expression(child.get("value"), here, "文字") if name_of(child.tag) == "output" else None
            )
            if compiled is not None:
                parts.append(compiled)
            parts.append(child.tail or "")
        return tuple(part for part in parts if part != "")

    def _wording(self, by_language: dict[str, tuple[str | Compiled, ...]]) -> Wording:
        parts = [part for texts in by_language.values() for part in texts if isinstance(part, Compiled)]
        own = {here for part in parts for here in part.reads}
        return Wording({language: texts for language, texts in by_language.items() if texts}, frozenset(own))
