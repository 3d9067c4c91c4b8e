"""Files as banks and townships send them: small sheets, written by the library a spreadsheet program would be."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest
from hypothesis import settings
from openpyxl import Workbook

# Two cores are shared by many tests: how long one example takes says nothing about the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

Book = Callable[..., bytes]


@pytest.fixture(scope="session")
def book() -> Book:
    """`book(rows, merge=("A3:B3",), hide=(4,), edit=lambda book: …)`: an XLSX of one sheet, as bytes."""

    def make(
        rows: Sequence[Sequence[Any]],
        *,
        merge: Sequence[str] = (),
        hide: Sequence[int] = (),
        edit: Callable[[Workbook], None] | None = None,
    ) -> bytes:
        made = openpyxl.Workbook()
        page = made.active
        assert page is not None
        for row in rows:
            page.append(list(row))
        for ref in merge:
            page.merge_cells(ref)
        for number in hide:
            page.row_dimensions[number].hidden = True
        if edit:
            edit(made)
        file = io.BytesIO()
        made.save(file)
        return file.getvalue()

    return make


@pytest.fixture(scope="session")
def text_file() -> Callable[..., bytes]:
    """`text_file(rows, "\\t", "gb18030")`: the same as text."""

    def make(rows: Sequence[Sequence[Any]], sign: str = ",", encoding: str = "utf-8") -> bytes:
        return "\r\n".join(sign.join(map(str, row)) for row in rows).encode(encoding)

    return make
