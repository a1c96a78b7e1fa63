"""Share links: tokens that nobody guesses, and visits that count people only, once a day, without knowing them."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlmodel import select

from campaigns import supporters
from campaigns.batches import BatchWriter
from campaigns.engagement import counts_of, counts_of_campaign, counts_of_posts
from campaigns.models import Click, DailySalt, Engagement, Kind, Purpose, ShareLink
from campaigns.share_links import (
    Followed,
    Visit,
    find_card_link,
    find_links,
    follow_all,
    link_for,
    record_opened,
    salt_of,
    visitor_hash,
)
from tests.stores import stored_bytes

SITE = "https://ose.example.org"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"


def visit(agent=FIREFOX, method="GET", address="192.0.2.7", **headers):
    return Visit(method, {"user-agent": agent} | headers, address, at=None)


@pytest.mark.parametrize(
    "agent",
    [
        FIREFOX,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1",
        # browsers inside the networks' own apps: people
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36 Telegram-Android/11.5",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile [FBAN/FBIOS;FBAV/490.0;FBLC/fr_FR]",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1) AppleWebKit/605.1.15 Mobile/15E148 Twitter for iPhone/10.70",
        "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36 [LinkedInApp]/4.1",
        "Mozilla/5.0 (Linux; Android 12; CUBOT P60) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36",  # a phone
    ],
)
def test_a_person_is_counted(agent):
    assert visit(agent).is_human
    assert not visit(agent).is_unfurler


@pytest.mark.parametrize(
    "agent",
    [
        "TelegramBot (like TwitterBot)",  # says another's name
        "Twitterbot/1.0",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Meta-ExternalHit/1.1",
        "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
        "meta-externalfetcher/1.1",
        "WhatsApp/2.24.23 A",
        "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Slack-ImgProxy (+https://api.slack.com/robots)",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        "Mastodon/4.3.1 (http.rb/5.2.0; +https://mastodon.example/)",
        "redditbot/1.0",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
        "Viber/13.3.0.1 CFNetwork/1240 Darwin/20.5",
        "Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots",
        "Synapse (bot; +https://github.com/matrix-org/synapse)",
        "Iframely/1.3.1 (+https://iframely.com/docs/about)",
        "Mozilla/5.0 (compatible; Embedly/0.2; +http://support.embed.ly/)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) BingPreview/1.0b",
        "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/17.4 Safari/605.1.15 (Applebot/0.1)",
        "Lemmy/0.19.7; +https://lemmy.example",
        "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)",
        "TWITTERBOT/1.0",  # in any case
    ],
)
def test_an_unfurler_is_known_and_not_counted(agent):
    assert visit(agent).is_unfurler
    assert not visit(agent).is_human


@pytest.mark.parametrize(
    "agent",
    [
        "",  # no browser hides its name altogether
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; AhrefsBot/7.0)",
        "Mozilla/5.0 (compatible; Bytespider)",
        "curl/8.11.0",
        "Wget/1.24.5",
        "python-requests/2.32.3",
        "python-httpx/0.28.1",
        "Go-http-client/2.0",
    ],
)
def test_another_machine_is_led_on_and_not_counted(agent):
    assert not visit(agent).is_unfurler
    assert not visit(agent).is_human


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),  # what a link checker sends
        ("POST", {}),
        ("GET", {"sec-purpose": "prefetch"}),
        ("GET", {"sec-purpose": "prefetch;prerender"}),  # Chrome, before the tap
        ("GET", {"sec-purpose": "prefetch;anonymous-client-ip"}),
        ("GET", {"purpose": "prefetch"}),  # Safari and older Chrome
        ("GET", {"purpose": "Prefetch"}),
        ("GET", {"purpose": "preview"}),  # Safari's top hits
        ("GET", {"x-moz": "prefetch"}),  # Firefox
    ],
)
def test_a_browser_that_fetches_ahead_of_a_tap_is_not_counted(method, headers):
    assert not visit(method=method, **headers).is_human


@pytest.mark.parametrize("headers", [{"sec-purpose": ""}, {"sec-fetch-mode": "navigate"}, {"purpose": "navigation"}])
def test_other_headers_do_not_hide_a_person(headers):
    assert visit(**headers).is_human


@pytest.fixture
async def link(database, add, join, clock):
    """Maëlle's own link to a post, with a destination of its own."""
    post, (person, _) = await add(link="https://exemple.org/tract"), await join(42)
    async with database.write() as session:
        return await link_for(session, post, person, SITE, clock())


@pytest.fixture
def follow(database, clock):
    """Somebody follows a link: what the redirect does with a human visit."""

    async def go(link, seen=None):
        async with database.write() as session:
            salt = await salt_of(session, f"{clock():%Y-%m-%d}")
            visitor = visitor_hash(salt, seen or visit())
            followed = Followed(link.token, visitor, clock())
            await follow_all(session, [followed])
        return visitor

    return go


async def _visits(database, link):
    async with database.read() as session:
        own = await counts_of(session, link.supporter_id, link.campaign_id) if link.supporter_id else {}
        post = (await counts_of_posts(session, [link.post_id]))[link.post_id]
        campaign = await counts_of_campaign(session, link.campaign_id)
    return own.get(Kind.visit, 0), post[Kind.visit], campaign[Kind.visit]


async def test_tokens_have_96_random_bits_and_tell_nothing(database, add, join, clock):
    tokens = []
    for n in range(20):
        post, (person, _) = await add(), await join(n)
        async with database.write() as session:
            made = await link_for(session, post, person, SITE, clock())
        tokens += [made.token, made.open_token]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{16}", token) for token in tokens)  # 16 x 6 bits
    assert len(set(tokens)) == 40
    assert len({token[:4] for token in tokens}) > 35  # no common beginning, no counter


async def test_a_supporter_has_one_link_to_a_post_and_the_campaign_has_its_own(database, link, add, join, clock):
    post, other = await add(), await add()
    person, someone = (await join(42))[0], (await join(43))[0]
    async with database.write() as session:
        mine = await link_for(session, post, person, SITE, clock())
        assert (await link_for(session, post, person, SITE, clock())).id == mine.id
        others = [
            await link_for(session, post, someone, SITE, clock()),
            await link_for(session, other, person, SITE, clock()),
            await link_for(session, post, None, SITE, clock()),
        ]
        assert len({mine.id, *(o.id for o in others)}) == 4
        assert (await link_for(session, post, None, SITE, clock())).id == others[2].id


async def test_a_destination_is_fixed_when_the_link_is_made(database, link, add, clock):
    assert link.destination == "https://exemple.org/tract"
    bare = await add()
    async with database.write() as session:
        made = await link_for(session, bare, None, SITE, clock())
        assert made.destination == f"{SITE}/p/{bare.id}"
        bare.link = "https://mechant.example.org"
        session.add(bare)
        assert (await link_for(session, bare, None, SITE, clock())).destination == f"{SITE}/p/{bare.id}"


async def test_each_token_opens_its_own_door_only(database, link):
    async with database.read() as session:
        assert (await find_links(session, [link.token, "", link.open_token]))[link.token].id == link.id
        assert (await find_card_link(session, link.open_token)).id == link.id
        assert await find_links(session, [link.open_token, ""]) == {}
        assert await find_card_link(session, link.token) is None


async def test_a_visit_counts_for_the_person_the_post_and_the_campaign(database, link, follow):
    await follow(link)
    assert await _visits(database, link) == (1, 1, 1)


async def test_a_repeat_visit_counts_once_a_day(database, link, follow, clock):
    for _ in range(3):
        await follow(link)
        clock.advance(timedelta(hours=3))
    assert await _visits(database, link) == (1, 1, 1)
    clock.advance(timedelta(days=1))
    await follow(link)
    assert await _visits(database, link) == (2, 2, 2)


async def test_two_people_behind_one_address_and_one_person_on_two_links_count_each(database, link, follow, add, clock):
    await follow(link)
    await follow(link, visit(agent="Mozilla/5.0 (iPhone) Safari/604.1"))
    await follow(link, visit(address="192.0.2.8"))
    assert await _visits(database, link) == (3, 3, 3)
    post = await add()
    async with database.write() as session:
        other = await link_for(session, post, None, SITE, clock())
    await follow(other)
    assert await _visits(database, other) == (0, 1, 4)


async def test_visits_that_come_at_once_count_as_they_would_one_by_one(database, link, clock):
    writer = BatchWriter(database, follow_all)
    seen = [Followed(link.token, f"v{n % 5}", clock()) for n in range(40)]
    led = await asyncio.gather(*(writer.write([one]) for one in (*seen, Followed("nowhere", "v0", clock()))))
    assert led == [["https://exemple.org/tract"]] * 40 + [[None]]
    assert await _visits(database, link) == (5, 5, 5)


async def test_a_visitors_hash_changes_with_the_days_salt_and_old_salts_are_gone(database, link, follow, clock):
    today = await follow(link)
    clock.advance(timedelta(days=1))
    tomorrow = await follow(link)
    assert today != tomorrow
    async with database.read() as session:
        salts = (await session.scalars(select(DailySalt))).all()
        assert [salt.day for salt in salts] == [f"{clock():%Y-%m-%d}"]
        assert len(salts[0].salt) == 32
        assert visitor_hash(salts[0].salt, visit()) == tomorrow  # today's can be recognised, yesterday's no more


async def test_a_days_salt_stays_the_same_all_day(database):
    async with database.write() as session:
        first = await salt_of(session, "2026-12-01")
    async with database.write() as session:
        assert await salt_of(session, "2026-12-01") == first
        assert await salt_of(session, "2026-12-02") != first


async def test_no_address_and_no_browsers_name_is_kept(database, link, follow, store_url):
    await follow(link, visit(agent="Mozilla/5.0 (Reconnaissable)", address="192.0.2.99"))
    async with database.read() as session:
        click = (await session.scalars(select(Click))).one()
        assert re.fullmatch(r"[0-9a-f]{32}", click.visitor)
    stored = stored_bytes(store_url)
    assert b"Reconnaissable" not in stored
    assert b"192.0.2.99" not in stored


async def test_a_visit_counts_for_nobody_once_she_takes_her_consent_back(database, link, follow, clock):
    """Her link stands in what she posted and still leads on; the post is counted, she is not."""
    await follow(link)
    async with database.write() as session:
        person = await supporters.find_supporter(session, 42)
        await supporters.set_consents(session, person, link.campaign_id, {Purpose.contact}, clock())
    await follow(link, visit(address="192.0.2.8"))
    assert await _visits(database, link) == (1, 2, 2)


async def test_a_visit_that_was_on_its_way_when_she_was_erased_is_still_counted_for_the_post(database, link, clock):
    followed = Followed(link.token, "v", clock())
    async with database.write() as session:
        await supporters.forget(session, await supporters.find_supporter(session, 42), clock())
    async with database.write() as session:
        await follow_all(session, [followed])
        assert (await session.scalars(select(Engagement.supporter_id))).all() == [None]
        assert (await session.get_one(ShareLink, link.id)).destination == "https://exemple.org/tract"
    assert (await _visits(database, link))[1:] == (1, 1)


async def test_opening_a_share_window_counts_once_for_each_network(database, link, clock):
    async with database.write() as session:
        for network in ("x", "x", "whatsapp"):
            await record_opened(session, link, network, clock())
        assert (await counts_of(session, link.supporter_id, link.campaign_id))[Kind.opened] == 2


async def test_opening_from_an_old_card_counts_nothing_once_she_takes_her_consent_back(database, link, clock):
    async with database.write() as session:
        person = await supporters.find_supporter(session, 42)
        await supporters.set_consents(session, person, link.campaign_id, (), clock())
        await record_opened(session, link, "x", clock())
        assert (await counts_of_campaign(session, link.campaign_id))[Kind.opened] == 0


async def test_the_campaigns_own_buttons_are_counted_for_nobody(database, add, clock):
    post = await add()
    async with database.write() as session:
        own = await link_for(session, post, None, SITE, clock())
        await record_opened(session, own, "x", clock())
        await record_opened(session, own, "x", clock())  # two passers-by
        assert (await counts_of_posts(session, [post.id]))[post.id][Kind.opened] == 2
