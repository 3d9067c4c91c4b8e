"""JSON written by a compiled library: the hub writes down some hundred documents at every contact.

Only written, and only what is told in texts and whole numbers: there it gives what the standard library gives, byte for
byte, which is what `sync.json_text` asks of it. Fractions it spells otherwise; no message and no document has any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

# Of itself it would know more kinds of value than the standard library, and say some of them in its own way.
_AS_ASKED: Final = (
    orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
)


def write(value: object, plain: Callable[[Any], object], *, sort_keys: bool) -> bytes:
    """JSON without spaces. Raises TypeError for what it cannot write: half a character, a number beyond 64 bits."""
    return orjson.dumps(value, plain, _AS_ASKED | orjson.OPT_SORT_KEYS if sort_keys else _AS_ASKED)
