"""The floor under a figure: plain HTTP that moves so many bytes one way and so many the other, and thinks nothing.

One request on one connection; what was cut by a reset is asked for from where it stopped. Nothing in it can be
packed, so that the line carries exactly what was asked for.
"""

from __future__ import annotations

import random
import socket
import socketserver
import sys
import time
from typing import Final

_BODY: Final = random.Random(0).randbytes(4_000_000)
_PIECE: Final = 65_536
_ATTEMPTS_MAX: Final = 1_000
_WAITS_FOR_S: Final = 120


def fetch_s(host: str, port: int, up_n: int, down_n: int) -> float:
    """Seconds until ``up_n`` bytes have gone there and ``down_n`` have come back, headers included."""
    began, received = time.monotonic(), 0
    for _ in range(_ATTEMPTS_MAX):
        try:
            with socket.create_connection((host, port), timeout=_WAITS_FOR_S) as line:
                line.sendall(_request(up_n, down_n - received))
                while received < down_n:
                    piece = line.recv(_PIECE)
                    if not piece:
                        raise ConnectionResetError
                    received += len(piece)
            return time.monotonic() - began
        except OSError:
            continue
    raise AssertionError("a line that carries something at last")


def _request(up_n: int, wanted_n: int) -> bytes:
    head = f"POST /{wanted_n} HTTP/1.1\r\nHost: floor\r\nContent-Length: {{:06d}}\r\n\r\n"
    body_n = max(0, up_n - len(head.format(0)))
    return head.format(body_n).encode() + _BODY[:body_n]


class _Answering(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        wanted_n = int(self.rfile.readline().split()[1][1:])
        body_n = 0
        while (line := self.rfile.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                body_n = int(value)
        self.rfile.read(body_n)
        self.wfile.write(_answer(wanted_n))


def _answer(wanted_n: int) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n"
    return (head + _BODY)[:wanted_n]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that was reset is what some measurements are about."""


def main() -> None:
    with _Server((sys.argv[1], int(sys.argv[2])), _Answering) as server:
        sys.stdout.write("{}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
