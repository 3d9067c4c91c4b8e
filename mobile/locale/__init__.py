"""The tablet's words. A key names the place and the thing; zh.json is the original, en.json its translation.

Texts live in two JSON files so that a translator needs no Python, and a test can compare the two sets of keys.
"""

import json
from collections.abc import Callable
from importlib.resources import files

Say = Callable[..., str]
LANGUAGES = ("zh", "en")


def speak(language: str = "zh") -> Say:
    """A function from key and values to text. An unknown key is our mistake and raises KeyError."""
    texts: dict[str, str] = json.loads((files(__name__) / f"{language}.json").read_text(encoding="utf-8"))

    def say(key: str, **values: object) -> str:
        return texts[key].format(**values)

    return say
