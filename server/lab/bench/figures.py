"""A measured figure, and how it is told: one JSON object a line, or a table with what is to be reached.

The floor beside a figure is measured in the same run: plain HTTP moving as many bytes the same way, or the
database's own inserts of the same rows. It says what the line or the disk alone would have cost.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

# What is to be reached: (at most, at least); one of them is None. A figure without either is told for comparison.
REACH: Final[dict[str, tuple[float | None, float | None]]] = {
    "first_sync_s": (6.6, None),
    "first_sync_bytes": (185_000, None),
    "first_sync_zstd_s": (5.8, None),
    "first_sync_zstd_bytes": (165_000, None),
    "nothing_new_s": (0.8, None),
    "nothing_new_bytes": (1_200, None),
    "nothing_new_requests": (1, None),
    "one_down_s": (0.8, None),
    "one_down_bytes": (1_800, None),
    "hundred_up_s": (1.5, None),
    "hundred_up_bytes": (16_000, None),
    "hundred_up_requests": (2, None),
    "first_sync_reset10_ratio": (1.4, None),
    "first_sync_reset3_ratio": (2.2, None),
    "ingest_per_s": (None, 2_000),
    "ingest_cpu_s_per_1000": (0.8, None),
    "ingest_python_cpu_s_per_1000": (0.45, None),
}


@dataclass(frozen=True)
class Figure:
    """``value``: the median of ``runs_n`` runs; ``spread``: the least and the greatest of them; ``reference``: the
    median of the floor, None where there is none.
    """

    name: str
    value: float
    unit: str
    reference: float | None
    spread: tuple[float, float]
    runs_n: int

    def line(self) -> str:
        """As one line of JSON."""
        return json.dumps(
            {
                "name": self.name, "value": self.value, "unit": self.unit, "reference": self.reference,
                "spread": list(self.spread), "runs": self.runs_n,
            },
            ensure_ascii=False,
        )  # fmt: skip

    @property
    def reached(self) -> bool | None:
        """None where nothing is set for it to reach."""
        most, least = REACH.get(self.name, (None, None))
        if most is None and least is None:
            return None
        return (most is None or self.value <= most) and (least is None or self.value >= least)


def figure(name: str, unit: str, measured: Sequence[float], floor: Sequence[float] = ()) -> Figure:
    """The figure of at least one run."""
    told = [_rounded(each) for each in measured]
    reference = _rounded(median(floor)) if floor else None
    return Figure(name, _rounded(median(measured)), unit, reference, (min(told), max(told)), len(told))


def _rounded(value: float) -> float:
    """Four significant figures; whole numbers from a thousand on."""
    return round(value) if abs(value) >= 1_000 else float(f"{value:.4g}")
