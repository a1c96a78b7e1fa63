"""Figures over the API: the same as the organizers', and never of few people."""

from typing import Any

import httpx
import pytest

from campaigns import engagement, installation, rollups, supporters
from campaigns.engagement import Act
from campaigns.models import Kind, Publication, PublicationState, Purpose, Territory
from tests.web.api_world import API, bearer, token


@pytest.fixture
async def client(world: Any, visit: Any) -> Any:
    async with visit(**bearer(await token(world))) as opened:
        yield opened


async def _people(world: Any, name: str, many: int) -> Territory:
    async with world.database.write() as session:
        place = await installation.add_territory(session, world.orne.id, name)
        for i in range(many):
            consents = frozenset({Purpose.contact, Purpose.counting})
            number = 1000 * place.id + i
            joining = supporters.Joining(world.orne.id, number, "Zoé", "fr", consents, world.clock(), place.id)
            person, _ = await supporters.join(session, joining)
            acts = [Act(world.orne.id, Kind.visit, world.clock(), person.id, world.post.id)]
            await engagement.record(session, acts)
    return place


async def test_figures_of_the_campaign_and_of_a_post_are_sums(world: Any, client: httpx.AsyncClient) -> None:
    await _people(world, "Argentan", 6)
    whole = (await client.get(f"{API}/results")).json()
    assert (whole["campaign"], whole["people"], whole["counts"]["visit"]) == ("orne", 7, 6)
    assert set(whole["counts"]) == {kind.value for kind in Kind}
    post = (await client.get(f"{API}/results/posts/{world.post.id}")).json()
    assert (post["counts"]["visit"], post["counts"]["opened"], post["publications"]["queued"]) == (6, 0, 2)


async def test_a_territory_under_five_people_is_never_shown_nor_found_by_taking_others_away(
    world: Any, client: httpx.AsyncClient
) -> None:
    small, middle, large = [
        await _people(world, name, many) for name, many in (("Alençon", 4), ("Argentan", 6), ("Flers", 7))
    ]
    async with world.database.write() as session:
        await rollups.catch_up(session)
        await rollups.count_people(session)
    shown = {
        each["territory"]["name"]: each for each in (await client.get(f"{API}/results/territories")).json()["items"]
    }
    assert (shown["Flers"]["people"], shown["Flers"]["counted"], shown["Flers"]["counts"]["visit"]) == (7, 7, 7)
    for name in ("Alençon", "Argentan"):  # told together by the console: each alone would tell of the other
        assert (shown[name]["people"], shown[name]["counted"], shown[name]["counts"]) == (None, None, None)
    for place, name in ((small, "Alençon"), (middle, "Argentan"), (large, "Flers")):
        assert (await client.get(f"{API}/results/territories/{place.id}")).json() == shown[name]
    assert (await client.get(f"{API}/results/territories/77")).status_code == 404
    names = [each["name"] for each in (await client.get(f"{API}/territories")).json()["items"]]
    assert names == ["Alençon", "Argentan", "Flers"]


async def test_a_channels_figures_are_what_became_of_its_posts_and_what_they_cost(
    world: Any, client: httpx.AsyncClient
) -> None:
    async with world.database.write() as session:
        publication = await session.get_one(Publication, 2)
        publication.state, publication.sent_at = PublicationState.published, world.clock()
    results = (await client.get(f"{API}/results/channels/2")).json()
    assert (results["publications"]["published"], results["publications"]["queued"]) == (1, 0)
    assert results["spent_this_month"] == publication.cost == 200
