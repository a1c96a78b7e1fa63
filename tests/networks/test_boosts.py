"""Posts that are out already, known by their addresses, and what a human can do with them."""

import pytest

from networks.boosts import Boost, boost_of

X = Boost(
    "x",
    {
        "repost": "https://x.com/intent/retweet?tweet_id=1790000000000000001",
        "like": "https://x.com/intent/like?tweet_id=1790000000000000001",
        "reply": "https://x.com/intent/tweet?in_reply_to=1790000000000000001",
    },
)


@pytest.mark.parametrize(
    "address",
    [
        "https://x.com/region_respire/status/1790000000000000001",
        "https://x.com/region_respire/status/1790000000000000001?s=20&t=abc",
        "https://x.com/region_respire/status/1790000000000000001/photo/1",
        "https://twitter.com/region_respire/statuses/1790000000000000001",
        "https://mobile.twitter.com/region_respire/status/1790000000000000001",
        "https://x.com/i/web/status/1790000000000000001",
        "https://x.com/i/status/1790000000000000001",
        "https://WWW.X.com/region_respire/status/1790000000000000001",
    ],
)
def test_a_tweet_can_be_reposted_liked_and_answered(address):
    assert boost_of(address) == X


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ("mastodon", "https://mastodon.example/@region_respire/113000000000000001"),
        ("mastodon", "https://mastodon.example/@region_respire@ailleurs.example/113000000000000001"),
        ("mastodon", "https://mastodon.example/users/region_respire/statuses/113000000000000001"),
        ("bluesky", "https://bsky.app/profile/region-respire.test/post/3lbxyz2abc"),
        ("bluesky", "https://bsky.app/profile/did:plc:abc123/post/3lbxyz2abc"),
    ],
)
def test_a_toot_and_a_post_on_bluesky_open_at_their_own_address(network, address):
    assert boost_of(address) == Boost(network, {"open": address})


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://exemple.fr/petition",
        "https://x.com/region_respire",  # an account, no post
        "https://x.com/region_respire/status/abc",
        "https://x.com/intent/tweet?text=a",
        "https://x.com.exemple.fr/a/status/1790000000000000001",  # another host that looks like it
        "https://exemple.fr/x.com/a/status/1790000000000000001",
        "http://x.com/a/status/1790000000000000001",
        "javascript://x.com/a/status/1790000000000000001",
        "https://mastodon.example/@region_respire",
        "https://mastodon.example/@region_respire/2026",
        "https://bsky.app/profile/region-respire.test",
        "https://[x.com/a/status/1",
    ],
)
def test_any_other_address_is_no_post_to_boost(address):
    assert boost_of(address) is None
