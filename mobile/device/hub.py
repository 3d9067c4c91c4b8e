"""The two things the tablet asks of a hub, each whole and blocking: enrol, and make one contact.

Every call opens the replica and the connection it needs and closes them, so it may run on any thread. Whatever goes
wrong comes back in words; nothing is lost either way.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from mobile.device import zstd
from mobile.locale import Say
from mobile.presenters.problems import explain
from sync import driver, rescue
from sync.album import Album
from sync.client import Account, Progress, Refusal
from sync.replica import Replica, ReplicaProblem
from sync.upload_driver import HttpPhotos, send_photos


@dataclass(frozen=True)
class Office:
    """`open_replica` opens the tablet's store anew for the calling thread."""

    open_replica: Callable[[], Replica]
    clock: Callable[[], datetime]
    say: Say
    moved_to: str = ""  # where the demonstration's server listens now, whatever the enrolment said
    free_bytes: Callable[[], int | None] = lambda: None
    rescues: Path = Path("rescue")  # where the file of a revoked tablet goes

    def ask(self, address: str, code: str) -> str:
        """Enrol with a one-time code; "" or the reason it did not work."""
        try:
            with self.open_replica() as replica, driver.http_client() as client:
                driver.enrol(replica, client, address, code, device_name="", app_version=_version())
        except driver.HubProblem as problem:
            return f"{problem.refusal.message}{problem.refusal.remedy}"
        except ReplicaProblem as problem:
            return explain(self.say, problem)
        return ""

    def finish(self) -> None:
        """What a revoked tablet still has to do, also after it was killed in the middle. Raises ReplicaProblem."""
        with self.open_replica() as replica:
            _finish(replica, self.rescues)

    def exchange(self, progress: Callable[[Progress], None]) -> Account:
        """One contact from beginning to end; a tablet that learns it is revoked seals and wipes at once."""
        try:
            with self.open_replica() as replica:
                account = self._contact(replica, progress)
                _finish(replica, self.rescues)
                return account
        except ReplicaProblem as problem:
            return Account(problem=Refusal(problem.code, explain(self.say, problem), ""))

    def _contact(self, replica: Replica, progress: Callable[[Progress], None]) -> Account:
        with driver.http_client() as client:
            identity = replica.identity()
            server = self.moved_to or (identity.server if identity else "")
            hub = driver.HttpHub(client, server, identity.secret if identity else "", zstd=zstd.decompress())
            account = driver.run(
                replica,
                hub,
                clock=self.clock,
                app_version=_version(),
                on_progress=progress,
                free_bytes=self.free_bytes,
            )
            photos = HttpPhotos(client, server, identity.secret if identity else "")
            return send_photos(Album(replica), photos, account, clock=self.clock, on_progress=progress)


def _finish(replica: Replica, folder: Path) -> None:
    identity, kept = replica.identity(), replica.rescue()
    if (identity is None and kept and not kept.wiped) or (identity and identity.revoked_at):
        # Here: compiled cryptography is loaded by the one tablet in a hundred that is lost.
        from mobile.device.sealing import seal

        rescue.carry_out(replica, folder, seal)


@dataclass(frozen=True)
class Demo:
    """What a demonstration server wrote down for its tablets."""

    address: str
    code: str
    data: Path


def read_demo(path: Path) -> Demo:
    """Read a demo.json. Raises OSError, ValueError or KeyError if it is missing, unreadable, or not serving."""
    told = json.loads(path.read_text(encoding="utf-8"))
    if not told["address"]:
        raise ValueError("演示服务器还没有启动 (the server is not up yet)")
    return Demo(told["address"], told["enrolment_code"], path.parent)


def _version() -> str:
    return version("cleanheat")
