"""The ledger: double entry, immutable, balanced at every level of government.

Accounts are a county's, by level of government and purpose; amounts are whole fen, debit positive and credit
negative. Five things happen to money here, and each has one function that makes its entry:

    obligation     expense  → payable      the household is owed
    payment_sent   treasury → in_transit   the bank has the instruction and the money
    credited       in_transit → payable    the household has it: the obligation is met
    returned       in_transit → treasury   it came back, and is owed as before
    correction     as an obligation, with either sign

So what was sent is at any time credited, returned or in transit, and what is payable is owed and not yet
credited. An entry never changes; a mistake is answered by its reversal. Every level's part balances on its
own, because one level's money never pays another's share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from server.subsidies.vocabulary import LEVELS

EXPENSE: Final = "expense"
PAYABLE: Final = "payable"
TREASURY: Final = "treasury"
IN_TRANSIT: Final = "in_transit"
# What happened → the account debited and the account credited.
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "obligation": (EXPENSE, PAYABLE),
    "payment_sent": (IN_TRANSIT, TREASURY),
    "credited": (PAYABLE, IN_TRANSIT),
    "returned": (TREASURY, IN_TRANSIT),
    "correction": (EXPENSE, PAYABLE),
}
REVERSAL: Final = "reversal"


class Account(NamedTuple):
    """Where money stands: a county's, by level of government and purpose."""

    county: str
    level: str
    purpose: str


@dataclass(frozen=True)
class Posting:
    """An amount on an account; a debit is positive."""

    account: Account
    amount_fen: int


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `entitlement` is the id of what was decided, `payment` that of the payment ("" where
    there is none yet); `reverses` names the entry this one undoes.
    """

    id: str
    county: str
    on: date
    kind: str
    entitlement: str
    payment: str
    postings: tuple[Posting, ...]
    reverses: str = ""


@dataclass(frozen=True)
class About:
    """What an entry is made for: its own id (made outside), the county, the day, and what it speaks of."""

    id: str
    county: str
    on: date
    entitlement: str
    payment: str = ""


Shares = Mapping[str, int]


def obligation(about: About, shares_fen: Shares) -> Entry:
    """A decided entitlement: from now on the household is owed."""
    assert sum(shares_fen.values()) > 0, "nothing is no obligation"
    return _entry("obligation", about, shares_fen)


def correction(about: About, shares_fen: Shares) -> Entry:
    """A decided difference to an earlier decision, with either sign."""
    return _entry("correction", about, shares_fen)


def payment_sent(about: About, shares_fen: Shares) -> Entry:
    """The instruction went to the bank, with the money."""
    return _payment("payment_sent", about, shares_fen)


def credited(about: About, shares_fen: Shares) -> Entry:
    """The bank credited the household's account."""
    return _payment("credited", about, shares_fen)


def returned(about: About, shares_fen: Shares) -> Entry:
    """The bank sent the money back (退票); the household is owed as before."""
    return _payment("returned", about, shares_fen)


def reversal(entry: Entry, id: str, on: date) -> Entry:
    """Undoes an entry by its opposite; both stay. A reversal itself is answered by a new entry, not undone."""
    assert entry.kind != REVERSAL
    postings = tuple(Posting(each.account, -each.amount_fen) for each in entry.postings)
    return Entry(id, entry.county, on, REVERSAL, entry.entitlement, entry.payment, postings, entry.id)


def _payment(kind: str, about: About, shares_fen: Shares) -> Entry:
    assert about.payment and sum(shares_fen.values()) > 0
    return _entry(kind, about, shares_fen)


def _entry(kind: str, about: About, shares_fen: Shares) -> Entry:
    """Balanced by construction: each level's share is debited to one account and credited to the other."""
    debit, credit = KINDS[kind]
    assert shares_fen.keys() <= LEVELS.keys() and about.entitlement and about.id
    postings = []
    for level, fen in sorted(shares_fen.items()):
        assert type(fen) is int
        if fen:
            postings.append(Posting(Account(about.county, level, debit), fen))
            postings.append(Posting(Account(about.county, level, credit), -fen))
    assert postings, "an entry moves money"
    entry = Entry(about.id, about.county, about.on, kind, about.entitlement, about.payment, tuple(postings))
    assert not imbalance(entry)
    return entry


def imbalance(entry: Entry) -> dict[tuple[str, str], int]:
    """(county, level) → what its postings lack to zero; empty for a balanced entry."""
    sums: dict[tuple[str, str], int] = {}
    for posting in entry.postings:
        key = posting.account.county, posting.account.level
        sums[key] = sums.get(key, 0) + posting.amount_fen
    return {key: fen for key, fen in sums.items() if fen}


def moved(entry: Entry) -> dict[str, int]:
    """Level → the fen an entry debits for its kind: the shares it was made from. Of a reversal, the opposite."""
    debit = KINDS[entry.kind][0] if entry.kind in KINDS else None
    return {each.account.level: each.amount_fen for each in entry.postings if each.account.purpose == debit}


# ---- balances


def trial_balance(entries: Iterable[Entry]) -> dict[Account, int]:
    """Every account that was ever posted to, with its balance; the balances sum to zero."""
    balances: dict[Account, int] = {}
    for entry in entries:
        for posting in entry.postings:
            balances[posting.account] = balances.get(posting.account, 0) + posting.amount_fen
    return dict(sorted(balances.items()))


@dataclass(frozen=True)
class Totals:
    """What a page shows of a ledger, or of one level's part: fen, all of them sums of entries less reversals.

    `sent_fen` = `credited_fen` + `returned_fen` + `in_transit_fen`; `owed_fen` = `obligated_fen` − `credited_fen`,
    negative where more was credited than is due and has to be recovered.
    """

    obligated_fen: int
    sent_fen: int
    credited_fen: int
    returned_fen: int

    @property
    def in_transit_fen(self) -> int:
        return self.sent_fen - self.credited_fen - self.returned_fen

    @property
    def owed_fen(self) -> int:
        return self.obligated_fen - self.credited_fen


def totals(entries: Iterable[Entry], level: str | None = None) -> Totals:
    """The sums by what happened, of one level of government or of all."""
    all_entries = list(entries)
    kinds = {entry.id: entry.kind for entry in all_entries}
    sums = dict.fromkeys(KINDS, 0)
    for entry in all_entries:
        kind = kinds.get(entry.reverses, "") if entry.kind == REVERSAL else entry.kind
        if kind in KINDS:
            sums[kind] += sum(
                posting.amount_fen
                for posting in entry.postings
                if posting.account.purpose == KINDS[kind][0] and level in (None, posting.account.level)
            )
    return Totals(
        sums["obligation"] + sums["correction"], sums["payment_sent"], sums["credited"], sums["returned"]
    )


def standing(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that are neither reversals nor reversed: what the books say happened."""
    all_entries = list(entries)
    undone = {entry.reverses for entry in all_entries}
    return [entry for entry in all_entries if entry.kind != REVERSAL and entry.id not in undone]
