"""Run the sandbox alone: `python -m sandbox --port 0 --store FILE --bot-token TOKEN=username`.

Prints its address on one line when it is ready, its mail server's on the next, and stops on SIGTERM or Ctrl-C.
"""

import argparse
import asyncio
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from sandbox.app import Sandbox, create_sandbox
from sandbox.defaults import DEMO_BOTS

IDLE = 75  # seconds that a connection is kept; longer than clients keep it, so that no request meets its end


class Server(uvicorn.Server):
    """A server that lets go of long polls before it waits for its connections to end."""

    sandbox: Sandbox

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self.sandbox.close()
        await super().shutdown(sockets)


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__.partition("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--smtp-port", type=int, default=0, help="of the mail server; 0 takes a free one")
    parser.add_argument("--store", type=Path, help="an SQLite file; without it everything is in memory")
    parser.add_argument(
        "--bot-token",
        action="append",
        default=[],
        metavar="TOKEN[=USERNAME]",
        help="a bot, may be given several times; without it, the one of the demo",
    )
    parser.add_argument(
        "--authority", type=Path, help="PEM file; webhooks may be sites of this machine that it vouches for"
    )
    return parser.parse_args(given)


def bots_of(given: list[str]) -> dict[str, str]:
    """Tokens and usernames."""
    pairs = (each.partition("=") for each in given)
    return {token: name or f"sandbox_{token.partition(':')[0]}_bot" for token, _, name in pairs} or DEMO_BOTS


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that names its protocol: asyncio sends small answers at once only on such a one.

    With `socket.create_server` every answer on a kept connection waits 40 ms for the caller's acknowledgement.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(2048)
    return listener


async def serve(options: argparse.Namespace) -> None:
    """Listen, say so, serve until stopped."""
    sandbox = create_sandbox(
        clock=lambda: datetime.now(UTC),
        store=options.store,
        bots=bots_of(options.bot_token),
        authority=options.authority,
    )
    listener = listen(options.host, options.port)
    config = uvicorn.Config(
        sandbox,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
        timeout_keep_alive=IDLE,
    )
    server = Server(config)
    server.sandbox = sandbox
    smtp = await sandbox.mail.start(options.host, options.smtp_port)
    sys.stdout.write(f"http://{options.host}:{listener.getsockname()[1]}\nsmtp://{options.host}:{smtp}\n")
    sys.stdout.flush()
    await server.serve(sockets=[listener])


def main() -> int:
    """The command."""
    try:
        asyncio.run(serve(arguments()))
    except OSError as error:
        sys.stderr.write(f"The sandbox cannot start: {error}\n")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
