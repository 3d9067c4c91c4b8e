"""The two ends of a link: network namespaces, each with one TUN device, under names that say whose they are.

A process that is killed cannot clean up. So every name holds the id of the process that made it, and whoever makes
new ones first removes those whose process is no more.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TABLET_ADDRESS: Final = "10.99.0.1"
HUB_ADDRESS: Final = "10.99.0.2"
_TUN: Final = Path("/dev/net/tun")
_OURS: Final = re.compile(r"cleanheat-([0-9]+)-(?:tablet|hub)")
_TUNSETIFF: Final = 0x400454CA
_IFF_TUN: Final = 0x0001
_IFF_NO_PI: Final = 0x1000
_MTU: Final = 1500


class LinkProblem(Exception):
    """There can be no link here; the text says what is missing and what to do."""


@dataclass(frozen=True)
class Ends:
    """Names of the namespaces, and the descriptors of their devices, which this process reads and writes."""

    tablet: str
    hub: str
    tablet_device: int
    hub_device: int


def possible(user: int | None = None, tun: Path = _TUN) -> None:
    """Raises LinkProblem where no link can be made by this user (None: whose process this is)."""
    if (os.geteuid() if user is None else user) != 0:
        raise LinkProblem(
            "在模拟线路上测量需要 root 权限（要建立网络命名空间）。请用 root 运行，例如 sudo make bench；"
            "不需要线路的指标仍可单独测量，例如 --only ingest_per_s。"
        )
    if not tun.is_char_device():
        raise LinkProblem(
            f"没有 {tun}，不能建立模拟线路。请先运行 modprobe tun；在容器里请用 --device {tun} 启动它。"
        )
    if shutil.which("ip") is None:
        raise LinkProblem("没有找到命令 ip。请安装 iproute2（apt install iproute2）。")


@contextlib.contextmanager
def ends() -> Iterator[Ends]:
    """Both ends, until the block ends. Raises LinkProblem."""
    possible()
    remove_stale()
    number = os.getpid()
    tablet, hub = f"cleanheat-{number}-tablet", f"cleanheat-{number}-hub"
    with contextlib.ExitStack() as made:
        devices = [
            made.enter_context(_end(name, f"ch{number}{name[-1]}", own, other))
            for name, own, other in (
                (tablet, TABLET_ADDRESS, HUB_ADDRESS),
                (hub, HUB_ADDRESS, TABLET_ADDRESS),
            )
        ]
        yield Ends(tablet, hub, *devices)


def remove_stale() -> None:
    """Removes the namespaces of processes that are no more; those of others stay."""
    listed = subprocess.run(["ip", "netns", "list"], stdout=subprocess.PIPE, text=True, check=False).stdout
    for name in stale(listed, lambda pid: Path(f"/proc/{pid}").exists()):
        _remove(name)


def _remove(name: str) -> None:
    """The namespace, and whatever still runs in it: whoever started that may have been killed."""
    inside = subprocess.run(["ip", "netns", "pids", name], stdout=subprocess.PIPE, text=True, check=False)
    for pid in inside.stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGTERM)
    subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)


def stale(listed: str, lives: Callable[[int], bool]) -> list[str]:
    """Which of the namespaces that ``ip netns list`` told are ours and belong to no living process."""
    names = (line.split(" ", 1)[0] for line in listed.splitlines())
    found = (_OURS.fullmatch(name) for name in names)
    return [match[0] for match in found if match and not lives(int(match[1]))]


@contextlib.contextmanager
def _end(name: str, device: str, own: str, other: str) -> Iterator[int]:
    """A namespace with its device; the device's descriptor."""
    _ip("netns", "add", name)
    try:
        descriptor = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK)
        try:
            fcntl.ioctl(
                descriptor, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TUN | _IFF_NO_PI)
            )
            _ip("link", "set", device, "netns", name)
            inside = ("netns", "exec", name, "ip")
            _ip(*inside, "link", "set", "lo", "up")
            _ip(*inside, "addr", "add", own, "peer", other, "dev", device)
            _ip(*inside, "link", "set", device, "mtu", str(_MTU), "up")
            # What one connection learnt of the line is nothing the next run should know.
            _ip("netns", "exec", name, "sysctl", "-qw", "net.ipv4.tcp_no_metrics_save=1")
            yield descriptor
        finally:
            os.close(descriptor)
    finally:
        _remove(name)


def _ip(*arguments: str) -> None:
    done = subprocess.run(
        ["ip", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise LinkProblem(f"不能建立模拟线路（ip {' '.join(arguments)}）：{done.stderr.strip()}")
