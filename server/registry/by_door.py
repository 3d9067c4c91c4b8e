"""How every list of homes is sorted: village by village along the lane, on either database, in order of an index."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, func
from sqlmodel import col

from server.registry.tables import Household
from sync.doors import LAST

BY_DOOR: Final[tuple[Any, ...]] = (col(Household.village), col(Household.door_order), col(Household.id))


def door_joined() -> ColumnElement[str]:
    """The same of an outer join: a home that nobody registered comes last, which databases disagree about."""
    return func.coalesce(col(Household.door_order), LAST)
