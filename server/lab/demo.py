"""The main job in one command: a synthetic county's programme year, with a real server and eight real tablets.

The server runs in a process of its own, as it would at a county; this one prepares its database, enters the
baseline and works the tablets. Everything is kept under one folder: a run that was stopped goes on.
"""

from __future__ import annotations

import fcntl
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

from fastapi import FastAPI

from server.access.places import Place
from server.database import read, write
from server.exchange import invented
from server.lab import entering, fleet, telling
from server.lab.county import SyntheticHousehold, synthetic_county
from server.lab.filling import parsed_forms
from server.lab.headless import Task, contested, registered_twice, tasks
from server.lab.prepared import DemoFile, DemoProblem, places, prepare, shares, usable_code
from server.lab.serving import Serving
from server.lab.showcase import Showcase, showcase
from server.lab.showing import Showing
from server.settings import DEMO_FILES, Settings
from server.terminal.steps import Steps, counted, unseen
from server.terminal.words import why

SEED: Final = 140525
# Homes that two neighbouring tablets both call on.
MET_N: Final = 2
SAID, CLAIMED = DEMO_FILES


@dataclass(frozen=True)
class Options:
    """``households`` None: as many as the demo was begun with, 20,000 for a new one. ``port`` 0: any free one."""

    data: Path
    port: int
    households: int | None
    browser: bool
    fresh: bool


def run(options: Options, settings: Settings, create_app: Callable[..., FastAPI], showing: Showing) -> None:
    """Run the demo until interrupted. Raises DemoProblem, and whatever the database says of its file."""
    begun = _begin(options, settings, create_app, showing)
    app, file = begun.app, begun.file
    with ExitStack() as until_the_end:
        with showing.steps("启动服务器"):
            serving = until_the_end.enter_context(Serving(settings, options.port))
        file = replace(file, address=serving.address, enrolment_code=usable_code(app, file))
        file.save(_demo_file(options.data))
        showing.ready(file, browser=options.browser)
        _work(app, file, serving, showing)


@dataclass(frozen=True)
class _Begun:
    app: FastAPI
    file: DemoFile


def _demo_file(data: Path) -> Path:
    return data / SAID


def claim(data: Path) -> None:
    """Mark the folder as a demo's, before anything else is put there: what is not marked is never cleared away.

    Raises DemoProblem where a county keeps its own database.
    """
    if _is_demo(data):
        return
    if (data / "cleanheat.sqlite3").exists():
        raise DemoProblem(f"{data} 里有数据库，但不是演示数据；没有改动任何东西。请换一个目录。")
    try:
        data.mkdir(parents=True, exist_ok=True)
        (data / CLAIMED).touch()
    except OSError as error:
        raise DemoProblem(f"目录 {data} 不能写入：{why(error)}。请换一个目录或修改权限。") from error


def _is_demo(data: Path) -> bool:
    return any((data / name).exists() for name in DEMO_FILES)


def _in_use(data: Path) -> bool:
    """Whether a server holds the folder."""
    try:
        with (data / "serve.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def clear(data: Path) -> None:
    """Make way for a fresh demo: only in a folder that holds one, or that is empty."""
    if not data.exists() or not any(data.iterdir()):
        return
    if not _is_demo(data):
        raise DemoProblem(f"{data} 里不是演示数据，没有删除任何东西。请换一个目录。")
    if _in_use(data):
        raise DemoProblem(f"{data} 里的演示正在使用，没有删除任何东西。请先按 Ctrl-C 停掉它。")
    for entry in data.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _begin(
    options: Options, settings: Settings, create_app: Callable[..., FastAPI], showing: Showing
) -> _Begun:
    path = _demo_file(options.data)
    if _in_use(options.data):
        raise DemoProblem(
            f"{options.data} 里的演示已经在运行，地址见其中的 demo.json。请先按 Ctrl-C 停掉它，或换一个目录。"
        )
    app = create_app(settings, steps=showing.steps)
    if path.exists():
        file = DemoFile.load(path)
        if options.households not in (None, file.households):
            raise DemoProblem(
                f"这个演示有 {file.households} 户；要换成 {options.households} 户，请用 FRESH=1 重新开始。"
            )
    else:
        file = prepare(
            app, seed=SEED, households=options.households or 20_000, address="", steps=showing.steps
        )
        file.save(path)
    with write(app.state.engine) as session:
        invented.mark(session)
    return _Begun(app, file)


def _work(app: FastAPI, file: DemoFile, serving: Serving, showing: Showing) -> None:
    with read(app.state.engine) as session:
        villages = places(session, file.county)
    homes = _homes(file, villages, showing.steps)
    told = showcase(file.seed, file.township, homes)
    # What the office enters whole, no tablet goes to.
    homes = [home for home in homes if not home.village.startswith(file.township)]
    all_shares = shares(villages)
    per_tablet = shared_out(homes, [{place.code for place in share} for share in all_shares])
    forms = parsed_forms()
    group = fleet.Fleet(
        folder=Path(file.data), server=file.address, seed=file.seed, forms=forms, clock=app.state.clock,
        new_id=app.state.new_id,
    )  # fmt: skip
    todo = with_disagreements(per_tablet, [share[0].code for share in all_shares], showing.steps)
    standings = [fleet.Standing() for _ in todo]
    with ThreadPoolExecutor(len(todo) + 2) as pool:
        try:
            running = [
                pool.submit(
                    fleet.run, group, fleet.Posting(number, file.tablet_codes[number - 1], work), standing
                )
                for number, (work, standing) in enumerate(zip(todo, standings, strict=True), start=1)
            ]
            running += _in_the_office(pool, app, file, told, per_tablet, group.stop, showing)
            showing.watch(running, standings, sum(map(len, todo)), serving, _renewing(app, file, showing))
        finally:
            group.stop.set()


def _in_the_office(
    pool: ThreadPoolExecutor,
    app: FastAPI,
    file: DemoFile,
    told: Showcase,
    per_tablet: Sequence[Sequence[SyntheticHousehold]],
    stop: threading.Event,
    showing: Showing,
) -> list[Future[None]]:
    """The clerk enters the baseline; once the showcase is in, its story is told beside it."""
    whole_done = threading.Event()
    showing.baseline(0, file.households)
    work = entering.Work(told.homes, per_tablet, lambda more: showing.baseline(more, None))
    return [
        pool.submit(entering.enter, app, file, work, stop, whole_done),
        pool.submit(telling.tell, app, file, told, telling.Events(whole_done, stop), showing.story),
    ]


def _renewing(app: FastAPI, file: DemoFile, showing: Showing) -> Callable[[], None]:
    """Puts a new enrolment code into demo.json once the one there has been used, and says so."""
    known = file

    def look() -> None:
        nonlocal known
        code = usable_code(app, known)
        if code != known.enrolment_code:
            known = replace(known, enrolment_code=code)
            known.save(_demo_file(Path(known.data)))
            showing.new_code(code)

    return look


def _homes(file: DemoFile, villages: Sequence[Place], steps: Steps) -> list[SyntheticHousehold]:
    with steps("模拟住户（户）") as told:
        county = synthetic_county(Random(file.seed), file.households, villages, told)
        # The county is drawn whole before its first home comes out.
        first = list(islice(county, 1))
    with steps("模拟全年的改造和走访（户）") as told:
        return [*first, *counted(county, file.households, told)]


def with_disagreements(
    per_tablet: Sequence[Sequence[SyntheticHousehold]], shared: Sequence[str], steps: Steps = unseen
) -> list[list[Task]]:
    """Every tablet's work, begun by two homes of a shared village that both neighbours call on: what they
    disagree about shows on both tablets and in the office. The first neighbours also register a home each that is one
    and the same. ``shared``: of each tablet, the village that the one before it holds too."""
    with steps("安排各平板的工作（台）") as told:
        todo = [tasks(share) for share in counted(per_tablet, len(per_tablet), told)]
    twice = False
    for guest in range(0, len(todo) - 1, 2):
        # In a small county nobody may live in the village they share.
        both = [
            home for home in per_tablet[guest + 1] if home.village == shared[guest + 1] and home.registered_on
        ]
        met = both[:MET_N]
        for tablet in (guest, guest + 1):
            first = [contested(home, f"154{tablet:02d}{home.number:06d}") for home in met]
            if met and not twice:
                first.append(registered_twice(met[0], tablet))
            todo[tablet][:0] = first
        twice = twice or bool(met)
    return todo


def shared_out(
    homes: Sequence[SyntheticHousehold], villages: Sequence[set[str]]
) -> list[list[SyntheticHousehold]]:
    return [[home for home in homes if home.village in mine] for mine in villages]
