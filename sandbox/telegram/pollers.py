"""Who polls for which bot."""

from sandbox.telegram.state import Bot


class Pollers:
    """Who polls for which bot: a new poller ends the older one, as in the real service."""

    def __init__(self) -> None:
        self._turns: dict[int, int] = {}

    def take_over(self, bot: Bot) -> int:
        """A turn, which lasts until somebody else takes one."""
        self._turns[bot.id] = self._turns.get(bot.id, 0) + 1
        return self._turns[bot.id]

    def still(self, bot: Bot, turn: int) -> bool:
        """Whether nobody took over since."""
        return self._turns[bot.id] == turn
