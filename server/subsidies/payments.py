"""A payment: money for one entitlement to one account, under an end-to-end id that is never used again.

What may be paid is what was decided, corrections included, less what has a live payment: neither returned nor
reversed. So nothing is paid twice, however often batches are prepared, and a correction made before the
payment is simply in it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from server.subsidies.corrections import NOBODY, Decided, key_of

N_ = str
PLANNED: Final = "planned"
SENT: Final = "sent"
CREDITED: Final = "credited"
RETURNED: Final = "returned"
DROPPED: Final = "dropped"
REVERSED: Final = "reversed"
STATES: Final = {
    PLANNED: N_("待发放"),
    SENT: N_("已送银行"),
    CREDITED: N_("已到账"),
    RETURNED: N_("银行已退回"),
    DROPPED: N_("未发放，已移出"),
    REVERSED: N_("已冲销"),
}
# An entitlement has at most one payment in these states.
LIVE: Final = frozenset({PLANNED, SENT, CREDITED})
SHOWN_DIGITS: Final = 4


def plain_account(text: str) -> str:
    """An account number without what people and sheets put between its digits: blanks, dashes, wide digits."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(character for character in folded if character.isalnum())


@dataclass(frozen=True)
class Payee:
    """Who is paid and where, as it was when the batch was locked. `relation`: of the holder to the householder."""

    holder: str
    account: str
    bank: str = ""
    relation: str = ""

    @property
    def masked(self) -> str:
        """The account as people may see it: its last four digits."""
        return "*" * max(0, len(self.account) - SHOWN_DIGITS) + self.account[-SHOWN_DIGITS:]


@dataclass(frozen=True)
class Payment:
    """`id` is the end-to-end id. `surveyed_by` and `accepted_by` are the persons whose word the entitlement stands on.
    `reason` is the bank's, for a returned one.
    """

    id: str
    county: str
    household: str
    entitlement: str
    amount_fen: int
    shares_fen: Mapping[str, int]
    payee: Payee
    state: str = PLANNED
    surveyed_by: frozenset[str] = field(default_factory=frozenset)
    accepted_by: frozenset[str] = field(default_factory=frozenset)
    reason: str = ""

    @property
    def live(self) -> bool:
        return self.state in LIVE


@dataclass(frozen=True)
class Payable:
    """What can be paid now, in one payment of `entitlement`; `settles` are the decisions it makes good."""

    county: str
    household: str
    entitlement: str
    amount_fen: int
    shares_fen: Mapping[str, int]
    settles: tuple[str, ...]


@dataclass(frozen=True)
class Excess:
    """More is paid or on its way than is due. Planned payments have to be dropped, credited ones recovered."""

    county: str
    household: str
    entitlement: str
    amount_fen: int
    payments: tuple[str, ...]


def payable(
    decided: Iterable[Decided], payments: Iterable[Payment], same_as: Mapping[str, str] = NOBODY
) -> tuple[Payable, ...]:
    """What is owed and has no live payment, at most one for each household, component and season.

    `decided` in order of decision; `same_as`: merged household → the surviving one. What two merged households
    were both granted is held back until a correction has been decided.
    """
    found = []
    for family, live in _families(decided, payments, same_as):
        shares_fen = _owed(family, live)
        amount_fen = sum(shares_fen.values())
        paid = {payment.entitlement for payment in live}
        carrier = next((each for each in family if each.id not in paid and each.line.amount_fen > 0), None)
        if carrier is not None and amount_fen > 0 and not _granted_twice(family):
            line = carrier.line
            settles = tuple(each.id for each in family if each.id not in paid)
            found.append(Payable(line.county, line.household, carrier.id, amount_fen, shares_fen, settles))
    return tuple(found)


def excess(
    decided: Iterable[Decided], payments: Iterable[Payment], same_as: Mapping[str, str] = NOBODY
) -> tuple[Excess, ...]:
    """Where live payments come to more than was decided: after a correction, or two households made one."""
    found = []
    for family, live in _families(decided, payments, same_as):
        amount_fen = -sum(_owed(family, live).values())
        if amount_fen > 0:
            line = family[0].line
            ids = tuple(payment.id for payment in live)
            found.append(Excess(line.county, line.household, family[0].id, amount_fen, ids))
    return tuple(found)


def paid_twice(
    decided: Iterable[Decided], payments: Iterable[Payment], same_as: Mapping[str, str]
) -> tuple[Excess, ...]:
    """What was granted under two ids of one home and is on its way, or paid, more than once: to be dropped or
    recovered, whether or not the correction has been decided. Never anybody's merge of two payments."""
    found = []
    for family, live in _families(decided, payments, same_as):
        homes = {each.line.household for each in family if not each.corrects}
        first = [each.line.amount_fen for each in family if not each.corrects]
        later = sum(max(0, each.line.amount_fen) for each in family if each.corrects)
        amount_fen = sum(payment.amount_fen for payment in live) - (max(first, default=0) + later)
        if len(homes) > 1 and amount_fen > 0:
            line = family[0].line
            household = same_as.get(line.household, line.household)
            ids = tuple(payment.id for payment in live)
            found.append(Excess(line.county, household, family[0].id, amount_fen, ids))
    return tuple(found)


def _families(
    decided: Iterable[Decided], payments: Iterable[Payment], same_as: Mapping[str, str]
) -> Iterator[tuple[list[Decided], list[Payment]]]:
    """All that was decided for one household, component and season, and the live payments of it."""
    families: dict[tuple[str, ...], list[Decided]] = {}
    for each in decided:
        families.setdefault(key_of(each.line, same_as), []).append(each)
    live: dict[str, list[Payment]] = {}
    for payment in payments:
        if payment.live:
            live.setdefault(payment.entitlement, []).append(payment)
    for family in families.values():
        yield family, [payment for each in family for payment in live.get(each.id, ())]


def _granted_twice(family: Sequence[Decided]) -> bool:
    first = [each.line.amount_fen for each in family if not each.corrects]
    later = sum(max(0, each.line.amount_fen) for each in family if each.corrects)
    return len(first) > 1 and sum(each.line.amount_fen for each in family) > max(first) + later


def _owed(family: Sequence[Decided], live: Sequence[Payment]) -> dict[str, int]:
    """Level → signed fen decided and without a live payment; a level with nothing is left out."""
    gap: dict[str, int] = {}
    for sign, shares in [(1, each.line.shares_fen) for each in family] + [
        (-1, each.shares_fen) for each in live
    ]:
        for level, fen in shares.items():
            gap[level] = gap.get(level, 0) + sign * fen
    return {level: fen for level, fen in gap.items() if fen}
