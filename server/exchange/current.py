"""The exchange with the forms the database has now.

A form is published by another process (`cleanheat forms publish`, or a second server over the same database)
while this one runs. Whoever needs the exchange asks here first: one read of the forms' keys, which are a
handful, and only where they differ are the forms themselves read again. A released form never changes, so
its key says all.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from starlette.datastructures import State

from server.database import read
from server.exchange import forms
from server.exchange.forms import FormsProblem
from server.exchange.store import Exchange

LOG = logging.getLogger(__name__)


def exchange_now(state: State) -> Exchange:
    """The application's exchange, its forms as released by now. One that cannot be read is logged and left out
    together with whatever came with it: the forms known so far go on working.
    """
    exchange: Exchange = state.exchange
    with read(exchange.engine) as session:
        if forms.keys(session) == exchange.forms.by_key.keys():
            return exchange
        try:
            released = forms.load(session)
        except FormsProblem as problem:
            LOG.error("%s", problem)
            return exchange
    # Two requests may both come here; both read the same.
    state.exchange = replace(exchange, forms=released)
    current: Exchange = state.exchange
    return current
