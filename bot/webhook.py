"""The other way to hear Telegram: it brings each update to an address of ours, where any replica takes it.

This sets the address and looks from time to time whether Telegram still has it; what comes goes through bot.intake.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from telegram import Bot, WebhookInfo
from telegram.error import BadRequest, InvalidToken, NetworkError, TelegramError

from bot.polling import ALLOWED
from bot.visit import patiently

log = logging.getLogger(__name__)
LOOK = 30.0  # seconds between two looks at what Telegram says of the webhook
MOST_CONNECTIONS = 40  # that Telegram opens at once, to all replicas together; each brings one update


class WebhookRefused(NetworkError):
    """Telegram does not come to this address. The name may not be known yet, so it is worth another try."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Telegram refuses PORTEVOIX_PUBLIC_URL as the bot's webhook ({reason}): it must be an https:// address that"
            " everybody's Telegram finds, with a certificate that browsers trust; until then nobody is answered. Mend it, or"
            " set PORTEVOIX_BOT_UPDATES=polling"
        )


class Webhook:
    """Telegram's side of it. `address` and `word`, the header's secret, are told to nobody else."""

    def __init__(self, bot: Bot, address: str, word: str, heard: Callable[[], Awaitable[None]]) -> None:
        self._bot = bot
        self._address = address
        self._word = word
        self._heard = heard  # told of each look that finds all well
        self._stopping = asyncio.Event()
        self._told: datetime | None = None  # of which failure to bring an update the log knows

    async def begin(self) -> None:
        """Have updates brought from now on; what waits comes first. Raises NetworkError, or WebhookRefused, which is one.

        Where another replica said the same before, Telegram is not asked again: it refuses many who do so at once.
        """
        info = await patiently(self._bot.get_webhook_info)
        self._told = info.last_error_date
        if self._is_as_said(info):
            return
        try:
            await patiently(
                lambda: self._bot.set_webhook(
                    self._address,
                    secret_token=self._word,
                    allowed_updates=ALLOWED,
                    max_connections=MOST_CONNECTIONS,
                    drop_pending_updates=False,
                )
            )
        except BadRequest as error:
            raise WebhookRefused(error.message.replace(self._address, "the address")) from error

    def _is_as_said(self, info: WebhookInfo) -> bool:
        """The address holds a secret of the key that the header's comes from: who knows one knows the other."""
        kinds, most = set(info.allowed_updates or ()), info.max_connections
        return (info.url, kinds, most) == (self._address, set(ALLOWED), MOST_CONNECTIONS)

    async def run(self) -> None:
        """Look again and again until `stop`. Raises InvalidToken."""
        while not self._stopping.is_set():
            try:
                info = await self._bot.get_webhook_info()
            except InvalidToken:
                raise
            except TelegramError as error:
                log.warning("Telegram could not be asked about the webhook (%s); it may still bring updates", error)
            else:
                await self._see(info)
            try:
                await asyncio.wait_for(self._stopping.wait(), LOOK)
            except TimeoutError:
                continue

    async def _see(self, info: WebhookInfo) -> None:
        if info.url != self._address:
            where = "another address" if info.url else "whoever polls"
            log.error(
                "the bot hears nothing: Telegram gives its updates to %s; stop the other program, or give all replicas the"
                " same PORTEVOIX_SECRET_KEY and PORTEVOIX_PUBLIC_URL, then restart this one",
                where,
            )
            return
        if info.last_error_date is not None and info.last_error_date != self._told:
            self._told = info.last_error_date
            log.warning(
                "Telegram could not bring an update (%s); %d wait, and come again",
                info.last_error_message,
                info.pending_update_count,
            )
        await self._heard()

    def stop(self) -> None:
        """Look no more. Telegram keeps the address: other replicas answer there, or this program when it is back."""
        self._stopping.set()
