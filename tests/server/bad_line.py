"""A line between a tablet and its hub, as a process of its own, that goes wrong in one way.

`bad_line.py HUB_PORT LOG WAY [NUMBER] [TIMES]`: says its port on standard output. Connections beyond TIMES go through
unharmed. LOG: one line a connection with the bytes it carried down. WAY: through; cut, reset (after NUMBER
bytes down, by an end or a reset); flip (a bit of byte NUMBER down); silent (no answer); page, redirect, gate
(what a captive portal says), busy, many (503, 429 with Retry-After NUMBER), tls (an end nobody knows).
"""

import select
import socket
import ssl
import struct
import sys
from pathlib import Path

PAGE = b"<!doctype html><title>WiFi</title><form>\xe7\x99\xbb\xe5\xbd\x95</form>"
ANSWERS = {
    "page": (b"200 OK", b"Content-Type: text/html"),
    "redirect": (b"302 Found", b"Location: http://wifi.example/login"),
    "gate": (b"511 Network Authentication Required", b"Content-Type: text/html"),
    "busy": (b"503 Service Unavailable", b"Retry-After: %d"),
    "many": (b"429 Too Many Requests", b"Retry-After: %d"),
}


def main() -> None:
    hub, log, way = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    number, times = (int(each) for each in [*sys.argv[4:], "0", "1000000"][:2])
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        for count in range(10**9):
            connection, _ = listener.accept()
            if way == "tls":
                connection = _wrapped(connection, log.with_suffix(".pem"))
                if connection is None:
                    continue
            with connection:
                carried = _serve(connection, hub, way if count < times else "through", number)
            with log.open("a", encoding="ascii") as told:
                told.write(f"{carried}\n")


def _wrapped(connection: socket.socket, certificate: Path) -> socket.socket | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    try:
        return context.wrap_socket(connection, server_side=True)
    except OSError:
        connection.close()
        return None


def _serve(tablet: socket.socket, hub: int, way: str, number: int) -> int:
    if way in ANSWERS:
        return _answer(tablet, way, number)
    with socket.create_connection(("127.0.0.1", hub)) as upstream:
        down = 0
        while True:
            for ready in select.select([tablet, upstream], [], [])[0]:
                try:
                    data = ready.recv(2_000)
                except ConnectionResetError:
                    return down
                if not data:
                    return down
                if ready is tablet:
                    if way != "silent":
                        upstream.sendall(data)
                    continue
                if way in ("cut", "reset") and down + len(data) > number:
                    tablet.sendall(data[: number - down])
                    if way == "reset":
                        tablet.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return number
                if way == "flip" and down <= number < down + len(data):
                    at = number - down
                    data = data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]
                tablet.sendall(data)
                down += len(data)


def _answer(tablet: socket.socket, way: str, number: int) -> int:
    tablet.recv(65_536)
    status, header = ANSWERS[way]
    header = header % number if b"%d" in header else header
    tablet.sendall(
        b"HTTP/1.1 %s\r\n%s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
        % (status, header, len(PAGE), PAGE)
    )
    while tablet.recv(65_536):
        pass
    return 0


main()
