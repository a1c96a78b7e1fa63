"""/metrics, in the form that Prometheus reads: counts by campaign, channel and state. Nothing of a person."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from ipaddress import ip_address

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from campaigns import file_requests, health, installation
from web import process_metrics
from web.sends import SendCounts
from web.site import Site, site_of

router = APIRouter()
CHANNEL = ("campaign", "channel", "network")
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")  # what a proxy adds for a client behind it


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    site = site_of(request)
    if not _may_read(request, site):
        said = "Ask from the machine itself, past the proxy, or send PORTEVOIX_METRICS_TOKEN as a bearer token.\n"
        return PlainTextResponse(said, 403)
    async with site.database.read() as session:
        families = await _families(session, site.sends, site.clock())
    families += process_metrics.families(site.counts, site.database, site.clock)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Page(families))
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _may_read(request: Request, site: Site) -> bool:
    """A proxy on this machine is a loopback client too: what it forwards is not."""
    token = site.settings.metrics_token.get_secret_value()
    if token:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if secrets.compare_digest(given.encode(), token.encode()):
            return True
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:  # a socket file's client has no address
        return False


class _Page(Collector):
    """Families that are known already: the store is read before, without blocking the loop."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


async def _families(session: AsyncSession, sends: SendCounts, now: datetime) -> list[Metric]:
    slugs = {campaign.id: campaign.slug for campaign in await installation.campaigns(session)}
    channels = await installation.channels(session)
    labels = {channel.id: (slugs[channel.campaign_id], channel.name, channel.network) for channel in channels}
    late = {(row.campaign, row.channel, row.network): row.since for row in await health.lateness(session, now)}
    beats = (await health.look(session, now)).beats

    publications = GaugeMetricFamily("portevoix_publications", "Publications.", labels=(*CHANNEL, "state"))
    for row in await health.publications_by_channel(session):
        publications.add_metric((row.campaign, row.channel, row.network, row.state), row.count)
    lateness = GaugeMetricFamily(
        "portevoix_lateness_seconds", "Lateness of the oldest publication that could go out now.", labels=CHANNEL
    )
    resting = GaugeMetricFamily("portevoix_channel_resting", "1: the network refuses its credential.", labels=CHANNEL)
    due = GaugeMetricFamily("portevoix_publications_due", "Publications whose moment has come.", labels=CHANNEL)
    waiting = await health.due_by_channel(session, now)
    for channel in channels:
        names = labels[channel.id]
        due.add_metric(names, waiting.get(channel.id, 0))
        lateness.add_metric(names, (now - late.get(names, now)).total_seconds())
        resting.add_metric(names, channel.resting_reason is not None)
    age = GaugeMetricFamily("portevoix_heartbeat_age_seconds", "Since a part was last at work.", labels=("part",))
    for name, at in beats.items():
        age.add_metric((name,), (now - at).total_seconds())
    handouts = GaugeMetricFamily("portevoix_handouts", "Share kits and broadcasts for supporters.", labels=("state",))
    for state, count in (await health.handouts_by_state(session)).items():
        handouts.add_metric((state,), count)
    supporters = GaugeMetricFamily(
        "portevoix_supporters", "People who said yes.", value=await health.supporters_total(session)
    )
    files = GaugeMetricFamily(
        "portevoix_files_waiting",
        "Files that organizers asked for and nobody has begun.",
        value=await file_requests.waiting(session),
    )
    return [publications, due, lateness, resting, age, handouts, supporters, files, *_sends(sends, labels)]


def _sends(sends: SendCounts, labels: dict[int, tuple[str, str, str]]) -> list[Metric]:
    sent = CounterMetricFamily("portevoix_sends", "Posts that this process brought out.", labels=CHANNEL)
    errors = CounterMetricFamily(
        "portevoix_send_errors", "Attempts of this process that failed, by class.", labels=(*CHANNEL, "error")
    )
    for channel_id, names in labels.items():
        sent.add_metric(names, sends.sent[channel_id])
    for (channel_id, error), count in sends.errors.items():
        if channel_id in labels:
            errors.add_metric((*labels[channel_id], error), count)
    return [sent, errors]
