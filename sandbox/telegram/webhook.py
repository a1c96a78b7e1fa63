"""How updates are brought to a bot's webhook: in lanes, as the real service's own server does it (telegram-bot-api).

A lane is a chat and a kind of update. In one lane an update comes after the other, and one that is not taken holds up its
lane; lanes go side by side, as many at once as the bot said. What is refused comes again: after what Retry-After says,
else once at once and then later and later.
"""

import asyncio
import ssl
from collections import deque
from pathlib import Path

import httpx

from sandbox.here import Here
from sandbox.store import Json
from sandbox.telegram.state import Bot, TelegramState

RETRY_AFTER = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds between attempts; then the last one again and again
LONGEST_RETRY_AFTER = 3600.0  # seconds that a webhook may ask to wait
CONNECTIONS = 40  # from setWebhook, where the bot names no number
PATIENCE = 60  # seconds for an answer


class Delivery:
    """Brings the updates of one bot to one address, until it is stopped or the bot has another.

    With an `authority`, that address may be a site on this machine with a name and a certificate of that authority.
    """

    def __init__(self, state: TelegramState, bot: Bot, authority: Path | None = None) -> None:
        self._state, self._bot, self._authority = state, bot, authority
        self._hook: Json = bot.webhook or {}
        self._lanes: dict[str, deque[int]] = {}
        self._ready: asyncio.Queue[str] = asyncio.Queue()
        self._attempts: dict[int, int] = {}
        self._later: set[asyncio.Task[None]] = set()
        self._task = asyncio.get_running_loop().create_task(self._run())
        for number in sorted(state.updates.get(bot.id, {})):
            self.add(state.updates[bot.id][number])

    @property
    def fits(self) -> bool:
        """Whether it still brings updates to where the bot wants them."""
        return not self._task.done() and self._bot.webhook is self._hook

    def add(self, update: Json) -> None:
        """Bring one more."""
        name = _lane(update)
        lane = self._lanes.setdefault(name, deque())
        lane.append(update["update_id"])
        if len(lane) == 1:
            self._ready.put_nowait(name)

    def stop(self) -> None:
        """Bring nothing more; what is not taken by now is brought again by whoever comes next."""
        for task in (self._task, *self._later):
            task.cancel()

    async def _run(self) -> None:
        most = int(self._hook.get("connections", CONNECTIONS))
        trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # nobody: there are no certificates on loopback
        if self._authority is not None:
            trusted.load_verify_locations(self._authority)
        transport = Here(trust_env=False, verify=trusted, limits=httpx.Limits(max_connections=most))
        async with httpx.AsyncClient(timeout=PATIENCE, transport=transport) as http, asyncio.TaskGroup() as group:
            for _ in range(most):
                group.create_task(self._carry(http))

    async def _carry(self, http: httpx.AsyncClient) -> None:
        while True:
            name = await self._ready.get()
            lane = self._lanes[name]
            number = lane[0]
            update = self._state.updates[self._bot.id].get(number)
            pause = await self._bring(http, update) if update is not None else None
            if pause is not None:
                self._again(name, pause)
                continue
            self._attempts.pop(number, None)
            self._state.confirm_update(self._bot, number)
            lane.popleft()
            if lane:
                self._ready.put_nowait(name)
            else:
                del self._lanes[name]

    def _again(self, name: str, seconds: float) -> None:
        async def soon() -> None:
            await asyncio.sleep(seconds)
            self._ready.put_nowait(name)

        task = asyncio.get_running_loop().create_task(soon())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _bring(self, http: httpx.AsyncClient, update: Json) -> float | None:
        """None where it was taken, else the seconds until it is brought again."""
        secret, asked = self._hook.get("secret"), 0.0
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        try:
            answer = await http.post(self._hook["url"], json=update, headers=headers)
            if answer.is_success:
                return None
            problem = f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"
            asked = _retry_after(answer)
        except httpx.HTTPError as error:
            problem = f"Connection failed: {error}"
        if self._bot.webhook is self._hook:
            self._hook |= {"last_error_date": self._state.now(), "last_error_message": problem}
            self._state.save_bot(self._bot)
        attempt = self._attempts[update["update_id"]] = self._attempts.get(update["update_id"], -1) + 1
        return asked or RETRY_AFTER[min(attempt, len(RETRY_AFTER) - 1)]


def _retry_after(answer: httpx.Response) -> float:
    try:
        return min(max(float(answer.headers.get("retry-after", "0")), 0.0), LONGEST_RETRY_AFTER)
    except ValueError:  # a date
        return 0.0


def _lane(update: Json) -> str:
    """Of which chat and of which kind it is; a tap is its sender's."""
    kind = next(name for name in update if name != "update_id")
    body = update[kind]
    where = body["chat"] if "chat" in body else body["from"]
    return f"{kind} {where['id']}"
