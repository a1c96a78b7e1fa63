"""The days that results are asked for, on a campaign's own clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from campaigns.models import Campaign, Span
from campaigns.times import TimeProblem, zone
from campaigns.words import mark

_ = mark
PERIODS = {  # name in an address, its words
    "7": _("7 days"),
    "30": _("30 days"),
    "90": _("90 days"),
    "year": _("12 months"),
    "all": _("Since the beginning"),
}
USUAL = "30"
HALF_A_MONTH = 16  # days
DAILY = 92  # days of a chart by the day; a longer one is by the month


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`, both included."""

    name: str  # one of PERIODS, or empty: chosen by its days
    first: date
    last: date
    timezone: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time(), zone(self.timezone))

    @property
    def ends(self) -> datetime:
        """The first moment behind it."""
        return datetime.combine(self.last + timedelta(days=1), time(), zone(self.timezone))

    @property
    def before(self) -> "Period":
        """As many days just before."""
        return Period("", self.first - timedelta(days=self.days), self.first - timedelta(days=1), self.timezone)

    @property
    def daily(self) -> bool:
        return self.days <= DAILY

    def steps(self) -> list[date]:
        """Each day; of a long period the first of each month."""
        if self.daily:
            return [self.first + timedelta(days=n) for n in range(self.days)]
        months = [self.first.replace(day=1)]
        while (after := next_month(months[-1])) <= self.last:
            months.append(after)
        return months

    def spans(self, today: date) -> Iterator[tuple[int, Span, date, date]]:
        """It as whole months and a few days that are added (1) or taken away (-1): each with its first and last.

        So a sum over a year looks at few rows. Nothing lies behind `today`: a month that goes on is whole.
        """
        month, after = self.first.replace(day=1), next_month(self.last)
        if (self.last - month).days < HALF_A_MONTH:
            yield 1, Span.day, self.first, self.last
            return
        if self.last < today and self.last.day < HALF_A_MONTH:
            after = self.last.replace(day=1)
            yield 1, Span.day, after, self.last
        elif self.last < today and self.last + timedelta(days=1) < after:
            yield -1, Span.day, self.last + timedelta(days=1), after - timedelta(days=1)
        if self.first.day > HALF_A_MONTH:
            month = next_month(self.first)
            yield 1, Span.day, self.first, month - timedelta(days=1)
        elif self.first.day > 1:
            yield -1, Span.day, month, self.first - timedelta(days=1)
        if month < after:
            yield 1, Span.month, month, after - timedelta(days=1)


def next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def period_of(campaign: Campaign, now: datetime, name: str = "", first: str = "", last: str = "") -> Period:
    """What was asked for: a name of PERIODS, or two days such as "2026-11-01"; the usual one for what cannot be read.

    Raises TimeProblem where the days are given and are none, or in the wrong order.
    """
    today = now.astimezone(zone(campaign.timezone)).date()
    if first or last:
        begin, end = _day(first or last), _day(last) if last else today
        if begin > end:
            raise TimeProblem("the first day lies behind the last: change one of them")
        return Period("", begin, end, campaign.timezone)
    name = name if name in PERIODS else USUAL
    if name == "all":
        return Period(name, campaign.created_at.astimezone(zone(campaign.timezone)).date(), today, campaign.timezone)
    if name == "year":  # whole months, which are few rows
        return Period(name, today.replace(year=today.year - 1, day=1), today, campaign.timezone)
    return Period(name, today - timedelta(days=int(name) - 1), today, campaign.timezone)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise TimeProblem(f"“{text[:30]}” is no day; write one such as 2026-11-01") from None
