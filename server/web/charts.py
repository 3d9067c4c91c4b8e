"""Bars drawn on the server as SVG: they print, need no script and cost nothing to load.

Lengths are percentages of the width, so a bar fits any column without a second drawing. Every chart
carries its figures as text for those who cannot see it; colours never say anything alone: a binding
target is a solid line, a target to strive for a dashed one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup, escape


@dataclass(frozen=True)
class Segment:
    """A part of a stacked bar; `style` names a colour class of the style sheet."""

    label: str
    value: int
    style: str


def _share(value: Decimal) -> str:
    held = min(max(value, Decimal(0)), Decimal(100))
    return f"{held.quantize(Decimal('0.01'))}%"


def bar(
    pct: Decimal | None,
    label: str,
    *,
    target: int | None = None,
    binding: str = "",
    reached: bool | None = None,
    compact: bool = False,
    style: str = "",
) -> Markup:
    """A rate against its target. `binding` is "must", "strive" or "" (no target). `reached` is the caller's
    to say, who knows the exact share: a rate that reads 100.00 % may not be all. `style` names a colour class
    where the bar is to have one of its own.
    """
    height = 8 if compact else 14
    state = "plain" if reached is None else "reached" if reached else binding
    drawn = [f'<rect class="track" width="100%" height="{height}" rx="2"/>']
    if pct is not None:
        drawn.append(
            f'<rect class="{escape(style) or f"fill {state}"}" width="{_share(pct)}" height="{height}" rx="2"/>'
        )
    if target is not None:
        # A line at 100 % would be half outside the drawing.
        at = _share(Decimal(target) - (Decimal("0.4") if target >= 100 else 0))
        drawn.append(f'<line class="target {binding}" x1="{at}" x2="{at}" y1="0" y2="{height}"/>')
    return Markup(
        f'<svg class="bar" width="100%" height="{height}" role="img" aria-label="{escape(label)}">'
        f"<title>{escape(label)}</title>{''.join(drawn)}</svg>"
    )


def stacked(segments: Sequence[Segment], label: str, total: int | None = None, height: int = 14) -> Markup:
    """Parts of a whole side by side; `total` is the whole when the parts do not fill it."""
    whole = max(total or 0, sum(segment.value for segment in segments)) or 1
    at = Decimal(0)
    drawn = [f'<rect class="track" width="100%" height="{height}" rx="2"/>']
    for segment in segments:
        width = Decimal(segment.value) * 100 / whole
        title = f"<title>{escape(segment.label)}</title>"
        drawn.append(
            f'<rect class="part {escape(segment.style)}" x="{_share(at)}" width="{_share(width)}" '
            f'height="{height}">{title}</rect>'
        )
        at += width
    return Markup(
        f'<svg class="bar stacked" width="100%" height="{height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(drawn)}</svg>"
    )
