"""aiogram's own echo bot, without a database, until it is killed; runs in the environment that `make bench` sets apart."""

import asyncio
import sys

from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message

AT_ONCE = 256


async def main(host: str) -> None:
    bot = Bot("42:TEST", session=AiohttpSession(api=TelegramAPIServer.from_base(host), limit=AT_ONCE))
    dispatcher = Dispatcher()

    @dispatcher.message(F.text)
    async def echo(message: Message) -> None:
        await bot.send_message(message.chat.id, message.text or "")

    print("runs", flush=True)
    sys.stdin.readline()
    await dispatcher.start_polling(bot, handle_as_tasks=True, tasks_concurrency_limit=32, handle_signals=False)


asyncio.run(main(sys.argv[1]))
