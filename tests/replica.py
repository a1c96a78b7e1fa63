"""The web pages alone, in a process of their own beside the program: one more process behind a proxy."""

import asyncio
import contextlib
import signal

import uvicorn

from campaigns.settings import secret_key
from campaigns.times import system_clock
from commands.common import opened, out, prepared_settings, sentences
from commands.serving import Server, bind
from web.app import create_app


async def main() -> None:
    settings = prepared_settings()
    taken = bind(settings)
    async with opened(settings) as database:
        page = create_app(
            database=database, settings=settings, clock=system_clock, secret_key=secret_key(settings), bot_username=None
        )
        server = Server(uvicorn.Config(page, log_config=None, access_log=False, proxy_headers=False))

        def stop() -> None:
            page.state.site.boards.close()
            server.should_exit = True

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
        out.print("Porte-voix runs at ", settings.site_url)
        await server.serve(sockets=[taken])


if __name__ == "__main__":
    with sentences(), contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
