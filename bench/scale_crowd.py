"""Visitors behind TLS, cheap enough not to be what is measured: `python bench/scale_crowd.py PORT SECONDS CONNECTIONS AUTHORITY NAME`.

Reads paths from the standard input, one a line, and asks for them in turn, each time as another visitor. Prints as JSON how
many answers there were of each status, and how many requests got none; SIGTERM ends it sooner. Standard library only.
"""

import asyncio
import itertools
import json
import signal
import ssl
import sys
import time
from collections import Counter

ASKED = (
    b"GET %b HTTP/1.1\r\nHost: %b\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/%d\r\n"
    b"Accept: text/html\r\nAccept-Language: fr\r\n\r\n"
)


class Crowd:
    """All of them: `answers` counts what came."""

    def __init__(self, paths: list[str], port: int, seconds: float, context: ssl.SSLContext, name: str) -> None:
        self._paths = [path.encode() for path in paths]
        self._numbers = itertools.count(time.time_ns() // 1000)  # nobody of an earlier crowd comes again
        self._port, self._context, self._name = port, context, name
        self._until = time.perf_counter() + seconds
        self.answers: Counter[str] = Counter()

    def end(self) -> None:
        """Every request that was asked is still answered."""
        self._until = 0.0

    async def visit(self) -> None:
        """One connection with keep-alive, a new one where it was closed, until the time is over."""
        while time.perf_counter() < self._until:
            try:
                await self._on_one_connection()
            except (OSError, EOFError, ValueError):
                self.answers["none"] += 1

    async def _on_one_connection(self) -> None:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=self._context, server_hostname=self._name, limit=2**20
        )
        try:
            while time.perf_counter() < self._until:
                number = next(self._numbers)
                path = self._paths[number % len(self._paths)]
                writer.write(ASKED % (path, self._name.encode(), number))
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await _body(reader, head)
                self.answers[head.split(b" ", 2)[1].decode()] += 1
                if b"connection: close" in head:
                    return
        finally:
            writer.close()


async def _body(reader: asyncio.StreamReader, head: bytes) -> None:
    if b"transfer-encoding: chunked" not in head:
        await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
        return
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()


async def main() -> None:
    port, seconds, connections = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    context = ssl.create_default_context(cafile=sys.argv[4])
    crowd = Crowd(sys.stdin.read().split(), port, seconds, context, sys.argv[5])
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, crowd.end)
    await asyncio.gather(*(crowd.visit() for _ in range(connections)))
    print(json.dumps(crowd.answers))


if __name__ == "__main__":
    asyncio.run(main())
