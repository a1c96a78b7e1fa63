"""A post that is out already, handed out with its network's own acts: repost, like, reply, or its address."""

import pytest

from campaigns import posts
from campaigns.models import Kind
from tests.bot.conftest import labels
from tests.bot.test_cards import card_of, own_link

TWEET = "https://x.com/region_respire/status/1790000000000000001"
TOOT = "https://mastodon.example/@region_respire/113000000000000001"
SKEET = "https://bsky.app/profile/region-respire.test/post/3lbxyz2abc"


@pytest.mark.parametrize(
    ("language", "repost", "like", "reply"),
    [
        ("fr", "🔁 Republier sur X", "❤️ J’aime", "💬 Répondre"),
        ("en", "🔁 Repost on X", "❤️ Like", "💬 Reply"),
    ],
)
async def test_a_tweet_comes_with_repost_like_and_reply(
    person, life, campaign, add, books, follow, language, repost, like, reply
):
    await add("Notre vidéo fait le tour", "Republiez-la !", link=TWEET)
    zoe = await person("Zoé", language)
    await zoe.join()
    card = await card_of(zoe)
    buttons = labels(card)
    assert list(buttons)[:3] == [repost, like, reply]
    assert await follow(buttons[repost]) == "https://x.com/intent/retweet?tweet_id=1790000000000000001"
    assert await follow(buttons[like]) == "https://x.com/intent/like?tweet_id=1790000000000000001"
    assert await follow(buttons[reply]) == "https://x.com/intent/tweet?in_reply_to=1790000000000000001"
    assert await books.count(zoe, Kind.opened) == 1  # X was opened; what was done there nobody can see
    assert await follow(own_link(card)) == TWEET
    assert "WhatsApp" in buttons  # it may be told elsewhere too


@pytest.mark.parametrize(
    ("link", "language", "label"),
    [
        (TOOT, "fr", "🔁 Relayer sur Mastodon"),
        (TOOT, "en", "🔁 Boost on Mastodon"),
        (SKEET, "fr", "🔁 Relayer sur Bluesky"),
        (SKEET, "en", "🔁 Boost on Bluesky"),
    ],
)
async def test_a_toot_and_a_post_on_bluesky_open_where_they_are(
    person, life, campaign, add, follow, link, language, label
):
    await add(link=link)
    zoe = await person("Zoé", language)
    await zoe.join()
    buttons = labels(await card_of(zoe))
    assert next(iter(buttons)) == label
    assert await follow(buttons[label]) == link


async def test_who_is_not_counted_goes_straight_to_the_network(zoe, add):
    await add(link=TWEET)
    await zoe.join(counting=False)
    buttons = labels(await card_of(zoe))
    assert buttons["❤️ J’aime"] == "https://x.com/intent/like?tweet_id=1790000000000000001"


async def test_a_post_with_another_link_has_none_of_these_buttons(zoe, add):
    await add(link="https://exemple.fr/petition")
    await zoe.join()
    assert not any("do=" in behind for behind in labels(await card_of(zoe)).values())


async def test_acts_that_the_post_does_not_know_lead_nowhere(zoe, add, follow):
    await add(link=TWEET)
    await zoe.join()
    repost = labels(await card_of(zoe))["🔁 Republier sur X"]
    assert await follow(repost.replace("do=repost", "do=delete")) == 404
    assert await follow(repost.replace("/x?", "/mastodon?")) == 404


async def test_a_post_that_was_taken_back_is_boosted_no_more(zoe, add, follow, database, campaign, clock):
    await add(link=TWEET)
    await zoe.join()
    buttons = labels(await card_of(zoe))
    async with database.write() as session:
        await posts.cancel_post(session, campaign.id, 1, clock())
    assert await follow(buttons["❤️ J’aime"]) == 410
