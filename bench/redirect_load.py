"""People who follow share links, cheap enough not to be what is measured: `python bench/redirect_load.py PORT SECONDS CONNECTIONS`.

Reads the tokens from the standard input, one a line, and follows them in turn, each time as another visitor. Prints what
came of it as JSON: how many were led on, how many got anything else, and the seconds that each of them waited.
Standard library only.
"""

import asyncio
import json
import sys
import time


class Follower(asyncio.Protocol):
    """One connection with keep-alive: a request, its answer, the next one."""

    def __init__(self, crowd: "Crowd") -> None:
        self.crowd = crowd
        self.buffer = b""
        self.asked = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        if time.perf_counter() >= self.crowd.until:
            self.transport.close()
            return
        self.asked = time.perf_counter()
        self.transport.write(self.crowd.request())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if b"\r\n\r\n" in self.buffer:  # a redirect has no body
            led_on = self.buffer.startswith(b"HTTP/1.1 302")
            self.buffer = b""
            self.crowd.came(time.perf_counter() - self.asked, led_on)
            self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        self.crowd.left()


class Crowd:
    """All of them."""

    def __init__(self, tokens: list[str], seconds: float, connections: int) -> None:
        self.tokens = [token.encode() for token in tokens]
        self.until = time.perf_counter() + seconds
        self.open = connections
        self.asked = self.led_on = self.other = 0
        self.waits: list[float] = []
        self.gone = asyncio.Event()

    def request(self) -> bytes:
        self.asked += 1
        return (
            b"GET /s/%b HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/%d\r\n"
            b"Accept: text/html\r\nAccept-Language: fr\r\n\r\n"
            % (self.tokens[self.asked % len(self.tokens)], self.asked)
        )

    def came(self, wait: float, led_on: bool) -> None:
        self.waits.append(wait)
        self.led_on += led_on
        self.other += not led_on

    def left(self) -> None:
        self.open -= 1
        if not self.open:
            self.gone.set()


async def main() -> None:
    port, seconds, connections = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    crowd = Crowd(sys.stdin.read().split(), seconds, connections)
    start = time.perf_counter()
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Follower(crowd), "127.0.0.1", port)
    await crowd.gone.wait()
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - start,
                "led_on": crowd.led_on,
                "other": crowd.other,
                "waits": crowd.waits,
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main())
