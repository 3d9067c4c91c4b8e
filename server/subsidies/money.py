"""Money as whole fen: read from text, written as yuan, divided without losing a fen.

Apart, because every road money takes through the house must agree on these four sums. Nothing here is a
float: a text is read digit by digit, a product is a fraction until it is rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from server.registry.amounts import FEN_MAX, FEN_PER_YUAN, MoneyFault, fen, yuan

__all__ = ["FEN_MAX", "FEN_PER_YUAN", "MoneyFault", "fen", "half_up", "split", "yuan"]


def half_up(exact_fen: Fraction) -> int:
    """The nearest whole fen; a half goes up, away from zero: what one owes and what one is owed agree."""
    nearest = int(abs(exact_fen) + Fraction(1, 2))
    return nearest if exact_fen >= 0 else -nearest


def split(amount_fen: int, ratios: Mapping[str, Fraction], remainder: str) -> dict[str, int]:
    """Divides an amount so that the parts add up to it exactly: each takes the whole fen of its ratio, and what is
    left over, less than a fen for each, goes to `remainder`. The ratios sum to 1 and name `remainder`.
    A negative amount is divided as its opposite, so that taking back is the mirror of giving.
    """
    assert sum(ratios.values()) == 1 and remainder in ratios
    if amount_fen < 0:
        return {level: -part for level, part in split(-amount_fen, ratios, remainder).items()}
    parts = {level: int(amount_fen * ratio) for level, ratio in ratios.items()}
    parts[remainder] += amount_fen - sum(parts.values())
    return parts
