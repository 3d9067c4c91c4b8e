"""How a household's money stands: which sentences are true of it, and what it is known by.

Pure and apart from pages, because the office's page and the surveyor's tablet say the same. Every sentence
speaks of one thing with its amount and day. What they say is in `phrases.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from server.programme.document import Texts
from server.subsidies import phrases
from server.subsidies.payments import CREDITED, LIVE, RETURNED, REVERSED
from server.subsidies.vocabulary import CONSTRUCTION, FULL_COVER, HARDSHIP, ONCE, OPERATING

N_ = str
# How an item or a home stands, the most pressing first: a home is known by the first that it has.
STANDINGS: Final = {
    "excess": N_("多发待追回"),
    "returned": N_("退回待重发"),
    "no_payee": N_("缺收款人"),
    "due": N_("待编批"),
    "planned": N_("已编批"),
    "sent": N_("已送银行"),
    "undecided": N_("待核定"),
    "credited": N_("已到账"),
    "not_accepted": N_("未验收"),
    "nothing": N_("不补"),
}

# Components as a householder reads them: what the device brought, what the winter brings, what is added to it.
ORDER: Final = (CONSTRUCTION, FULL_COVER, OPERATING, HARDSHIP)


@dataclass(frozen=True)
class Granted:
    """A decided line as far as it is told; `corrects` as in corrections.Decided."""

    id: str
    corrects: str
    component: str
    season: str
    amount_fen: int
    reason: Texts


@dataclass(frozen=True)
class Paid:
    """A payment as far as it is told: its batch with the number people know it by, and its days."""

    entitlement: str
    amount_fen: int
    state: str
    account: str
    reason: str
    batch: str
    batch_n: int
    sent_on: date | None
    booked_on: date | None


@dataclass(frozen=True)
class Known:
    """Everything told of one home. `granted` in order of decision; `open_codes`: questions in the way.

    `accepted_on`: of the latest standing acceptance; `unaccepted_n`: conversions without one. `undecided_*` and
    `corrections_*`: what waits for somebody's decision. `payee`: whether an account is known.
    """

    unaccepted_n: int = 0
    accepted_on: date | None = None
    undecided_n: int = 0
    undecided_fen: int = 0
    corrections_n: int = 0
    corrections_fen: int = 0
    open_codes: tuple[str, ...] = ()
    granted: tuple[Granted, ...] = ()
    payments: tuple[Paid, ...] = ()
    payee: bool = True


@dataclass(frozen=True)
class Sentence:
    """One thing that is so; `standing` is a key of STANDINGS, empty for what is only history."""

    standing: str
    texts: Texts


@dataclass(frozen=True)
class Item:
    """One component of one season: its decisions, its payments, and what there is to say of it.

    `due_fen` is the sum of its decisions, corrections included; `standing` a key of STANDINGS.
    """

    component: str
    season: str
    granted: tuple[Granted, ...]
    payments: tuple[Paid, ...]
    standing: str
    sentences: tuple[Sentence, ...]

    @property
    def due_fen(self) -> int:
        return sum(each.amount_fen for each in self.granted)

    @property
    def credited_fen(self) -> int:
        return sum(each.amount_fen for each in self.payments if each.state == CREDITED)

    @property
    def name(self) -> Texts:
        return phrases.item_name(self.component, self.season)


@dataclass(frozen=True)
class Told:
    """How a home stands, its items, and what is said of the home as a whole."""

    standing: str
    items: tuple[Item, ...]
    sentences: tuple[Sentence, ...]

    @property
    def every(self) -> tuple[Sentence, ...]:
        """All that is said: of each item, then of the home."""
        return (*(said for item in self.items for said in item.sentences), *self.sentences)

    @property
    def due_fen(self) -> int:
        return sum(item.due_fen for item in self.items)

    @property
    def credited_fen(self) -> int:
        return sum(item.credited_fen for item in self.items)


def tell(known: Known) -> Told | None:
    """How a home's money stands; None for one that was never converted."""
    items, sentences = tuple(_items(known)), tuple(_of_home(known))
    if not items and not sentences:
        return None
    standings = {item.standing for item in items} | {each.standing for each in sentences}
    return Told(next(each for each in STANDINGS if each in standings), items, sentences)


def _items(known: Known) -> Iterator[Item]:
    granted: dict[tuple[str, str], list[Granted]] = {}
    for each in known.granted:
        granted.setdefault((each.component, each.season), []).append(each)
    for (component, season), family in sorted(granted.items(), key=lambda item: _place(*item[0])):
        ids = {each.id for each in family}
        payments = [each for each in known.payments if each.entitlement in ids]
        payments.sort(key=lambda each: (each.sent_on or date.max, each.batch_n))
        sentences = tuple(_of_item(phrases.item_name(component, season), family, payments, known.payee))
        # The last word decides: a return is history once the money has arrived by another payment.
        standing = next((each.standing for each in reversed(sentences) if each.standing), "nothing")
        yield Item(component, season, tuple(family), tuple(payments), standing, sentences)


def _place(component: str, season: str) -> tuple[bool, str, int]:
    """What is paid once first, then winter by winter, in the order of components."""
    return not season.startswith(ONCE), season, ORDER.index(component)


def _of_item(
    name: Texts, family: Sequence[Granted], payments: Sequence[Paid], payee: bool
) -> Iterator[Sentence]:
    first, *corrections = family
    due_fen = sum(each.amount_fen for each in family)
    if not first.amount_fen:
        yield Sentence("nothing", phrases.zero(name, first.reason))
    for each in corrections:
        yield Sentence("", phrases.corrected(name, each.reason))
    for payment in payments:
        if payment.state in phrases.PAYMENTS:
            yield _of_payment(name, payment)
    rest_fen = due_fen - sum(each.amount_fen for each in payments if each.state in LIVE)
    if rest_fen > 0:
        again = any(each.state == RETURNED for each in payments)
        yield _still_due(name, rest_fen, payee=payee, again=again)
    elif rest_fen < 0:
        yield Sentence("excess", phrases.excess(name, -rest_fen))
    elif not due_fen and first.amount_fen:
        yield Sentence("nothing", phrases.nothing_due(name))


def _of_payment(name: Texts, payment: Paid) -> Sentence:
    texts = phrases.payment(
        name, payment.state, payment.amount_fen, batch_n=payment.batch_n, account=payment.account,
        reason=payment.reason, sent_on=payment.sent_on, booked_on=payment.booked_on,
    )  # fmt: skip
    return Sentence("" if payment.state in (RETURNED, REVERSED) else payment.state, texts)


def _still_due(name: Texts, rest_fen: int, *, payee: bool, again: bool) -> Sentence:
    if not payee:
        return Sentence("no_payee", phrases.no_payee(name, rest_fen))
    if again:
        return Sentence("returned", phrases.due_again(name, rest_fen))
    return Sentence("due", phrases.due(name, rest_fen))


def _of_home(known: Known) -> Iterator[Sentence]:
    if known.accepted_on is None:
        if known.unaccepted_n:
            yield Sentence("not_accepted", phrases.NOT_ACCEPTED)
        return
    if known.undecided_n and known.granted:
        texts = phrases.undecided_too(known.undecided_n, known.undecided_fen)
        yield Sentence("undecided" if known.undecided_fen else "", texts)
    elif known.undecided_n or not (known.granted or known.open_codes):
        texts = phrases.undecided(known.accepted_on, known.undecided_n, known.undecided_fen)
        yield Sentence("undecided", texts)
    for code in known.open_codes:
        if code in phrases.QUESTIONS:
            yield Sentence("undecided", phrases.question(code))
    if known.corrections_n:
        yield Sentence("undecided", phrases.corrections(known.corrections_n, known.corrections_fen))
    if known.unaccepted_n:
        yield Sentence("", phrases.ANOTHER_NOT_ACCEPTED)
