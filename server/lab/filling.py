"""Filling a real form for a synthetic household: the interview a surveyor would have, without the fingers.

Shared by the baseline survey and the headless tablets, so that both record exactly what a tablet's screen
would have recorded: hidden fields given, calculations evaluated, entities named.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from server.lab.county import SyntheticHousehold
from server.lab.recordings import Recording
from survey_forms import interview, released
from survey_forms.answers import entity_changes
from survey_forms.form import Form
from survey_forms.interview import Context
from survey_forms.xform import parse
from sync.messages import Answers

CHINA = timezone(timedelta(hours=8), "CST")
# Any fixed namespace will do: it makes the same household the same id at every run of one seed.
_NAMESPACE = uuid.UUID("6b1f0c1e-5b36-4a58-9f0e-140525000000")


class FormRefused(Exception):
    """The forms found fault with a synthetic recording: a mistake of the laboratory, told with the faults."""


@dataclass(frozen=True)
class Filled:
    """A finished interview: answers as they travel, and dataset → property → value that they save."""

    answers: Answers
    changes: Mapping[str, Mapping[str, str]]


def parsed_forms() -> dict[str, Form]:
    """Form id → the newest released form."""
    forms = [parse(xml) for _, _, xml in released()]
    return {form.id: form for form in sorted(forms, key=lambda form: form.version)}


def entity_id(seed: int, what: str, number: int) -> str:
    """The id of household, coal use or conversion ``number`` of the county made from ``seed``."""
    return str(uuid.uuid5(_NAMESPACE, f"{seed}/{what}/{number}"))


def targets(seed: int, recording: Recording) -> dict[str, str]:
    """Dataset → id of the entities a recording is about."""
    number = recording.household
    ids = {"household": entity_id(seed, "household", number)}
    if recording.form == "household":
        ids["coal_use"] = entity_id(seed, "coal_use", number)
    if recording.form == "conversion":
        ids["conversion"] = entity_id(seed, "conversion", number)
        ids["coal_use"] = entity_id(seed, f"stock/{recording.on}", number)
    return ids


def fill(
    form: Form,
    recording: Recording,
    *,
    given: Mapping[str, str],
    ids: Mapping[str, str],
    now: datetime,
) -> Filled:
    """Fill ``form`` with a recording's answers. ``given``: what the tablet tells the form. Raises FormRefused."""
    local = now.astimezone(CHINA)
    told = {**given, **{f"{dataset}_id": entity for dataset, entity in ids.items()}}
    context = Context(today=local.date(), now=local, given=told)
    filled = interview.begin(form, context, recording.answers)
    found = interview.faults(filled, "zh")
    if found:
        told_faults = "；".join(f"{fault.path} {fault.message}" for fault in found)
        raise FormRefused(f"{form.id} {recording.on} {recording.household}: {told_faults}")
    answers = interview.answers(filled)
    changes = entity_changes(form, answers)
    return Filled(answers, {dataset: values for dataset, values in changes.items() if dataset in ids})


def place(home: SyntheticHousehold, person: str) -> dict[str, str]:
    """What a form is told of where and who, whatever the household."""
    return {
        "county": home.village[:6],
        "village": home.village,
        "village_name": home.village_name,
        "person": person,
        "mountain": "yes" if home.house.mountain else "no",
    }
