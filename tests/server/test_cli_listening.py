"""An answer leaves the server whole: its second half does not wait for the first to be acknowledged."""

import asyncio
import socket

from server.cli import _listening


def test_what_is_accepted_sends_at_once() -> None:
    async def accepted() -> int:
        took: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def note(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken = writer.get_extra_info("socket")
            took.set_result(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with _listening("127.0.0.1", 0) as listener:
            async with await asyncio.start_server(note, sock=listener):
                _, writer = await asyncio.open_connection(*listener.getsockname())
                found = await took
                writer.close()
        return found

    assert asyncio.run(accepted())
