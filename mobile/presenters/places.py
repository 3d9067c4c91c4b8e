"""Where something stands, in words: a geopoint as it is stored is four bare numbers."""

from typing import Final

from mobile.locale import Say
from survey_forms.likeness import distance_m, point

# Beyond these a surveyor had better look again: a fix that may be the neighbour's, a home that has moved.
ACCURACY_M_MAX: Final = 50
APART_M_MAX: Final = 300


def in_words(say: Say, answer: str) -> str:
    """Latitude, longitude and how far off they may be, of "35.5 112.8 0 10"; what is no geopoint as it was given."""
    parts = answer.split()
    if not 2 <= len(parts) <= 4:
        return answer
    said = say("place.said", latitude=parts[0], longitude=parts[1])
    metres = parts[3].removesuffix(".0") if len(parts) == 4 else ""
    return said + (say("place.within", metres=metres) if metres not in ("", "0") else "")


def told(say: Say, answer: str, known: str) -> str:
    """Of a place just taken or typed: how good it is, and how far from where the register has the home (``known``, a
    geopoint or empty). Empty for what is no place."""
    here, there = point(answer), point(known)
    if here is None:
        return ""
    said = _how_good(say, answer)
    if there is None:
        return said
    if here == there:
        return said + say("place.as_registered")
    metres = distance_m(here, there)
    said += say("place.apart", distance=_distance(say, metres))
    return said + (say("place.look_again") if metres > APART_M_MAX else "")


def _how_good(say: Say, answer: str) -> str:
    parts = answer.split()
    try:
        metres = float(parts[3])
    except (IndexError, ValueError):
        metres = 0.0
    if not metres:
        return say("place.typed")
    said = say("place.fixed", metres=f"{metres:.0f}" if metres >= 1 else "1")
    return said + (say("place.poor") if metres > ACCURACY_M_MAX else "")


def _distance(say: Say, metres: float) -> str:
    if metres < 1_000:
        return say("place.metres", n=f"{metres:.0f}" if metres >= 1 else "1")
    return say("place.kilometres", n=f"{metres / 1_000:.1f}")
