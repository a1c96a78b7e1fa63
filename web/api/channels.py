"""Channels and territories, as posts name them. A channel's credential is no part of what is read here."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from campaigns import installation
from campaigns.access_tokens import Caller, Scope
from campaigns.models import Channel
from web.api.callers import needs
from web.api.paging import Number
from web.api.problems import READS, nothing_here
from web.api.shapes import Page, TerritoryNamed
from web.site import site_of

router = APIRouter(tags=["channels"])
READ = needs(Scope.channels_read)


class ChannelShown(BaseModel):
    """One account of the campaign; its credential is never shown."""

    id: int
    name: str
    network: str
    territory: int | None
    state: Literal["ready", "rests"]
    reason: str | None = Field(description="Why it rests, and what to do.")
    slots: str
    daily_quota: int = Field(description="Posts a day; 0: none.")
    monthly_cap: int = Field(description="Thousandths of a dollar a month; 0: none.")
    price_post: int = Field(description="Thousandths of a dollar.")
    price_link: int = Field(description="Thousandths of a dollar, of a post with a link.")

    @classmethod
    def of(cls, channel: Channel) -> "ChannelShown":
        return cls(
            **channel.model_dump(
                include={"id", "name", "network", "slots", "daily_quota", "monthly_cap", "price_post", "price_link"}
            ),
            territory=channel.territory_id,
            state="rests" if channel.resting_reason else "ready",
            reason=channel.resting_reason,
        )


@router.get("/channels", responses=READS)
async def list_channels(request: Request, caller: Caller = READ) -> Page[ChannelShown]:
    """All channels of the campaign, on one page."""
    async with site_of(request).database.read() as session:
        known = await installation.channels(session, caller.campaign.id)
    return Page(items=[ChannelShown.of(channel) for channel in known], next=None)


@router.get("/channels/{channel}", responses=READS)
async def read_channel(request: Request, channel: Number, caller: Caller = READ) -> ChannelShown:
    """One channel."""
    async with site_of(request).database.read() as session:
        for known in await installation.channels(session, caller.campaign.id):
            if known.id == channel:
                return ChannelShown.of(known)
    raise nothing_here(f"{caller.campaign.name} has no channel {channel}; GET /api/v1/channels lists them.")


@router.get("/territories", responses=READS)
async def list_territories(request: Request, caller: Caller = READ) -> Page[TerritoryNamed]:
    """All territories of the campaign, on one page."""
    async with site_of(request).database.read() as session:
        known = await installation.territories(session, caller.campaign.id)
    return Page(items=[TerritoryNamed(id=each.id, name=each.name, parent=each.parent_id) for each in known], next=None)
