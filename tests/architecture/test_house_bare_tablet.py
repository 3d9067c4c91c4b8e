"""The tablet's half works where only the tablet's packages are installed, from the wheel that would ship.

The development environment holds everything, so it can not show that a screen quietly needs the server's
packages or that the wheel forgot a form. Here is an environment with the tablet's dependencies alone
(`.ci/setup bare`, made once and kept).
"""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

FORBIDDEN = (
    "alembic",
    "fastapi",
    "pydantic",
    "pyxform",
    "sqlalchemy",
    "sqlmodel",
    "starlette",
    "typer",
    "uvicorn",
)

IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
import mobile, survey_forms, sync
names = [module.name for package in (mobile, survey_forms, sync)
         for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    if name != "survey_forms.publish" and not name.endswith("__main__"):
        importlib.import_module(name)
foreign = [name for name in names if not sys.modules.get(name, mobile).__file__.startswith(sys.argv[1])]
assert not foreign, foreign
sys.stdout.write(f"{len(names)} modules\\n")
"""

INTERVIEW = """
import sys
from datetime import UTC, date, datetime
from survey_forms import released
from survey_forms.interview import Context, answers, begin, faults, questions
from survey_forms.xform import parse
forms = [parse(xml) for _, _, xml in released()]
assert {form.id for form in forms} >= {"household", "conversion", "visit"}, forms
now = datetime(2020, 10, 1, 8, tzinfo=UTC)
context = Context(today=date(2020, 10, 1), now=now, given={"household_id": "h-1"})
for form in forms:
    interview = begin(form, context)
    assert questions(interview, form.languages[0]), form.id
    assert answers(interview) is not None
    assert any(fault.code == "required" for fault in faults(interview, form.languages[0])), form.id
sys.stdout.write(f"{len(forms)} forms\\n")
"""


@pytest.fixture(scope="session")
def bare_python(root: Path) -> Path:
    """The interpreter of the environment with the tablet's packages only."""
    made = subprocess.run(
        [root / ".ci" / "setup", "bare"], cwd=root, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, (
        f"The tablet-only environment is missing and could not be made:\n{made.stderr}"
    )
    return root / ".build" / "bare-tablet" / "bin" / "python"


@pytest.fixture(scope="session")
def shipped(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder holding what the wheel holds, the way an installation lays it out."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(build, cwd=root, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def run(python: Path, site: Path, code: str) -> str:
    """Runs `code` in the bare environment with the shipped packages, away from the repository; its output."""
    environment = {
        **{"PYTHONPATH": str(site), "PYTHONUTF8": "1", "PATH": "/usr/bin:/bin", "HOME": str(site)},
        **{"KIVY_HOME": str(site / "kivy"), "KIVY_NO_ARGS": "1", "SDL_VIDEODRIVER": "offscreen"},
    }
    done = subprocess.run(
        [python, "-P", "-c", code, str(site)],
        cwd=site,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_nothing_of_the_servers_is_there(bare_python: Path, shipped: Path) -> None:
    code = f"import importlib.util as u; assert not [n for n in {FORBIDDEN!r} if u.find_spec(n)]"
    assert run(bare_python, shipped, code) == ""


def test_every_module_of_the_tablet_can_be_imported(bare_python: Path, shipped: Path) -> None:
    assert run(bare_python, shipped, IMPORT_EVERYTHING).endswith(" modules\n")


def test_released_forms_can_be_filled_in(bare_python: Path, shipped: Path) -> None:
    assert run(bare_python, shipped, INTERVIEW).endswith(" forms\n")


def test_the_wheel_holds_what_is_read_at_run_time(root: Path, shipped: Path) -> None:
    kept = [
        path.relative_to(root)
        for package in ("mobile", "survey_forms", "server")
        for path in (root / package).rglob("*")
        if path.suffix in {".kv", ".json", ".xml", ".html", ".css", ".js", ".gz", ".mako"}
    ]
    assert [str(path) for path in kept if not (shipped / path).is_file()] == []


def test_the_check_sees_a_package_too_many(shipped: Path) -> None:
    """In the development environment, where everything is installed, the same look must find them."""
    with pytest.raises(AssertionError):
        test_nothing_of_the_servers_is_there(Path(sys.executable), shipped)
