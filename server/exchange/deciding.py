"""An official decides what two people recorded differently, in one transaction with what follows from it.

Apart from `office`, which states what the office alone knows: here values of the register change, so everything
that is derived from it is derived again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from server.access.audit import audit
from server.exchange import history, journal
from server.exchange.store import Exchange, write_down
from server.web import N_, Problem
from sync import deciding, office
from sync.facts import Device, Facts, Held

REASON_CHARS_MAX = 500
FAULTS: Final = ("nothing_chosen", "no_reason", "conflict_moved")


@dataclass(frozen=True)
class Decision:
    """What an official says. ``sides``: property → "" for the registry's value, or the id of the open conflict
    whose value is to stand. ``version``: the entity's, as the page showed it."""

    dataset: str
    id: str
    version: int
    sides: Mapping[str, str]
    reason: str
    person: str


def entity(session: Session, county: str, dataset: str, id: str) -> Held | None:
    """The entity with its open conflicts, locked until the transaction ends; None where there is none."""
    return journal.entities(session, county, {(dataset, id)}).get(f"{dataset}/{id}")


def decide(exchange: Exchange, session: Session, county: str, said: Decision, now: datetime) -> Held:
    """Ends the conflicts decided; every tablet of the village learns it at its next contact. Gives the entity as
    it now is. Raises Problem, and journal.Stale if another writer was in the way.
    """
    held = entity(session, county, said.dataset, said.id)
    values = _chosen(held, said)
    assert held is not None
    facts = Facts(
        Device(office.device(county), county, frozenset()),
        history.present(session),
        frozenset(),
        {},
        {held.key: held},
        journal.past(session, county, deciding.needed(held)),
        exchange.policy,
    )
    ids = [exchange.new_id() for _ in held.conflicts]
    reason = said.reason.strip()
    pushed = deciding.decide(held, values, facts, person=said.person, reason=reason, now=now, ids=ids)
    decided = next(each for each in pushed.changed if each.key == held.key)
    audit(
        session, person=said.person, verb="conflict.decide", county=county, area=held.village,
        subject=f"{said.dataset}/{said.id}", now=now,
        detail={N_("字段数"): str(len(values)), N_("理由"): reason},
    )  # fmt: skip
    write_down(exchange, session, county, pushed, facts.entities, now)
    return decided


def _chosen(held: Held | None, said: Decision) -> dict[str, str]:
    """Property → the value that is to stand. Raises Problem."""
    if held is None or not held.conflicts or held.version != said.version:
        raise _moved()
    if not said.sides:
        raise Problem("nothing_chosen", 400, N_("一项也没有选。"), N_("请至少选定一项以哪个值为准。"))
    if not said.reason.strip() or len(said.reason) > REASON_CHARS_MAX:
        raise Problem(
            "no_reason",
            400,
            N_("没有写明理由，或理由超过 500 字。"),
            N_("请写明依据，例如“电话核实，户主本人说已拆除旧炉”。"),
        )
    disputed = {each.property for each in held.conflicts}
    found = {name: deciding.value_of(held, name, side) for name, side in said.sides.items()}
    chosen = {name: value for name, value in found.items() if value is not None and name in disputed}
    if len(chosen) != len(said.sides):
        raise _moved()
    return chosen


def _moved() -> Problem:
    return Problem(
        "conflict_moved",
        409,
        N_("这条记录刚刚又有变化，您看到的已经不是最新的。"),
        N_("没有作出任何决定；请看过下面的最新情况再决定。"),
    )
