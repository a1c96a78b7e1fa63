"""People who said yes: each purpose by itself, kept with its wording, taken back at once, and erased without a trace."""

from datetime import timedelta

import pytest
from sqlmodel import col, func, select

from campaigns import share_kits, supporters
from campaigns.consents import WORDINGS, has_consent
from campaigns.engagement import Act, counts_of, counts_of_campaign, counts_of_posts, once, record
from campaigns.installation import add_territory
from campaigns.models import (
    Consent,
    Dialogue,
    Engagement,
    Handout,
    HandoutState,
    Kind,
    Participation,
    Purpose,
    ShareLink,
    Supporter,
    Tally,
)
from campaigns.share_links import find_links, record_opened
from tests.stores import everything

SITE = "https://ose.example.org"


@pytest.fixture
def consents(database):
    async def of(person, campaign):
        async with database.read() as session:
            query = select(Consent).where(
                col(Consent.supporter_id) == person.id, col(Consent.campaign_id) == campaign.id
            )
            return list(await session.scalars(query.order_by(col(Consent.id))))

    return of


@pytest.fixture
def change(database, clock, campaign):
    """The person now says yes to these purposes and to no others."""

    async def to(person, *purposes, where=campaign):
        async with database.write() as session:
            await supporters.set_consents(session, person, where.id, purposes, clock())

    return to


async def _recruited(database, person, where) -> int:
    async with database.read() as session:
        return (await counts_of(session, person.id, where.id))[Kind.recruited]


# Consents


@pytest.mark.parametrize(
    "purposes",
    [(Purpose.contact,), (Purpose.counting,), (Purpose.contact, Purpose.ranking), tuple(Purpose)],
)
async def test_each_purpose_is_consented_to_by_itself(database, join, consents, campaign, clock, purposes):
    person, _ = await join(42, *purposes, language="en")
    found = await consents(person, campaign)
    assert {c.purpose for c in found} == set(purposes)
    for consent in found:
        assert (consent.wording, consent.language, consent.surface) == (WORDINGS[consent.purpose], "en", "telegram")
        assert (consent.given_at, consent.withdrawn_at) == (clock(), None)
    async with database.read() as session:
        for purpose in Purpose:
            assert await has_consent(session, person.id, campaign.id, purpose) is (purpose in purposes)


async def test_a_yes_to_nothing_is_stored_as_none(database, join, campaign):
    person, _ = await join(42, purposes=frozenset())
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Consent)) == 0
        assert not await has_consent(session, person.id, campaign.id, Purpose.contact)


async def test_a_consent_that_is_taken_back_is_kept_with_the_moment_and_not_overwritten(
    join, consents, change, campaign, clock
):
    person, _ = await join(42, Purpose.contact, Purpose.counting)
    given = clock()
    clock.advance(timedelta(days=1))
    await change(person, Purpose.contact)
    clock.advance(timedelta(days=1))
    await change(person, Purpose.contact, Purpose.counting)
    found = [(c.purpose, c.given_at, c.withdrawn_at) for c in await consents(person, campaign)]
    assert sorted(found, key=str) == sorted(
        [
            (Purpose.contact, given, None),  # was not asked again
            (Purpose.counting, given, given + timedelta(days=1)),
            (Purpose.counting, given + timedelta(days=2), None),
        ],
        key=str,
    )


async def test_saying_the_same_again_writes_nothing(join, consents, change, campaign):
    person, _ = await join(42)
    await change(person, *Purpose)
    assert len(await consents(person, campaign)) == len(Purpose)


async def test_what_was_not_asked_about_stays_as_it_was(database, join, change, campaign, clock):
    person, _ = await join(42, Purpose.contact, Purpose.remembering)
    async with database.write() as session:
        purposes, asked = {Purpose.counting, Purpose.wall}, {Purpose.counting, Purpose.contact}
        await supporters.set_consents(session, person, campaign.id, purposes, clock(), among=asked)
    async with database.read() as session:
        now = {p for p in Purpose if await has_consent(session, person.id, campaign.id, p)}
    assert now == {Purpose.counting, Purpose.remembering}  # and a yes that nobody asked for is none


@pytest.mark.parametrize(
    ("kept", "name"), [({Purpose.remembering}, "Maëlle"), ({Purpose.contact, Purpose.counting}, None), (set(), None)]
)
async def test_the_remembered_badge_goes_with_the_consent_to_remember_it(database, join, change, campaign, kept, name):
    person, place = await join(42)
    async with database.write() as session:
        place = await session.get_one(Participation, place.id)
        place.badge_name, place.badge_frame = "Maëlle", "ring"
    await change(person, *kept)
    async with database.read() as session:
        place = await session.get_one(Participation, place.id)
        assert (place.badge_name, place.badge_frame) == (name, name and "ring")


async def test_who_refuses_to_be_counted_is_not(database, join, add, campaign, clock):
    """No tracked link, no count of anything that she does; the campaign does not even know that it happened."""
    post, (person, _) = await add(link="https://exemple.org/tract"), await join(42, Purpose.contact)
    async with database.write() as session:
        kit = await share_kits.share_kit(session, post, person, SITE, clock())
        assert kit.link == "https://exemple.org/tract"
        assert not any(SITE in address for address in kit.opens.values())
        for kind in Kind:
            assert await share_kits.count(session, person, post, kind, clock(), network="x") is False
        await share_kits.count_badge(session, campaign, person, Kind.badge_made, clock())
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(ShareLink)) == 0
        assert await session.scalar(select(func.count()).select_from(Tally)) == 0
        assert (await session.scalars(select(Engagement.supporter_id))).all() == [None]  # a badge was made, by nobody


# Joining, leaving, coming back


async def test_joining_again_keeps_the_person_and_takes_their_new_name(database, join, campaign, clock):
    person, place = await join(42, first_name="Maëlle")
    clock.advance(timedelta(days=1))
    again, same_place = await join(42, Purpose.contact, first_name="Maëlle-Anne", language="en")
    assert (again.id, same_place.id, same_place.invite_code) == (person.id, place.id, place.invite_code)
    assert (again.first_name, again.language) == ("Maëlle-Anne", "en")
    assert same_place.joined_at == clock() - timedelta(days=1)
    async with database.read() as session:
        assert not await has_consent(session, person.id, campaign.id, Purpose.counting)  # she said so this time


async def test_joining_again_without_a_territory_keeps_the_one_she_chose(database, join, campaign):
    async with database.write() as session:
        valley = await add_territory(session, campaign.id, "Montfleury")
    await join(42, territory_id=valley.id)
    _, place = await join(42)
    assert place.territory_id == valley.id


async def test_who_stops_has_no_consent_left_and_can_come_back(database, join, consents, campaign, clock):
    person, _ = await join(42)
    clock.advance(timedelta(days=1))
    async with database.write() as session:
        await supporters.stop(session, person, campaign.id, clock())
    assert all(c.withdrawn_at == clock() for c in await consents(person, campaign))
    async with database.read() as session:
        assert (await supporters.participation(session, person.id, campaign.id)).stopped_at == clock()
        assert await supporters.campaigns_of(session, person.id) == []
    clock.advance(timedelta(days=1))
    _, place = await join(42, Purpose.contact)
    assert place.stopped_at is None
    live = [c for c in await consents(person, campaign) if c.withdrawn_at is None]
    assert [(c.purpose, c.given_at) for c in live] == [(Purpose.contact, clock())]
    assert len(await consents(person, campaign)) == len(Purpose) + 1


async def test_who_left_telegram_is_written_to_again_only_when_they_come_back_themselves(database, join, clock):
    await join(42)
    async with database.write() as session:
        await supporters.mark_gone(session, 42, clock())
        await supporters.mark_gone(session, 999, clock())  # somebody unknown: nothing happens
    async with database.read() as session:
        assert (await supporters.find_supporter(session, 42)).gone_at == clock()
    person, _ = await join(42)
    assert person.gone_at is None


# Invitations


async def test_an_invitation_is_counted_once(database, join, campaign):
    inviter, place = await join(1)
    for _ in range(2):
        await join(2, invite_code=place.invite_code)
    await join(3, invite_code=place.invite_code)
    assert await _recruited(database, inviter, campaign) == 2
    async with database.read() as session:
        assert (await counts_of_campaign(session, campaign.id))[Kind.recruited] == 2


async def test_who_stops_and_comes_back_by_an_invitation_is_no_recruit(database, join, campaign, clock):
    inviter, place = await join(1)
    person, _ = await join(2)
    async with database.write() as session:
        await supporters.stop(session, person, campaign.id, clock())
    await join(2, invite_code=place.invite_code)
    assert await _recruited(database, inviter, campaign) == 0


async def test_nobody_recruits_themselves(database, join, campaign, clock):
    person, place = await join(1)
    await join(1, invite_code=place.invite_code)
    assert await _recruited(database, person, campaign) == 0
    async with database.write() as session:
        await supporters.forget(session, person, clock())
    again, _ = await join(1, invite_code=place.invite_code)  # her old code went with her
    assert await _recruited(database, again, campaign) == 0


@pytest.mark.parametrize("code", ["", "forged", "' OR 1=1 --", "%", "é" * 64])
async def test_a_forged_code_counts_for_nobody_and_lets_the_person_in(database, join, campaign, code):
    await join(1)
    person, _ = await join(2, invite_code=code)
    async with database.read() as session:
        assert await supporters.participation(session, person.id, campaign.id)
        assert (await counts_of_campaign(session, campaign.id))[Kind.recruited] == 0


async def test_an_invitation_of_another_campaign_counts_for_nobody(database, join, campaign, rival):
    inviter, place = await join(1)
    await join(1, campaign_id=rival.id)
    await join(2, campaign_id=rival.id, invite_code=place.invite_code)
    assert await _recruited(database, inviter, campaign) == 0
    assert await _recruited(database, inviter, rival) == 0


async def test_who_refuses_to_be_counted_recruits_without_a_count(database, join, campaign):
    _, place = await join(1, Purpose.contact)
    await join(2, invite_code=place.invite_code)
    async with database.read() as session:
        assert (await counts_of_campaign(session, campaign.id))[Kind.recruited] == 0


async def test_invitation_codes_are_random(join):
    codes = [(await join(n))[1].invite_code for n in range(20)]
    assert len({code[:3] for code in codes}) > 15
    assert all(len(code) == 12 for code in codes)


# Two campaigns


async def test_a_yes_to_one_campaign_is_no_yes_to_its_rival(database, join, change, consents, campaign, rival, clock):
    person, _ = await join(42)
    async with database.read() as session:
        assert not await has_consent(session, person.id, rival.id, Purpose.contact)
        assert await supporters.participation(session, person.id, rival.id) is None
        assert [c.id for c in await supporters.campaigns_of(session, person.id)] == [campaign.id]
    same, _ = await join(42, Purpose.contact, campaign_id=rival.id)
    assert same.id == person.id
    await change(person, where=rival)
    async with database.write() as session:
        await supporters.stop(session, person, rival.id, clock())
        assert await has_consent(session, person.id, campaign.id, Purpose.counting)
        assert [c.id for c in await supporters.campaigns_of(session, person.id)] == [campaign.id]
    assert all(c.withdrawn_at is None for c in await consents(person, campaign))


# Erasure


async def test_erasing_a_person_leaves_the_counts_and_nothing_of_the_person(
    database, store_url, join, add, campaign, rival, clock
):
    person, place = await join(7_204_511_983, first_name="Maëlle-Unique")
    await join(7_204_511_983, campaign_id=rival.id, first_name="Maëlle-Unique")
    other, _ = await join(43)
    post = await add(link="https://exemple.org")
    async with database.write() as session:
        kit = await share_kits.share_kit(session, post, person, SITE, clock())
        [link] = (await find_links(session, [kit.link.rpartition("/")[2]])).values()
        await record_opened(session, link, "x", clock())
        key = once(Kind.said_shared, person.id, post.id, "x")
        await record(session, [Act(campaign.id, Kind.said_shared, clock(), person.id, post.id, "x", key)])
        await record(session, [Act(campaign.id, Kind.visit, clock(), other.id, post.id)])
        session.add(Dialogue(chat_id=person.telegram_id, data={"name": "Maëlle-Unique"}, updated_at=clock()))
        session.add(Handout(post_id=post.id, supporter_id=person.id, state=HandoutState.queued))
        session.add(Handout(post_id=post.id, supporter_id=other.id, state=HandoutState.queued))
    before = everything(store_url)
    for trace in ("7204511983", "lle-Unique", place.invite_code, key):
        assert trace in before

    async with database.write() as session:
        await supporters.forget(session, await supporters.find_supporter(session, person.telegram_id), clock())

    after = everything(store_url)
    for trace in ("7204511983", "lle-Unique", place.invite_code, key):
        assert trace not in after
    async with database.read() as session:
        for table in (Engagement, Handout, ShareLink, Tally, Consent, Participation):
            ids = (await session.scalars(select(table.supporter_id))).all()
            assert person.id not in ids, table.__name__
        counts = (await counts_of_posts(session, [post.id]))[post.id]
        assert (counts[Kind.opened], counts[Kind.said_shared], counts[Kind.visit]) == (1, 1, 1)
        assert (await counts_of_campaign(session, campaign.id))[Kind.said_shared] == 1
        assert (await counts_of(session, other.id, campaign.id))[Kind.visit] == 1  # others keep their own
        found = await find_links(session, [link.token])
        assert found[link.token].destination == "https://exemple.org"  # still leads on
        states = (await session.scalars(select(Handout.state).order_by(col(Handout.id)))).all()
        assert sorted(states) == [HandoutState.queued, HandoutState.skipped]


async def test_a_new_person_never_gets_the_number_of_one_who_was_erased(database, join, clock):
    """Else a count that was still on its way would land on a stranger."""
    person, _ = await join(42)
    async with database.write() as session:
        await supporters.forget(session, person, clock())
    stranger, _ = await join(43)
    assert stranger.id > person.id


async def test_erasing_twice_does_nothing_the_second_time(database, join, clock):
    person, _ = await join(42)
    for _ in range(2):
        async with database.write() as session:
            await supporters.forget(session, person, clock())
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Supporter)) == 0
