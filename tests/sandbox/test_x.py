"""The stand-in for X, with the real tweepy."""

from datetime import timedelta
from typing import Any

import pytest
import requests
import tweepy
from requests_oauthlib import OAuth1

from sandbox.client import SandboxClient
from sandbox.server import SandboxServer
from tests.sandbox.conftest import ACCOUNT, KEYS, Mounted, XSession, picture, x_client

DUPLICATE = {
    "detail": "You are not allowed to create a Tweet with duplicate content.",
    "type": "about:blank",
    "title": "Forbidden",
    "status": 403,
}


def signed(**more: Any) -> OAuth1:
    return OAuth1(
        ACCOUNT.consumer_key, ACCOUNT.consumer_secret, ACCOUNT.access_token, ACCOUNT.access_token_secret, **more
    )


def post(base: str, path: str, auth: OAuth1, **how: Any) -> requests.Response:
    with XSession(base) as session:
        return session.post(f"https://api.x.com/2/{path}", auth=auth, **how)


def upload(base: str, content: bytes, category: str = "tweet_image") -> requests.Response:
    how = {"files": {"media": ("a.png", content, "image/png")}, "data": {"media_category": category}}
    return post(base, "media/upload", signed(), **how)


async def test_a_tweet_is_accepted_and_written_in_the_ledger(x: tweepy.Client, sandbox: SandboxClient) -> None:
    tweet = x.create_tweet(text="Été : « samedi » 🎺").data
    assert tweet["text"] == "Été : « samedi » 🎺" and tweet["edit_history_tweet_ids"] == [tweet["id"]]
    (entry,) = await sandbox.wait_for_ledger(1, service="x", channel=ACCOUNT.username)
    assert (entry["id"], entry["text"]) == (tweet["id"], "Été : « samedi » 🎺")


def test_the_account_knows_itself_and_its_own_timeline(x: tweepy.Client) -> None:
    me = x.get_me().data
    assert me.username == ACCOUNT.username
    for text in ("un", "deux", "trois", "quatre", "cinq", "six"):
        x.create_tweet(text=text)
    page = x.get_users_tweets(me.id, user_auth=True, max_results=5, tweet_fields=["created_at"])
    assert [tweet.text for tweet in page.data] == ["six", "cinq", "quatre", "trois", "deux"]
    assert page.data[0].created_at is not None
    rest = x.get_users_tweets(me.id, user_auth=True, max_results=5, pagination_token=page.meta["next_token"])
    assert [tweet.text for tweet in rest.data] == ["un"]


def test_a_text_is_measured_as_x_weighs_it(x: tweepy.Client) -> None:
    x.create_tweet(text="é" * 256 + " https://exemple.org/" + "a" * 200)  # 256 + 1 + 23
    with pytest.raises(tweepy.Forbidden, match="Your Tweet text is too long"):
        x.create_tweet(text="…" * 141)  # each weighs 2


def test_the_same_text_twice_is_a_duplicate_until_the_first_is_deleted(x: tweepy.Client) -> None:
    first = x.create_tweet(text="Encore").data
    with pytest.raises(tweepy.Forbidden) as refused:
        x.create_tweet(text="Encore")
    assert refused.value.response.json() == DUPLICATE
    assert x.delete_tweet(first["id"]).data == {"deleted": True}
    x.create_tweet(text="Encore")


async def test_a_picture_with_its_alternative_text_is_attached(
    server: SandboxServer, x: tweepy.Client, sandbox: SandboxClient
) -> None:
    sent = picture()
    media = upload(server.x, sent).json()["data"]
    assert media["media_key"] == f"3_{media['id']}" and media["image"] == {
        "image_type": "image/png",
        "w": 600,
        "h": 400,
    }
    body = {"id": media["id"], "metadata": {"alt_text": {"text": "Une affiche"}}}
    answer = post(server.x, "media/metadata", signed(), json=body)
    assert answer.json()["data"]["associated_metadata"]["alt_text"]["text"] == "Une affiche"
    x.create_tweet(text="Affiche", media_ids=[media["id"]])
    (entry,) = await sandbox.ledger("x")
    assert entry["media"][0]["alt"] == "Une affiche"
    assert await sandbox.media(entry["media"][0]["sha256"]) == sent


def test_an_alternative_text_has_1000_characters(server: SandboxServer, sandbox: SandboxClient) -> None:
    media_id = upload(server.x, picture()).json()["data"]["id"]
    for length, status in ((1000, 200), (1001, 400)):
        body = {"id": media_id, "metadata": {"alt_text": {"text": "é" * length}}}
        assert post(server.x, "media/metadata", signed(), json=body).status_code == status


@pytest.mark.parametrize(
    "content",
    [b"no picture", picture() + bytes(5 * 1024 * 1024)],  # the second is above 5 MB
)
def test_a_wrong_picture_is_refused(server: SandboxServer, sandbox: SandboxClient, content: bytes) -> None:
    answer = upload(server.x, content)
    assert (answer.status_code, answer.json()["title"]) == (400, "Invalid Request")


def test_an_unknown_picture_is_not_attached(x: tweepy.Client) -> None:
    with pytest.raises(tweepy.BadRequest, match="Your media IDs are invalid"):
        x.create_tweet(text="x", media_ids=["42"])


def test_a_reply_needs_a_tweet(x: tweepy.Client) -> None:
    first = x.create_tweet(text="un").data
    x.create_tweet(text="deux", in_reply_to_tweet_id=first["id"])
    with pytest.raises(tweepy.Forbidden, match="deleted or not visible"):
        x.create_tweet(text="trois", in_reply_to_tweet_id="42")


@pytest.mark.parametrize("wrong", list(KEYS))
def test_a_wrong_key_is_unauthorized(server: SandboxServer, sandbox: SandboxClient, wrong: str) -> None:
    with pytest.raises(tweepy.Unauthorized):
        x_client(server.x, **{wrong: "wrong"}).create_tweet(text="x")


def test_a_signature_fits_only_its_own_address(server: SandboxServer, sandbox: SandboxClient) -> None:
    prepared = requests.Request("POST", f"{server.x}/2/tweets", json={"text": "x"}, auth=signed()).prepare()
    prepared.url = f"{server.x}/2/tweets?more=1"
    with XSession(server.x) as session:
        assert session.send(prepared).status_code == 401


def test_a_recorded_request_is_not_accepted_again(server: SandboxServer, sandbox: SandboxClient) -> None:
    prepared = requests.Request("GET", f"{server.x}/2/users/me", auth=signed()).prepare()
    with XSession(server.x) as session:
        assert [session.send(prepared).status_code for _ in range(2)] == [200, 401]


def test_an_old_timestamp_is_not_accepted(server: SandboxServer, sandbox: SandboxClient) -> None:
    assert post(server.x, "tweets", signed(timestamp="1700000000"), json={"text": "x"}).status_code == 401


async def test_every_answer_says_what_remains_and_the_last_is_429(
    server: SandboxServer, x: tweepy.Client, sandbox: SandboxClient
) -> None:
    await sandbox.rates(x={"POST /2/tweets": 2})
    answers = [post(server.x, "tweets", signed(), json={"text": text}) for text in ("un", "deux", "trois")]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert [answer.headers["x-rate-limit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].headers["x-rate-limit-limit"] == "2"
    assert answers[2].json()["title"] == "Too Many Requests"


def test_a_hundred_tweets_go_in_a_quarter_of_an_hour(mounted: Mounted) -> None:
    def tweet(number: int) -> requests.Response:
        stamp = str(int(mounted.clock().timestamp()))
        return post(mounted.x, "tweets", signed(timestamp=stamp), json={"text": f"numéro {number}"})

    assert all(tweet(number).status_code == 201 for number in range(100))
    full = tweet(100)
    assert full.status_code == 429
    mounted.clock.ahead = timedelta(seconds=901)
    assert int(full.headers["x-rate-limit-reset"]) <= mounted.clock().timestamp()
    assert tweet(100).status_code == 201
