"""Finding by an account without giving it away.

A list shows the last four digits. Were any longer ending found too, whoever may search could try the digit before
them, and the next, until the account is whole; so an account is found by what is shown of it, or by all of it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from server.subsidies.payments import SHOWN_DIGITS, plain_account


def account_is(column: Any, text: str) -> ColumnElement[bool] | None:
    """The condition on a column of accounts for what somebody typed; None where that speaks of no account."""
    plain = plain_account(text).upper()
    if not plain.isascii() or len(plain) < SHOWN_DIGITS:
        return None
    found: ColumnElement[bool] = column.endswith(plain) if len(plain) == SHOWN_DIGITS else column == plain
    return found
