"""The core of money knows no database, no web and no clock: it can be replayed anywhere from its arguments."""

import re
import subprocess
import sys
from pathlib import Path

from server import subsidies

CORE = (
    "batch", "caps", "corrections", "entitlement", "facts", "hardship", "ledger", "ledger_checks", "lines", "money",
    "payments", "phrases", "reasons", "reconcile", "rules", "schedule", "schedule_check", "schedule_shape", "spells",
    "vocabulary", "words",
)  # fmt: skip
OUTSIDE = ("sqlalchemy", "sqlmodel", "fastapi", "starlette", "pydantic", "jinja2", "httpx", "openpyxl")
CLOCK_OR_CHANCE = re.compile(
    r"\b(?:now|today|utcnow|uuid[14]|time\.time|monotonic)\(|^(?:import|from) random", re.M
)


def test_the_core_imports_nothing_of_the_outside() -> None:
    code = (
        f"import sys\nfor name in {CORE!r}: __import__('server.subsidies.' + name)\n"
        f"found = set({OUTSIDE!r}) & set(sys.modules)\nassert not found, found"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_core_asks_no_clock_and_no_dice() -> None:
    folder = Path(str(subsidies.__file__)).parent
    for name in CORE:
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        assert not CLOCK_OR_CHANCE.search(text), name
        assert not re.search(r"\bfloat\b(?!\.)", re.sub(r'""".*?"""|#.*', "", text, flags=re.S)), name
