"""Many segments counted at once are as large as each one counted alone."""

from campaigns import interests, saved_segments
from campaigns.installation import add_territory
from campaigns.models import Purpose
from campaigns.segments import Segment


async def test_many_segments_counted_at_once_are_as_each_alone(database, campaign, clock, join):
    async with database.write() as session:
        top = await add_territory(session, campaign.id, "Fédération")
        north = await add_territory(session, campaign.id, "Nord", top)
        trains = await interests.add_interest(session, campaign.id, "Trains")
        wood = await interests.add_interest(session, campaign.id, "Forêts")
    homes = [top.id, north.id, north.id, None, None, None]
    for number, home in enumerate(homes):
        purposes = [Purpose.counting] if number == 5 else [Purpose.contact, Purpose.counting]
        _, place = await join(number + 1, *purposes, territory_id=home, language="en" if number % 2 else "fr")
        chosen = {1: {trains.id}, 3: {trains.id, wood.id}, 5: {trains.id}}.get(number, set())
        async with database.write() as session:
            await interests.choose_interests(session, await session.merge(place), chosen)
    wanted = [
        Segment(campaign.id, territory, language, interest)
        for territory in (None, top.id, north.id)
        for language in (None, "fr", "en")
        for interest in (None, trains.id, wood.id)
    ]
    async with database.read() as session:
        alone = [await saved_segments.count(session, each) for each in wanted]
        assert await saved_segments.counts(session, campaign.id, wanted) == alone
        assert await saved_segments.counts(session, campaign.id, wanted[:1]) == alone[:1] == [5]
        assert await saved_segments.counts(session, campaign.id, []) == []
    assert alone[wanted.index(Segment(campaign.id, top.id))] == 3
    assert alone[wanted.index(Segment(campaign.id, None, "en", trains.id))] == 2
