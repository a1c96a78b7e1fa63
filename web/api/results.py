"""Figures of a campaign, a post, a channel, a territory. Sums only, and none that would tell of fewer than five people."""

from collections import Counter
from collections.abc import Sequence

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from campaigns import engagement, installation, pages, posts
from campaigns.access_tokens import Caller, Scope
from campaigns.forecast import spent_by
from campaigns.models import Kind, PublicationState, Territory
from campaigns.periods import period_of
from campaigns.territory_results import Part, territories_of, told_alone
from web.api.callers import needs
from web.api.paging import Number
from web.api.problems import READS, nothing_here
from web.api.shapes import Page, TerritoryNamed
from web.site import site_of

router = APIRouter(prefix="/results", tags=["results"])
READ = needs(Scope.results_read)


class CampaignResults(BaseModel):
    """What a campaign's people did; people who left are counted."""

    campaign: str
    people: int = Field(description="Who joined.")
    counts: dict[Kind, int]


class PostResults(BaseModel):
    """What was done with a post."""

    post: int
    counts: dict[Kind, int]
    publications: dict[PublicationState, int]


class ChannelResults(BaseModel):
    """What became of the posts of a channel."""

    channel: int
    publications: dict[PublicationState, int]
    spent_this_month: int = Field(description="Thousandths of a dollar, with what waits until now.")


class TerritoryResults(BaseModel):
    """What the people of a territory, and of those below it, did. Null where it would tell of fewer than five people."""

    territory: TerritoryNamed
    people: int | None
    counted: int | None = Field(description="People who agreed to be counted.")
    counts: dict[Kind, int] | None = Field(description="Of these.")


@router.get("", responses=READS)
async def results_of_campaign(request: Request, caller: Caller = READ) -> CampaignResults:
    """What the campaign's people did. Opened, said and proved are three figures that are never mixed."""
    async with site_of(request).database.read() as session:
        people = await engagement.count_of_supporters(session, caller.campaign.id)
        counts = await engagement.counts_of_campaign(session, caller.campaign.id)
    return CampaignResults(campaign=caller.campaign.slug, people=people, counts=counts)


@router.get("/posts/{post}", responses=READS)
async def results_of_post(request: Request, post: Number, caller: Caller = READ) -> PostResults:
    """What was done with one post."""
    async with site_of(request).database.read() as session:
        if await posts.find_post(session, caller.campaign.id, post) is None:
            raise nothing_here(f"{caller.campaign.name} has no post {post}; GET /api/v1/posts lists them.")
        counts = (await engagement.counts_of_posts(session, [post]))[post]
        out = (await posts.publications_of(session, [post]))[post]
    states = Counter(publication.state for publication, _ in out)
    return PostResults(post=post, counts=counts, publications={state: states[state] for state in PublicationState})


@router.get("/channels/{channel}", responses=READS)
async def results_of_channel(request: Request, channel: Number, caller: Caller = READ) -> ChannelResults:
    """What became of the posts of one channel, and what it spent."""
    now = site_of(request).clock()
    async with site_of(request).database.read() as session:
        for known in await installation.channels(session, caller.campaign.id):
            if known.id == channel:
                states = await pages.states_on(session, channel)
                spent = await spent_by(session, caller.campaign, known, now, now)
                return ChannelResults(channel=channel, publications=states, spent_this_month=spent)
    raise nothing_here(f"{caller.campaign.name} has no channel {channel}; GET /api/v1/channels lists them.")


@router.get("/territories", responses=READS)
async def results_of_territories(request: Request, caller: Caller = READ) -> Page[TerritoryResults]:
    """What the people of each territory, and of those below it, did; all on one page."""
    known, told = await _territories(request, caller)
    return Page(items=[_shown(territory, told.get(territory.id)) for territory in known], next=None)


@router.get("/territories/{territory}", responses=READS)
async def results_of_territory(request: Request, territory: Number, caller: Caller = READ) -> TerritoryResults:
    """What the people of one territory, and of those below it, did."""
    known, told = await _territories(request, caller)
    for each in known:
        if each.id == territory:
            return _shown(each, told.get(territory))
    raise nothing_here(f"{caller.campaign.name} has no territory {territory}; GET /api/v1/territories lists them.")


async def _territories(request: Request, caller: Caller) -> tuple[Sequence[Territory], dict[int, Part]]:
    """The campaign's territories, and those that the console tells of alone since the campaign's beginning.

    By one rule: else what one of the two hides could be found by taking figures of the other away.
    """
    now = site_of(request).clock()
    period = period_of(caller.campaign, now, "all")
    async with site_of(request).database.read() as session:
        known = await installation.territories(session, caller.campaign.id)
        tops = await territories_of(session, caller.campaign.id, period, period.last)
    return known, {part.territory.id: part for part in told_alone(tops)}


def _shown(territory: Territory, part: Part | None) -> TerritoryResults:
    return TerritoryResults(
        territory=TerritoryNamed(id=territory.id, name=territory.name, parent=territory.parent_id),
        people=part.people if part else None,
        counted=part.counted if part else None,
        counts=part.sums if part else None,
    )
