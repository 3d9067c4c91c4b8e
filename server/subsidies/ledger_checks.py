"""What must hold of the books, as a list of checks: each a function from the books to findings.

The list is the index. No check stops at the first finding or trusts another: books read from a database may
be wrong in any way, and a bad entry must never hide the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from server.subsidies.corrections import Decided
from server.subsidies.ledger import KINDS, REVERSAL, Entry, imbalance, moved, standing, totals, trial_balance
from server.subsidies.money import yuan
from server.subsidies.payments import CREDITED, RETURNED, SENT, Payment
from server.subsidies.vocabulary import LEVELS


@dataclass(frozen=True)
class Books:
    """Everything that is checked together: a county's entries, decisions and payments."""

    entries: tuple[Entry, ...]
    decided: tuple[Decided, ...]
    payments: tuple[Payment, ...]


@dataclass(frozen=True)
class Finding:
    """What does not hold: the check, the id it was found at, and what is wrong in words."""

    check: str
    id: str
    message: str

    def __str__(self) -> str:
        return f"{self.check} {self.id}：{self.message}"


PURPOSES: Final = tuple(sorted({purpose for pair in KINDS.values() for purpose in pair}))
Check = Callable[[Books], Iterator[Finding]]


def verify(books: Books) -> list[Finding]:
    """Every finding of every check; an empty list means the books hold."""
    return [finding for check in CHECKS for finding in check(books)]


def balanced(books: Books) -> Iterator[Finding]:
    """Every entry sums to zero at every level; so does the whole."""
    for entry in books.entries:
        for (county, level), fen in imbalance(entry).items():
            yield Finding("balanced", entry.id, f"{county} {level} 借贷不平，差 {yuan(fen)} 元。")
    rest = sum(trial_balance(books.entries).values())
    if rest:
        yield Finding("balanced", "", f"试算不平，差 {yuan(rest)} 元。")


def well_formed(books: Books) -> Iterator[Finding]:
    """Ids are used once; kinds, levels and counties are known; no posting is empty."""
    for id, times in Counter(entry.id for entry in books.entries).items():
        if times > 1:
            yield Finding("well_formed", id, f"分录编号用了 {times} 次。")
    for entry in books.entries:
        if entry.kind not in KINDS and entry.kind != REVERSAL:
            yield Finding("well_formed", entry.id, f"不认识的分录种类：{entry.kind}。")
        if not entry.postings:
            yield Finding("well_formed", entry.id, "没有分录行。")
        purposes = KINDS.get(entry.kind, PURPOSES)
        for posting in entry.postings:
            account = posting.account
            if (
                account.county != entry.county
                or account.level not in LEVELS
                or account.purpose not in purposes
            ):
                yield Finding("well_formed", entry.id, f"科目不对：{'/'.join(account)}。")
            if type(posting.amount_fen) is not int or not posting.amount_fen:
                yield Finding("well_formed", entry.id, f"金额不对：{posting.amount_fen}。")


def reversals(books: Books) -> Iterator[Finding]:
    """A reversal is the opposite of an entry that is there, and the only one."""
    known = {entry.id: entry for entry in books.entries}
    times = Counter(entry.reverses for entry in books.entries if entry.reverses)
    for entry in books.entries:
        if bool(entry.reverses) != (entry.kind == REVERSAL):
            yield Finding("reversals", entry.id, "冲销分录和被冲销的编号不相配。")
            continue
        if not entry.reverses:
            continue
        undone = known.get(entry.reverses)
        if undone is None or undone.kind == REVERSAL:
            yield Finding("reversals", entry.id, f"冲销的分录 {entry.reverses} 不存在，或本身是冲销。")
        elif Counter((p.account, -p.amount_fen) for p in undone.postings) != Counter(
            (p.account, p.amount_fen) for p in entry.postings
        ) or (undone.entitlement, undone.payment) != (entry.entitlement, entry.payment):
            yield Finding("reversals", entry.id, f"与被冲销的 {entry.reverses} 不相反。")
        if times[entry.reverses] > 1:
            yield Finding("reversals", entry.id, f"{entry.reverses} 被冲销了 {times[entry.reverses]} 次。")


def decisions_booked(books: Books) -> Iterator[Finding]:
    """Every decision with money in it is booked once, with its own shares; nothing else is."""
    booked: dict[str, list[Entry]] = {}
    for entry in standing(books.entries):
        if entry.kind in ("obligation", "correction"):
            booked.setdefault(entry.entitlement, []).append(entry)
    for each in books.decided:
        entries = booked.pop(each.id, [])
        shares_fen = {level: fen for level, fen in each.line.shares_fen.items() if fen}
        if sum(shares_fen.values()) != each.line.amount_fen:
            yield Finding("decisions_booked", each.id, "各级分担之和不等于金额。")
        if len(entries) != bool(shares_fen):
            yield Finding(
                "decisions_booked", each.id, f"应入账 {int(bool(shares_fen))} 次，实际 {len(entries)} 次。"
            )
        for entry in entries:
            kind = "correction" if each.corrects else "obligation"
            if entry.kind != kind or moved(entry) != shares_fen or entry.county != each.line.county:
                yield Finding("decisions_booked", entry.id, f"与决定 {each.id} 的金额、分担或县不符。")
    for id, entries in booked.items():
        yield Finding("decisions_booked", entries[0].id, f"入账的决定 {id} 不存在。")


def one_entitlement_each(books: Books) -> Iterator[Finding]:
    """At most one decision for a household, component and season; a season is never empty."""
    keys = Counter(each.line.key for each in books.decided if not each.corrects)
    for each in books.decided:
        if not each.line.season:
            yield Finding("one_entitlement_each", each.id, "没有写采暖季或 once。")
        if not each.corrects and keys[each.line.key] > 1:
            yield Finding("one_entitlement_each", each.id, "同一户同一项同一季定了不止一次。")


def decisions_explained(books: Books) -> Iterator[Finding]:
    """Every decision names its document, its rule, its facts, the acceptance among them, and its reason."""
    ids = {each.id for each in books.decided if not each.corrects}
    for each in books.decided:
        line = each.line
        if not (line.schedule.sha256 and line.rules and line.reason.get("zh")):
            yield Finding("decisions_explained", each.id, "没有写明标准、条款或理由。")
        if not line.facts.get("accepted_on") or not line.facts.get("acceptance"):
            yield Finding("decisions_explained", each.id, "所依据的事实里没有验收日期或文号。")
        if each.corrects and each.corrects not in ids:
            yield Finding("decisions_explained", each.id, f"更正的决定 {each.corrects} 不存在。")


def payments_founded(books: Books) -> Iterator[Finding]:
    """Every payment has a decision with money in it, in its county and for its household, and parts that add up."""
    decided = {each.id: each.line for each in books.decided}
    for payment in books.payments:
        line = decided.get(payment.entitlement)
        if line is None:
            yield Finding("payments_founded", payment.id, f"付款所依据的决定 {payment.entitlement} 不存在。")
        elif (line.county, line.household) != (payment.county, payment.household) or line.amount_fen <= 0:
            yield Finding("payments_founded", payment.id, "付款与决定不是同一县、同一户，或决定没有金额。")
        if payment.amount_fen <= 0 or sum(payment.shares_fen.values()) != payment.amount_fen:
            yield Finding("payments_founded", payment.id, "金额不是正数，或不等于各级分担之和。")


def paid_once(books: Books) -> Iterator[Finding]:
    """No end-to-end id twice, no two live payments of one decision."""
    for id, times in Counter(payment.id for payment in books.payments).items():
        if times > 1:
            yield Finding("paid_once", id, f"付款编号用了 {times} 次。")
    live = Counter(payment.entitlement for payment in books.payments if payment.live)
    for entitlement, times in live.items():
        if times > 1:
            yield Finding("paid_once", entitlement, f"同一决定有 {times} 笔未退回的付款。")


def paid_within_decided(books: Books) -> Iterator[Finding]:
    """Nothing was ever paid beyond what had been decided; a later correction may make it too much, an `excess`."""
    decided, paid = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    keys = {}
    for each in books.decided:
        keys[each.id] = each.line.key
        decided[each.line.key] += max(0, each.line.amount_fen)
    for payment in books.payments:
        if payment.live and payment.entitlement in keys:
            paid[keys[payment.entitlement]] += payment.amount_fen
    for key, fen in paid.items():
        if fen > decided[key]:
            message = f"付了 {yuan(fen)} 元，只定了 {yuan(decided[key])} 元。"
            yield Finding("paid_within_decided", " ".join(key), message)


STEPS: Final = {
    SENT: ["payment_sent"],
    CREDITED: ["payment_sent", "credited"],
    RETURNED: ["payment_sent", "returned"],
}


def payments_booked(books: Books) -> Iterator[Finding]:
    """What a payment's state says is what stands in the ledger for it, to the fen and level, and nothing more."""
    booked: dict[str, list[Entry]] = {}
    for entry in standing(books.entries):
        if entry.payment:
            booked.setdefault(entry.payment, []).append(entry)
    for payment in books.payments:
        entries = booked.pop(payment.id, [])
        kinds = [entry.kind for entry in entries]
        if sorted(kinds) != sorted(STEPS.get(payment.state, [])):
            yield Finding(
                "payments_booked", payment.id, f"状态是 {payment.state}，账上是 {'、'.join(kinds) or '无'}。"
            )
        shares_fen = {level: fen for level, fen in payment.shares_fen.items() if fen}
        for entry in entries:
            if moved(entry) != shares_fen or entry.entitlement != payment.entitlement:
                yield Finding("payments_booked", entry.id, f"与付款 {payment.id} 的金额、分担或决定不符。")
    for id, entries in booked.items():
        yield Finding("payments_booked", entries[0].id, f"账上的付款 {id} 不存在。")


def sums_agree(books: Books) -> Iterator[Finding]:
    """Paid = credited + returned + in transit, in the ledger, in the payments, and between the two."""
    book = totals(books.entries)
    by_state = Counter[str]()
    for payment in books.payments:
        by_state[payment.state] += payment.amount_fen
    for name, ledger_fen, payments_fen in (
        ("已到账", book.credited_fen, by_state[CREDITED]),
        ("已退回", book.returned_fen, by_state[RETURNED]),
        ("在途", book.in_transit_fen, by_state[SENT]),
        ("已送银行", book.sent_fen, by_state[SENT] + by_state[CREDITED] + by_state[RETURNED]),
        ("应补", book.obligated_fen, sum(each.line.amount_fen for each in books.decided)),
    ):
        if ledger_fen != payments_fen:
            yield Finding("sums_agree", name, f"账上 {yuan(ledger_fen)} 元，明细 {yuan(payments_fen)} 元。")


CHECKS: Final[tuple[Check, ...]] = (
    balanced,
    well_formed,
    reversals,
    decisions_booked,
    one_entitlement_each,
    decisions_explained,
    payments_founded,
    paid_once,
    paid_within_decided,
    payments_booked,
    sums_agree,
)


def names(checks: Iterable[Check] = CHECKS) -> list[str]:
    """What is checked, for a report that says so even where nothing was found."""
    return [check.__name__ for check in checks]
