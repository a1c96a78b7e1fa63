"""Campaigns, territories, channels, frames and organizers: what may be added, and who may enter."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badges import DESIGNS
from campaigns import installation
from campaigns.installation import AlreadyThere, NotFound, slug_of
from campaigns.models import Campaign, Role
from campaigns.times import TimeProblem
from networks.errors import ChannelSettingsWrong


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Île-de-France 2028", "ile-de-france-2028"),
        ("La Région qui ose !", "la-region-qui-ose"),
        ("  L’Autre   Liste ", "lautre-liste"),
        ("€", "campagne"),  # nothing is left
        ("a" * 39 + " b", "a" * 39),  # no dash at the cut
    ],
)
def test_a_slug_is_made_of_the_name(name, slug):
    assert slug_of(name) == slug


@given(st.text())
def test_a_slug_always_fits_a_deep_link(name):
    assert re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", slug_of(name))


async def test_a_campaign_has_the_projects_frames_and_a_hashtag_without_its_sign(database, campaign):
    assert (campaign.slug, campaign.hashtag) == ("la-region-qui-ose", "LaRégionQuiOse")
    async with database.read() as session:
        assert [f.design for f in await installation.frames(session, campaign.id)] == list(DESIGNS)


async def test_a_campaign_cannot_take_anothers_name_nor_an_unknown_zone(database, campaign, clock):
    for new, error in (
        (Campaign(slug="", name="La Région qui ose"), AlreadyThere),
        (Campaign(slug="", name="Mars", timezone="Mars"), TimeProblem),
    ):
        with pytest.raises(error):
            async with database.write() as session:
                await installation.add_campaign(session, new, clock())
    async with database.read() as session:
        assert len(await installation.campaigns(session)) == 1


async def test_a_campaign_is_found_by_its_slug_or_by_being_the_only_one(database, campaign, clock):
    async with database.write() as session:
        assert (await installation.find_campaign(session, None)).id == campaign.id
        with pytest.raises(NotFound, match="“autre” does not exist; choose one of la-region-qui-ose"):
            await installation.find_campaign(session, "autre")
        await installation.add_campaign(session, Campaign(slug="", name="Autre"), clock())
        assert (await installation.find_campaign(session, "autre")).name == "Autre"
        with pytest.raises(NotFound, match="several campaigns; add --campaign with one of la-region-qui-ose, autre"):
            await installation.find_campaign(session, None)


async def test_without_any_campaign_it_says_how_to_add_one(database):
    async with database.read() as session:
        with pytest.raises(NotFound, match=r"run: python run_bot\.py campaigns add NAME"):
            await installation.find_campaign(session, None)


async def test_a_territory_has_a_name_of_its_own_in_its_campaign(database, campaign, rival):
    async with database.write() as session:
        await installation.add_territory(session, campaign.id, "Montfleury")
        await installation.add_territory(session, rival.id, "Montfleury")  # another campaign's
        with pytest.raises(AlreadyThere, match="territory “Montfleury” exists already"):
            await installation.add_territory(session, campaign.id, "Montfleury")
        with pytest.raises(TimeProblem):
            await installation.add_territory(session, campaign.id, "Mars", timezone="Mars")
        assert (await installation.find_territory(session, campaign.id, "MONTFLEURY")).campaign_id == campaign.id
        with pytest.raises(NotFound, match="“Valcombe” does not exist; choose one of Montfleury"):
            await installation.find_territory(session, campaign.id, "Valcombe")


@pytest.mark.parametrize(
    ("network", "values", "sentence"),
    [
        ("myspace", {}, "network “myspace” is unknown; choose one of telegram, x"),
        ("telegram", {}, "telegram needs chat_id: add --set chat_id=…"),
        ("telegram", {"chat_id": ""}, "telegram needs chat_id"),
        ("telegram", {"chat_id": "@a", "colour": "red"}, "telegram has no setting colour"),
        ("telegram", {"chat_id": "@a", "base_url": "exemple.org"}, "must begin with https://"),
    ],
)
async def test_a_channel_with_wrong_settings_is_not_added(database, campaign, network, values, sentence):
    with pytest.raises(ChannelSettingsWrong, match=sentence):
        async with database.write() as session:
            await installation.add_channel(session, campaign.id, network, "Canal", values)
    async with database.read() as session:
        assert await installation.channels(session) == []


async def test_a_channels_name_stays_with_its_network(database, campaign, rival, telegram, x):
    async with database.write() as session:
        with pytest.raises(AlreadyThere, match="channel “Compte X” is on x; choose another name"):
            await installation.add_channel(session, campaign.id, "telegram", "Compte X", {"chat_id": "@a"})
        theirs = await installation.add_channel(session, rival.id, "telegram", "Compte X", {"chat_id": "@a"})
        assert [c.id for c in await installation.channels(session, rival.id)] == [theirs.id]
        assert [c.id for c in await installation.channels(session, campaign.id)] == [telegram.id, x.id]
        assert len(await installation.channels(session)) == 3


async def test_an_organizer_enters_with_their_own_password_only(database, campaign, rival, clock):
    async with database.write() as session:
        ines = await installation.add_organizer(
            session, campaign.id, " Ines@Exemple.org ", "Inès", "motdepasse-long", Role.admin, clock()
        )
    async with database.read() as session:
        assert (await installation.log_in(session, "INES@exemple.org", "motdepasse-long")).id == ines.id
        assert await installation.log_in(session, "ines@exemple.org", "Motdepasse-long") is None
        assert await installation.log_in(session, "ines@exemple.org", "") is None
        assert await installation.log_in(session, "personne@exemple.org", "motdepasse-long") is None
        assert await installation.log_in(session, "personne@exemple.org", "nobody") is None
        assert [(c.id, held.role) for c, held in await installation.roles(session, ines.id)] == [
            (campaign.id, Role.admin)
        ]
    assert "motdepasse" not in ines.password_hash


async def test_an_organizer_has_one_account_and_a_role_in_each_campaign(database, campaign, rival, clock):
    async with database.write() as session:
        for where, role in ((campaign, Role.viewer), (rival, Role.editor), (campaign, Role.approver)):
            organizer = await installation.add_organizer(
                session, where.id, "ines@exemple.org", "Inès", "motdepasse-long", role, clock()
            )
        found = [(c.id, held.role) for c, held in await installation.roles(session, organizer.id)]
    assert found == [(campaign.id, Role.approver), (rival.id, Role.editor)]


@pytest.mark.parametrize(
    ("email", "password", "sentence"),
    [
        ("ines", "motdepasse-long", "“ines” is not an e-mail address"),
        ("ines@exemple.org", "court", "the password has 5 characters; take at least 10"),
    ],
)
async def test_an_organizer_needs_an_address_and_a_long_password(database, campaign, clock, email, password, sentence):
    with pytest.raises(ValueError, match=sentence):
        async with database.write() as session:
            await installation.add_organizer(session, campaign.id, email, "Inès", password, Role.admin, clock())
