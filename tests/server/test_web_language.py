"""Every text a person can meet has its English, in every capability."""

import ast
import json
from pathlib import Path
from string import Formatter

import pytest
from jinja2 import Environment, nodes

import server

SERVER = Path(server.__file__).parent
CAPABILITIES = sorted({path.parent for path in SERVER.glob("*/__init__.py")})


def _template_msgids(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.glob("templates/**/*.html"):
        tree = Environment().parse(path.read_text(encoding="utf-8"))
        for call in tree.find_all(nodes.Call):
            named = isinstance(call.node, nodes.Name) and call.node.name == "_"
            if named and call.args and isinstance(call.args[0], nodes.Const):
                found.add(call.args[0].value)
    return found


def _python_msgids(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_":
                found.add(ast.literal_eval(node.args[0]))
    return found


def _all_english() -> dict[str, str]:
    table: dict[str, str] = {}
    for path in SERVER.glob("*/en.json"):
        table.update(json.loads(path.read_text(encoding="utf-8")))
    return table


@pytest.mark.parametrize("folder", CAPABILITIES, ids=lambda path: path.name)
def test_every_text_has_its_english(folder: Path) -> None:
    missing = (_template_msgids(folder) | _python_msgids(folder)) - _all_english().keys()
    assert not missing, f"add to server/{folder.name}/en.json: {sorted(missing)}"


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_translations_keep_the_places_of_their_texts() -> None:
    wrong = {zh: en for zh, en in _all_english().items() if not _places(en) <= _places(zh) or not en.strip()}
    assert not wrong


def test_one_text_is_translated_one_way() -> None:
    said: dict[str, set[str]] = {}
    for path in SERVER.glob("*/en.json"):
        for zh, en in json.loads(path.read_text(encoding="utf-8")).items():
            said.setdefault(zh, set()).add(en)
    assert not {zh: sorted(ways) for zh, ways in said.items() if len(ways) > 1}
