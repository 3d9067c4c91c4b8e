"""A mapping whose entries mostly say the same but for their value: thirty values that one registration set.

Of the hundreds of values that pass through the hub at a contact, it looks at a few. So the values are kept as they
came, what all of them share is kept once, and an entry is made when somebody asks for it. Nothing of the protocol here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView
from typing import Any, Final, Generic, TypeVar

Row = TypeVar("Row", bound=tuple[Any, ...])
_NONE: Final[Mapping[str, Any]] = {}


class Alike(Mapping[str, Row], Generic[Row]):
    """Name → ``row(first[name], *rest)``; but the entries ``apart``, whose first fields are in ``first`` too, as they
    are."""

    __slots__ = ("apart", "first", "rest", "row")

    def __init__(
        self,
        row: Callable[..., Row],
        first: Mapping[str, str],
        rest: tuple[Any, ...],
        apart: Mapping[str, Row] = _NONE,
    ) -> None:
        self.row, self.first, self.rest, self.apart = row, first, rest, apart

    def __getitem__(self, name: str) -> Row:
        found = self.apart.get(name)
        return self.row(self.first[name], *self.rest) if found is None else found

    def __iter__(self) -> Iterator[str]:
        return iter(self.first)

    def __len__(self) -> int:
        return len(self.first)

    def items(self) -> ItemsView[str, Row]:
        """All entries, made in one go: who wants every one need not ask for each."""
        return self._whole().items()

    def values(self) -> ValuesView[Row]:
        return self._whole().values()

    def _whole(self) -> dict[str, Row]:
        row, rest, apart = self.row, self.rest, self.apart
        if not apart:
            return {name: row(value, *rest) for name, value in self.first.items()}
        return {
            name: apart[name] if name in apart else row(value, *rest) for name, value in self.first.items()
        }

    def __repr__(self) -> str:
        return repr(self._whole())


def alike(row: Callable[..., Row], entries: Mapping[str, Row]) -> Alike[Row]:
    """The same mapping, what most of its entries share said once."""
    if isinstance(entries, Alike):
        return entries
    rests = [entry[1:] for entry in entries.values()]
    rest = Counter(rests).most_common(1)[0][0] if rests else ()
    apart = {name: entry for name, entry in entries.items() if entry[1:] != rest}
    return Alike(row, {name: entry[0] for name, entry in entries.items()}, rest, apart)


def changed(entries: Mapping[str, Row], new: Mapping[str, Row]) -> Mapping[str, Row]:
    """The mapping with other entries under these names."""
    if not isinstance(entries, Alike):
        return {**entries, **new}
    first = {**entries.first, **{name: entry[0] for name, entry in new.items()}}
    return Alike(entries.row, first, entries.rest, {**entries.apart, **new})
