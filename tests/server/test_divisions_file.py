"""A file of divisions: read as it is, or refused with every one of its faults at once."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.registry.actions import BUNDLED
from server.registry.division_file import DivisionFile, read_divisions

HEADER = "code,name,level,parent,urban_rural_code"
GOOD = [
    "140000000000,山西省,province,,",
    "140500000000,晋城市,city,140000000000,",
    "140525000000,泽州县,county,140500000000,",
    "140525100000,南村镇,township,140525000000,",
    "140525100200,南村村委会,village,140525100000,121",
]


def _file(*rows: str, header: str = HEADER, encoding: str = "utf-8") -> bytes:
    return "\n".join([header, *rows, ""]).encode(encoding)


def _faults(found: DivisionFile) -> list[tuple[int, str, str]]:
    return [(issue.row, issue.column, issue.value) for issue in found.issues]


def test_all_of_shanxi_is_read() -> None:
    found = read_divisions(BUNDLED.read_bytes())
    levels = [line.level for line in found.lines]
    assert not found.issues
    assert {level: levels.count(level) for level in set(levels)} == {
        "province": 1, "city": 11, "county": 121, "township": 1352, "village": 21895,
    }  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_utf8_and_what_chinese_excel_writes_are_both_read(encoding: str) -> None:
    found = read_divisions(_file(*GOOD, encoding=encoding))
    assert not found.issues
    assert [line.name for line in found.lines][-1] == "南村村委会"
    assert found.encoding == encoding.removesuffix("-sig")


def test_rare_characters_of_gb18030_survive() -> None:
    rows = [*GOOD[:4], "140525100201,䶮㛃𬍛村委会,village,140525100000,220"]
    assert read_divisions(_file(*rows, encoding="gb18030")).lines[-1].name == "䶮㛃𬍛村委会"


def test_lines_of_windows_and_a_packed_file_are_read() -> None:
    plain = _file(*GOOD).replace(b"\n", b"\r\n")
    assert len(read_divisions(plain).lines) == len(read_divisions(gzip.compress(plain)).lines) == 5


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe" + "code".encode("utf-16-le"), "UTF-16"),
        (_file(GOOD[0]) + b"140500000000,\xff\xff,city,140000000000,\n", "既不是 UTF-8 也不是 GB18030"),
        (b"\x1f\x8bnonsense", "压缩包损坏"),
        (gzip.compress(_file(*GOOD))[:-20], "压缩包损坏"),
        (b"", "缺少这一列"),
        (_file(), "没有任何区划"),
        (HEADER.encode() + b'\n"' + b"x" * 200_000, "引号"),
    ],
)
def test_what_is_no_such_file_is_refused_in_words(data: bytes, said: str) -> None:
    found = read_divisions(data)
    assert not found.lines
    assert said in "".join(map(str, found.issues))


def test_bytes_of_no_encoding_are_named_by_their_row() -> None:
    found = read_divisions(_file(GOOD[0]) + b"140500000000,\xff\xff,city,140000000000,\n")
    assert found.issues[0].row == 3


def test_a_wrong_header_names_each_wrong_column() -> None:
    found = read_divisions(_file(*GOOD, header="code,name,name,parent,级别"))
    assert _faults(found) == [(1, "name", ""), (1, "level", ""), (1, "urban_rural_code", ""), (1, "", "级别")]


def test_every_fault_is_listed_at_once_with_row_and_column() -> None:
    found = read_divisions(
        _file(
            *GOOD,
            "14052510020,少一位,village,140525100000,220",
            "140525100201,,village,140525100000,999",
            "140525100202,乙村,township,140525000000,",
            "140525100200,又是南村,village,140525100000,121",
            "140525999200,孤村,village,140525999000,220",
            "140525100203,丙村,village",
            "140525200000,乡政府,township,140525000000,220",
            "140525100204,ÃÂ,village,140525100000,220",
        )
    )
    assert _faults(found) == [
        (7, "code", "14052510020"),
        (8, "name", ""),
        (8, "urban_rural_code", "999"),
        (9, "level", "township"),
        (9, "parent", "140525000000"),
        (10, "code", "140525100200"),
        (11, "parent", "140525999000"),
        (12, "", ""),
        (13, "urban_rural_code", "220"),
        (14, "name", "ÃÂ"),
    ]
    assert all(issue.message and issue.remedy for issue in found.issues)
    assert "第 10 行，code 列“140525100200”：与第 6 行重复。" in str(found.issues[5])


def test_a_part_of_the_country_may_stand_under_divisions_known_already() -> None:
    county_alone = _file(*GOOD[2:])
    assert _faults(read_divisions(county_alone)) == [(2, "parent", "140500000000")]
    assert not read_divisions(county_alone, known={"140500000000"}).issues


@given(st.binary(max_size=400))
def test_no_bytes_at_all_break_the_reader(data: bytes) -> None:
    found = read_divisions(data)
    assert found.issues


@given(st.lists(st.lists(st.text(max_size=14), min_size=5, max_size=5), max_size=6))
def test_no_cells_at_all_break_the_reader(rows: list[list[str]]) -> None:
    text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    found = read_divisions(f"{HEADER}\n{text}".encode("utf-8", "surrogatepass"))
    assert found.issues or found.lines
