"""Where something stands, in words: a geopoint as it is stored is four bare numbers."""

from mobile.locale import Say


def in_words(say: Say, answer: str) -> str:
    """Latitude, longitude and how far off they may be, of "35.5 112.8 0 10"; what is no geopoint as it was given."""
    parts = answer.split()
    if not 2 <= len(parts) <= 4:
        return answer
    said = say("place.said", latitude=parts[0], longitude=parts[1])
    metres = parts[3].removesuffix(".0") if len(parts) == 4 else ""
    return said + (say("place.within", metres=metres) if metres not in ("", "0") else "")
