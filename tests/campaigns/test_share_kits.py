"""Share kits: what an activist gets of a post, and where its buttons lead."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from sqlmodel import select

from campaigns import posts, share_kits
from campaigns.engagement import counts_of, counts_of_campaign
from campaigns.media import NewPicture
from campaigns.models import Campaign, Kind, Purpose, ShareLink
from campaigns.share_links import find_card_link, find_links
from campaigns.silence_windows import add_window
from networks.share_intents import SHARE_INTENTS

SITE = "https://ose.example.org"


@pytest.fixture
def kit(database, clock):
    async def make(post, person, wording=0):
        async with database.write() as session:
            return await share_kits.share_kit(session, post, person, SITE, clock(), wording=wording)

    return make


async def test_who_agreed_to_be_counted_gets_her_own_link_and_tracked_buttons(database, add, join, kit, picture):
    post = await add(pictures=(NewPicture("a.png", picture("PNG"), "Une affiche"),), wordings=("Un", "Deux"))
    person, _ = await join(42)
    made = await kit(post, person)
    async with database.read() as session:
        [link] = (await find_links(session, [made.link.removeprefix(f"{SITE}/s/")])).values()
        assert link.supporter_id == person.id
    assert made.opens == {network: f"{SITE}/o/{link.open_token}/{network}?w=0" for network in SHARE_INTENTS}
    assert (made.text, made.wording, made.wordings) == (post.text, 0, 3)
    assert made.picture.alt == "Une affiche"
    assert made.link == (await kit(post, person)).link


async def test_who_did_not_agree_gets_plain_links_straight_to_the_networks(add, join, kit):
    post = await add(link="https://exemple.org/tract")
    person, _ = await join(42, Purpose.contact)
    made = await kit(post, person)
    assert made.link == "https://exemple.org/tract"
    assert unquote(made.opens["whatsapp"]) == f"https://wa.me/?text={post.text}\n\nhttps://exemple.org/tract"
    assert all(address.startswith("https://") for address in made.opens.values())  # what a bot's button takes


async def test_the_campaigns_page_has_a_link_of_its_own(database, add, kit):
    made = await kit(await add(), None)
    async with database.read() as session:
        [link] = (await find_links(session, [made.link.removeprefix(f"{SITE}/s/")])).values()
        assert link.supporter_id is None


@pytest.mark.parametrize(("asked", "shown", "text"), [(0, 0, "Texte"), (1, 1, "Un"), (2, 2, "Deux"), (3, 0, "Texte")])
async def test_wordings_come_round(add, join, kit, asked, shown, text):
    post, (person, _) = await add(text="Texte", wordings=("Un", "Deux")), await join(42)
    made = await kit(post, person, asked)
    assert (made.wording, made.text) == (shown, text)


@pytest.mark.parametrize(
    ("network", "wording", "text"),
    [
        ("x", 0, "Court"),  # the network's own version
        ("whatsapp", 0, "Texte"),
        ("x", 1, "Un"),  # what she chose wins over the version
    ],
)
async def test_a_button_leads_to_the_chosen_words_and_her_public_link(
    database, add, telegram, join, kit, network, wording, text
):
    post, (person, _) = await add(telegram, text="Texte", versions={"x": "Court"}, wordings=("Un",)), await join(42)
    open_token = (await kit(post, person)).opens[network].split("/")[-2]
    async with database.read() as session:
        link = await find_card_link(session, open_token)
        address = unquote(await share_kits.intent_of(session, link, network, wording, SITE))
    assert text in address
    assert f"{SITE}/s/{link.token}" in address
    assert link.open_token not in address  # stays on her card


async def test_a_kit_is_closed_before_its_moment_in_silence_and_after_it_was_taken_back(database, add, campaign, clock):
    post = await add(publish_at=clock() + timedelta(hours=1))

    async def is_open():
        async with database.read() as session:
            return await share_kits.is_open(session, await posts.find_post(session, campaign.id, post.id), clock())

    assert not await is_open()
    clock.advance(timedelta(hours=1))
    assert await is_open()
    async with database.write() as session:
        await add_window(session, campaign, clock(), clock() + timedelta(days=1), "veille du vote")
    assert not await is_open()
    clock.advance(timedelta(days=1))
    assert await is_open()
    async with database.write() as session:
        await posts.cancel_post(session, campaign.id, post.id, clock())
    assert not await is_open()


async def test_the_sponsor_line_stands_on_kit_and_share_window(database, add, join, kit, campaign):
    async with database.write() as session:
        row = await session.get_one(Campaign, campaign.id)
        row.sponsor_line, row.notice_url = "Payé par l’association Osons", "https://exemple.fr/notice"
    post, (person, _) = await add(text="Texte", wordings=("Un",)), await join(42)
    for wording in (0, 1):
        assert (await kit(post, person, wording=wording)).text.endswith(
            "\n\nPayé par l’association Osons https://exemple.fr/notice"
        )
    async with database.read() as session:
        link = (await session.scalars(select(ShareLink))).one()
        assert "Payé par l’association Osons" in unquote(await share_kits.intent_of(session, link, "whatsapp", 1, SITE))


@pytest.mark.parametrize(
    ("kind", "networks", "counted"),
    [
        (Kind.copied, [None, None], 1),  # a button tapped twice
        (Kind.said_shared, ["x", "x", "whatsapp"], 2),  # once for each network
        (Kind.wording_changed, [None, None, None], 3),  # each time is another one
    ],
)
async def test_a_repeated_tap_counts_once(database, add, join, campaign, clock, kind, networks, counted):
    post, (person, _) = await add(), await join(42)
    async with database.write() as session:
        new = [await share_kits.count(session, person, post, kind, clock(), network=n) for n in networks]
        assert sum(new) == counted
        assert (await counts_of(session, person.id, campaign.id))[kind] == counted


async def test_a_badge_counts_for_its_maker_if_they_agreed_and_for_the_campaign_always(database, join, campaign, clock):
    (agreed, _), (refused, _) = await join(1), await join(2, Purpose.contact)
    async with database.write() as session:
        for who in (agreed, refused, None):
            await share_kits.count_badge(session, campaign, who, Kind.badge_made, clock())
        assert (await counts_of_campaign(session, campaign.id))[Kind.badge_made] == 3
        assert (await counts_of(session, agreed.id, campaign.id))[Kind.badge_made] == 1
        assert (await counts_of(session, refused.id, campaign.id))[Kind.badge_made] == 0


async def test_the_same_badge_is_counted_once(database, join, campaign, clock):
    person, _ = await join(1)
    async with database.write() as session:
        for key in ("badge:1", "badge:1", "badge:2"):
            await share_kits.count_badge(session, campaign, person, Kind.badge_downloaded, clock(), key=key)
        assert (await counts_of(session, person.id, campaign.id))[Kind.badge_downloaded] == 2
