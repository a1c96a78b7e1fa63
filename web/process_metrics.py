"""What this process did since it started, as /metrics shows it."""

from collections.abc import Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from campaigns.counts import Counts
from campaigns.database import Database
from campaigns.shared_clock import skew_of
from campaigns.spread import Spread
from campaigns.times import Clock


def families(counts: Counts, database: Database, clock: Clock) -> list[Metric]:
    requests = {(route, f"{hundred}xx"): count for (route, hundred), count in counts.requests.items()}
    return [
        _counter("updates", "Updates of Telegram, by kind and how they ended.", ("kind", "outcome"), counts.updates),
        _spread("update_seconds", "From an update in hand to the end of its answer.", counts.update_times),
        _gauge("updates_in_hand", "Updates that are being handled now.", counts.updates_in_hand),
        _counter(
            "badges", "Badges, by where they were asked for and how it ended.", ("where", "outcome"), counts.badges
        ),
        _spread("badge_seconds", "From the wish for a badge to its pictures, with the wait.", counts.badge_times),
        _counter("share_redirects", "Share links that were followed, by whom.", ("by",), _alone(counts.redirects)),
        _counter("messages", "Share kits and broadcasts, by outcome.", ("outcome",), _alone(counts.messages)),
        _counter("requests", "Requests, by route and class of status.", ("route", "status"), requests),
        _spread("request_seconds", "From a request to the first byte of its answer.", counts.request_times),
        _spread("write_wait_seconds", "How long a write waited for its turn.", database.waits),
        _gauge(
            "clock_skew_seconds",
            "How far this machine's clock is ahead of the store's.",
            skew_of(clock).total_seconds(),
        ),
        _gauge("writes_waiting", "Writes that wait for their turn now.", database.waiting),
    ]


def _alone(counted: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    return {(label,): count for label, count in counted.items()}


def _counter(
    name: str,
    said: str,
    labels: tuple[str, ...],
    counted: Mapping[tuple[str, ...], int] | Mapping[tuple[str, str], int],
) -> Metric:
    family = CounterMetricFamily(f"portevoix_{name}", said, labels=labels)
    for values, count in counted.items():
        family.add_metric(values, count)
    return family


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(f"portevoix_{name}", said, value=value)


def _spread(name: str, said: str, spread: Spread) -> Metric:
    return HistogramMetricFamily(f"portevoix_{name}", said, buckets=spread.buckets(), sum_value=spread.total)
