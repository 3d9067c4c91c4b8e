"""What is odd about a payee and yet may be right: said wherever an account is looked at, forbidding nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from stdnum import luhn

from server.subsidies.payments import Payee
from server.subsidies.relations import is_self

N_ = str
SHARED, OTHER_HOLDER, HARDSHIP, CHECK_DIGIT = "shared", "other_holder", "hardship", "check_digit"
WARNINGS: Final = {
    SHARED: N_("同一账号收几户的钱"),
    OTHER_HOLDER: N_("户名不是户主，也没有写关系"),
    HARDSHIP: N_("困难户的补贴发到别人账户"),
    CHECK_DIGIT: N_("像银行卡号，但校验位不对"),
}
# A bank card's number; a passbook's is of any length and has no check digit.
CARD_DIGITS: Final = range(16, 20)


def warnings(payee: Payee, head_name: str, hardship: str, sharing: Collection[object]) -> tuple[str, ...]:
    """Codes of WARNINGS. `sharing`: the other homes paid on the same account; `hardship`: class of the home."""
    other = bool(head_name) and "".join(payee.holder.split()) != "".join(head_name.split())
    found = {
        SHARED: bool(sharing),
        OTHER_HOLDER: other and is_self(payee.relation),
        HARDSHIP: other and hardship not in ("", "none"),
        CHECK_DIGIT: looks_mistyped(payee.account),
    }
    return tuple(code for code, holds in found.items() if holds)


def looks_mistyped(account: str) -> bool:
    """Whether a number as long as a bank card's fails its check digit (Luhn)."""
    card = account.isascii() and account.isdigit() and len(account) in CARD_DIGITS
    return card and not luhn.is_valid(account)
