"""What every list shares: which page, in what order, and links that change one thing of an address.

Lists work by address alone, so a filtered, sorted third page can be bookmarked, printed and sent to a
colleague, and works without script.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request

Row = TypeVar("Row")
ROWS_PER_PAGE: Final = 50
PAGE_MAX: Final = 1_000_000


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list; `number` counts from 1, `total` counts all rows of the list."""

    rows: Sequence[Row]
    total: int
    number: int
    size: int = ROWS_PER_PAGE

    @property
    def last(self) -> int:
        return last_page(self.total, self.size)

    @property
    def first_row(self) -> int:
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def last_row(self) -> int:
        return self.first_row + len(self.rows) - 1 if self.rows else 0

    @property
    def near(self) -> list[int | None]:
        """Page numbers worth a link: the ends and the neighbours, None where numbers are left out."""
        wanted = {1, 2, self.last - 1, self.last, *range(self.number - 2, self.number + 3)}
        shown: list[int | None] = []
        before = 0
        for number in sorted(n for n in wanted if 1 <= n <= self.last):
            if number != before + 1:
                shown.append(None)
            shown.append(number)
            before = number
        return shown


@dataclass(frozen=True)
class Sorting:
    """The column a list is ordered by."""

    key: str
    descending: bool

    @property
    def text(self) -> str:
        """As `?sort=` says it."""
        return f"-{self.key}" if self.descending else self.key

    def opposite(self, key: str) -> str:
        """What `?sort=` a click on this column's heading asks for."""
        return f"-{key}" if key == self.key and not self.descending else key

    def state(self, key: str) -> str:
        """The heading's aria-sort."""
        if key != self.key:
            return "none"
        return "descending" if self.descending else "ascending"


def page_number(request: Request) -> int:
    """`?page=`; anything that is no page number is the first page."""
    return page_of(request.query_params.get("page", "1"))


def page_of(text: str) -> int:
    """A page number out of an address, as long as anybody cares to write it: 1 to `PAGE_MAX`."""
    if not (text.isascii() and text.isdigit()):
        return 1
    digits = text.lstrip("0")
    if len(digits) > len(str(PAGE_MAX)):
        return PAGE_MAX
    return min(max(int(digits or "0"), 1), PAGE_MAX)


def last_page(total: int, size: int) -> int:
    return max(1, -(-total // size))


def held_to(number: int, total: int, size: int) -> int:
    """The page asked for, or the last there is: a list may have become shorter since somebody kept its address."""
    return min(number, last_page(total, size))


def sorting(request: Request, allowed: Iterable[str], default: str) -> Sorting:
    """`?sort=key` or `?sort=-key`, held to the columns a list offers."""
    text = request.query_params.get("sort", default)
    key = text.removeprefix("-")
    if key not in set(allowed):
        text, key = default, default.removeprefix("-")
    return Sorting(key, text.startswith("-"))


def with_query(address: str, **changes: object) -> str:
    """The same address with some parameters set (a value), or taken away (None or "")."""
    parts = urlsplit(address)
    kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k not in changes]
    kept += [(k, str(v)) for k, v in changes.items() if v is not None and v != ""]
    return parts.path + ("?" + urlencode(kept) if kept else "")
