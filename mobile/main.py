"""The tablet's command: what it is started with, then the window.

Kivy reads its environment and sizes its window when first imported, so everything it needs is settled before.
"""

import argparse
import logging
import os
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from mobile.device import hub
from mobile.device.fonts import FontsMissing, faces
from mobile.device.location import NoReceiver
from mobile.device.network import has_route
from mobile.device.storage import free_bytes
from mobile.locale import LANGUAGES, speak
from mobile.presenters.desk import Desk, stock_forms
from mobile.presenters.problems import explain
from survey_forms import released
from sync.album import Album
from sync.replica import Replica, ReplicaProblem

STORE = "tablet.db"


def clock() -> datetime:
    """The present instant, UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A fresh id."""
    return str(uuid.uuid4())


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the tablet's window; the exit status."""
    options = _parser().parse_args(arguments)
    say = speak(options.language)
    try:
        demo = hub.read_demo(options.demo) if options.demo else None
    except (OSError, ValueError, KeyError) as fault:
        _say(say("demo.unreadable", path=options.demo, why=fault))
        return 1
    data = options.data or (demo.data / "window" if demo else _home())
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        _say(say("data.unusable", path=data, why=fault.strerror or fault))
        return 1
    reopen = partial(Replica.open, data / STORE, clock=clock, new_id=new_id)
    try:
        with reopen() as replica:
            stock_forms(replica, released())
            Album(replica).sweep()
            office = hub.Office(reopen, clock, say, demo.address if demo else "", partial(free_bytes, data),
                                data / "rescue")  # fmt: skip
            office.finish()
            if demo and replica.identity() is None:
                why = office.ask(demo.address, demo.code)
                if why:
                    _say(say("demo.refused", why=why))
                    return 1
            return _open_window(replica, options, office)
    except ReplicaProblem as problem:
        _say(explain(say, problem))
        return 1
    except FontsMissing as missing:
        _say(str(missing))
        return 1


def _open_window(replica: Replica, options: argparse.Namespace, office: hub.Office) -> int:
    os.environ.setdefault("KIVY_NO_ARGS", "1")
    os.environ.setdefault("KIVY_LOG_MODE", "PYTHON")
    logging.getLogger("kivy").propagate = False  # its chatter; what is uncaught still reaches the terminal
    logging.getLogger("kivy").addHandler(logging.NullHandler())
    width, height = options.size
    from kivy.config import Config

    Config.set("graphics", "width", width)
    Config.set("graphics", "height", height)
    Config.set("input", "mouse", "mouse,disable_multitouch")
    Config.set("kivy", "exit_on_escape", "0")
    from mobile.app import Devices, TabletApp

    desk = Desk(replica, clock, new_id, speak(options.language), options.language)
    devices = Devices(faces(), NoReceiver(), has_route, office.exchange, office.ask)
    TabletApp(desk, devices).run()
    return 0


def _home() -> Path:
    root = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(root) / "cleanheat-tablet"


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def _say(text: str) -> None:
    if text:
        sys.stderr.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cleanheat-tablet", description="清洁取暖入户调查平板 (the surveyor's tablet)"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="记录保存在此文件夹 (where records are kept)"
    )
    parser.add_argument(
        "--demo", type=Path, metavar="demo.json", help="用演示服务器登记 (enrol with the demo)"
    )
    parser.add_argument("--language", choices=LANGUAGES, default="zh", help="界面语言 (language)")
    parser.add_argument(
        "--size", type=_size, default=(1280, 800), metavar="1280x800", help="窗口大小 (window)"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
