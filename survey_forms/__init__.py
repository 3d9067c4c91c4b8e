"""What is asked in a household, and what an answer means: XLSForm sources, the XForm reader, the interview.

Released forms travel inside the package: a tablet and a server of one build start from the same ones.
"""

import re
from importlib.resources import files

_RELEASED_NAME = re.compile(r"(?P<id>[a-z][a-z0-9_]*)-(?P<version>[0-9]+(?:\.[0-9]+)*)\.xml")


def released() -> list[tuple[str, str, str]]:
    """Return (form id, version, XForm XML) of every released form, by id and then oldest version first."""
    folder = files("survey_forms").joinpath("forms", "released")
    found = [
        (match["id"], match["version"], entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if (match := _RELEASED_NAME.fullmatch(entry.name))
    ]
    return sorted(found, key=lambda form: (form[0], tuple(map(int, form[1].split(".")))))
