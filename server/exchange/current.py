"""The exchange with the forms the database has now, and with the county's present key.

A form is published by another process (`cleanheat forms publish`, or a second server over the same database)
while this one runs. Whoever needs the exchange asks here first: one read of the forms' keys, which are a
handful, and only where they differ are the forms themselves read again. A released form never changes, so
its key says all. The county's key is renewed by another process too (`cleanheat rescue-key`); its file is looked at,
not read, each time.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from sqlmodel import Session
from starlette.datastructures import State

from server.database import read
from server.exchange import forms, keyring
from server.exchange.forms import FormsProblem
from server.exchange.keyring import Keyring
from server.exchange.store import Exchange
from server.web import Problem

LOG = logging.getLogger(__name__)


def exchange_now(state: State) -> Exchange:
    """The application's exchange, its forms as released by now."""
    with read(state.engine) as session:
        return exchange_in(session, state)


def exchange_in(session: Session, state: State) -> Exchange:
    """The same, read together with whatever else is asked. A form that cannot be read is logged and left out
    together with whatever came with it: the forms known so far go on working.
    """
    keyring_now(state)
    exchange: Exchange = state.exchange
    if forms.keys(session) == exchange.forms.by_key.keys():
        return exchange
    try:
        released = forms.load(session)
    except FormsProblem as problem:
        LOG.error("%s", problem)
        return exchange
    # Two requests may both come here; both read the same.
    state.exchange = replace(state.exchange, forms=released)
    current: Exchange = state.exchange
    return current


def keyring_now(state: State) -> Keyring:
    """The county's keys as they are now. A file that is gone or cannot be read is logged, and the keys known so far go
    on working: none is made in its place while tablets hold the old one.
    """
    known: Keyring = state.keyring
    if state.settings.county_keys or (stamp := keyring.stamp(state.settings.data)) == state.keyring_stamp:
        return known
    state.keyring_stamp = stamp
    try:
        if stamp is None:
            raise FileNotFoundError(keyring.FILE)
        found = keyring.opened(state.settings.data)
    except (OSError, Problem) as fault:
        LOG.error("%s", fault)
        return known
    state.keyring, state.exchange = found, replace(state.exchange, county_key=found.public)
    return found
