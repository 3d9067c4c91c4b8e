"""The released forms: as tablets read them, and as the hub judges with them.

They come with the package and are entered into the database at the first start that knows them. A released
form never changes: records name the version that asked, so a changed text under an old version would falsify
them. If the package and the database disagree, the server refuses to start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Final

from sqlalchemy import select as rows_of
from sqlmodel import Session

from server import statements
from server.database import insert_rows, table_of
from server.exchange.tables import FormRow
from server.web.figures import CHINA
from survey_forms.answers import entity_changes
from survey_forms.faults import Fault
from survey_forms.form import Form, FormFault
from survey_forms.interview import check
from survey_forms.scope import Context
from survey_forms.xform import parse
from sync.messages import Answers, FormXml

FormKey = tuple[str, str]
# Asked at the beginning of every contact, so it is built once.
_FORM: Final = table_of(FormRow).c
_KEYS: Final = rows_of(_FORM.id, _FORM.version)
_HASHES: Final = rows_of(_FORM.id, _FORM.version, _FORM.sha256)
_ALL: Final = rows_of(_FORM.id, _FORM.version, _FORM.sha256, _FORM.xml)


class FormsProblem(Exception):
    """The released forms cannot be used; the text says which, why, and what to do."""


@dataclass(frozen=True)
class ReleasedForm:
    """A released form; fits the hub's `FormRules`."""

    form: Form
    xml: FormXml

    def check(self, answers: Answers, observed_at: datetime, given: Mapping[str, str]) -> tuple[Fault, ...]:
        """Every fault in the answers, as of the moment they were recorded (the county's calendar)."""
        return check(self.form, answers, self.context(observed_at, given))

    def changes(self, answers: Answers) -> Mapping[str, Mapping[str, str]]:
        return entity_changes(self.form, answers)

    def context(self, observed_at: datetime, given: Mapping[str, str]) -> Context:
        local = observed_at.astimezone(CHINA)
        return Context(today=local.date(), now=local, given=given)


@dataclass(frozen=True)
class Forms:
    """All released forms by (id, version)."""

    by_key: Mapping[FormKey, ReleasedForm]

    @cached_property
    def documents(self) -> tuple[FormXml, ...]:
        return tuple(form.xml for form in self.by_key.values())

    def titles(self, lang: str) -> dict[str, str]:
        """Form id → title of its latest version, in order of id."""
        return {form.id: form.title.get(lang, form.id) for form in self._latest()}

    @property
    def newest(self) -> dict[str, str]:
        """Form id → its latest version."""
        return {form.id: form.version for form in self._latest()}

    def _latest(self) -> Iterable[Form]:
        return {key[0]: released.form for key, released in self.by_key.items()}.values()


def sha256(xml: str) -> str:
    return hashlib.sha256(xml.encode()).hexdigest()


def register(session: Session, released: Iterable[tuple[str, str, str]], now: datetime) -> list[FormKey]:
    """Enter forms (id, version, XML) that the database does not have yet; gives those entered.

    Raises FormsProblem if one was released before with other content.
    """
    entered: list[FormKey] = []
    known = {(id, version): digest for id, version, digest in statements.rows(session, _HASHES, {})}
    for form_id, version, xml in released:
        digest = sha256(xml)
        before = known.get((form_id, version))
        if before is not None and before != digest:
            raise FormsProblem(
                f"表单 {form_id} {version} 与数据库中已发布的内容不同"
                f"（已发布 {before[:12]}，现有 {digest[:12]}）。已发布的表单不能改动："
                "请恢复原来的文件，把改动另作新版本发布。"
            )
        if before is None:
            _parsed(form_id, version, xml)
            row = {"id": form_id, "version": version, "sha256": digest, "xml": xml, "released_at": now}
            insert_rows(session, FormRow, [row])
            known[form_id, version] = digest
            entered.append((form_id, version))
    return entered


def keys(session: Session) -> set[FormKey]:
    """Which forms the database has."""
    return set(statements.rows(session, _KEYS, {}))


def load(session: Session) -> Forms:
    """Every form in the database, parsed once. Raises FormsProblem."""
    found = [FormXml(*row) for row in statements.rows(session, _ALL, {})]
    ordered = sorted(found, key=lambda each: (each.id, _version_order(each.version)))
    return Forms(
        {
            (each.id, each.version): ReleasedForm(_parsed(each.id, each.version, each.xml), each)
            for each in ordered
        }
    )


def _version_order(version: str) -> list[tuple[int, str]]:
    """2020.10 comes after 2020.9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in version.split(".")]


@lru_cache(maxsize=64)
def _parsed(form_id: str, version: str, xml: str) -> Form:
    try:
        form = parse(xml)
    except FormFault as fault:
        raise FormsProblem(f"表单 {form_id} {version} 无法使用：\n{fault}") from fault
    if (form.id, form.version) != (form_id, version):
        raise FormsProblem(f"表单 {form_id} {version} 的内容自称是 {form.id} {form.version}。请重新发布。")
    return form
