"""What a file of divisions would change, before anything is written: code by code, against the register.

Pure, so that the page that asks "shall this be done?" and the act that does it speak of the same thing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from server.registry.division_file import DivisionLine, Issue


@dataclass(frozen=True)
class Known:
    """A division as the register has it."""

    name: str
    urban_rural_code: str
    edition: str


@dataclass(frozen=True)
class Change:
    """One code that the file adds (`before` None) or says otherwise than the register."""

    row: int
    code: str
    level: str
    name: str
    urban_rural_code: str
    before: Known | None

    @property
    def renamed(self) -> bool:
        return self.before is not None and self.before.name != self.name

    @property
    def recoded(self) -> bool:
        return self.before is not None and self.before.urban_rural_code != self.urban_rural_code


@dataclass(frozen=True)
class Preview:
    """`same`: codes the file says again as they are; `missing`: codes of the file's counties that the file does
    not name and that stay as they are. Level and parent follow from the code, so only names, the
    urban-rural code and the edition can change.
    """

    edition: str
    changes: tuple[Change, ...]
    same: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def added(self) -> int:
        return sum(change.before is None for change in self.changes)

    @property
    def altered(self) -> int:
        return len(self.changes) - self.added

    @cached_property
    def digest(self) -> str:
        """Stands for everything above: whoever confirms sends it back, so that nothing else is done."""
        text = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def compare(lines: Iterable[DivisionLine], known: Mapping[str, Known], edition: str) -> Preview:
    """The file against the register; `known` has every code of the register."""
    changes: list[Change] = []
    same: list[str] = []
    named = sorted(lines, key=lambda line: line.code)
    for line in named:
        before = known.get(line.code)
        if before and (before.name, before.urban_rural_code) == (line.name, line.urban_rural_code):
            same.append(line.code)
        else:
            changes.append(
                Change(line.row, line.code, line.level, line.name, line.urban_rural_code, before)
            )  # fmt: skip
    counties = {line.code[:6] for line in named if line.level in ("county", "township", "village")}
    spoken = {line.code for line in named}
    missing = sorted(code for code in known if code[:6] in counties and code not in spoken)
    return Preview(edition, tuple(changes), tuple(same), tuple(missing))


def outside(preview: Preview, areas: Collection[str]) -> tuple[Issue, ...]:
    """A fault for each change that lies in none of these areas (code prefixes)."""
    return tuple(
        Issue(
            change.row, "code", change.code, "不在您负责的区域，导入会改动它。",
            "请删去这一行，或请负责那里的管理员导入。",
        )
        for change in preview.changes
        if not any(change.code.startswith(area) for area in areas)
    )  # fmt: skip
