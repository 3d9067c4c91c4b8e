"""Values that travel to tablets masked: an account number by its last four characters, "…4417".

A policy names such properties. The journal and the registry keep them whole; every entity, conflict and verdict
on its way to a tablet has them masked. So a tablet states a masked value as what its surveyor had seen, and
`unmasked` finds what that was: without it a whole value would never equal a seen one, and after a restore,
where values are compared instead of versions, every second edit would be a conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from sync.messages import Conflict, EntityState, FieldOutcome, Verdict

SIGN: Final = "…"
SHOWN: Final = 4

Masked = Mapping[str, frozenset[str]]
"""Dataset → its properties that travel masked."""


def masked(value: str) -> str:
    """The last four letters or digits behind a sign; of a value as short as that nothing. Masked already, it stays."""
    if not value or value.startswith(SIGN):
        return value
    plain = "".join(sign for sign in value if sign.isalnum())  # people write accounts with blanks between
    return SIGN + (plain[-SHOWN:] if len(plain) > SHOWN else "")


def unmasked(told: str | None, candidates: Iterable[str | None]) -> str | None:
    """The first of the candidates that ``told`` is the mask of; ``told`` itself where there is none."""
    if told is None or not told.startswith(SIGN):
        return told
    return next(
        (each for each in candidates if each and not each.startswith(SIGN) and hides(told, each)), told
    )


def hides(told: str, value: str) -> bool:
    """Whether ``told`` is ``value``, or what a tablet was shown of it."""
    return told == value or (told.startswith(SIGN) and told == masked(value))


def entity(state: EntityState, names: Masked) -> EntityState:
    """An entity as it travels."""
    secret = names.get(state.dataset)
    if not secret:
        return state
    props = {name: masked(value) if name in secret else value for name, value in state.props.items()}
    return replace(state, props=props, conflicts=tuple(_conflict(each, secret) for each in state.conflicts))


def verdict(told: Verdict, names: Masked) -> Verdict:
    """A verdict as it travels."""
    if not any(field.property in names.get(field.dataset, ()) for field in told.fields):
        return told
    return replace(
        told, fields=tuple(_field(each, names.get(each.dataset, frozenset())) for each in told.fields)
    )


def _conflict(conflict: Conflict, secret: frozenset[str]) -> Conflict:
    if conflict.property not in secret:
        return conflict
    return replace(
        conflict, base=_opt(conflict.base), mine=masked(conflict.mine), theirs=_opt(conflict.theirs)
    )


def _field(field: FieldOutcome, secret: frozenset[str]) -> FieldOutcome:
    if field.property not in secret:
        return field
    return replace(field, base=_opt(field.base), mine=masked(field.mine), theirs=_opt(field.theirs))


def _opt(value: str | None) -> str | None:
    return masked(value) if value is not None else None
