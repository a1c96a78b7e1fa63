"""/rhythm: when and how often one is written to unasked; and the way to it, and to the end, under whatever comes unasked."""

import pytest

from campaigns import broadcasts
from campaigns.handouts import Digest, Run
from campaigns.models import Campaign, Kind
from campaigns.rhythm import PAUSE
from campaigns.segments import Segment
from tests.bot.conftest import labels, plain, written

FR = {
    "title": "Quand je vous écris",
    "night": "Rien entre 21 h et 8 h",
    "once": "Chaque message tout de suite",
    "any": "À toute heure",
    "two": "Au plus 2 messages par jour",
    "one": "Au plus 1 message par jour",
    "digest": "Un seul message par jour, à 18 h",
    "paused": "En pause jusqu’au mardi 8 décembre 09:00",
    "pause": "⏸ Pause d’une semaine",
    "go": "▶ Reprendre maintenant",
    "noted": "C’est noté",
    "clock": "Votre horloge indique 09:00",
    "join": "Rejoignez d’abord la campagne",
}
EN = {
    "title": "When I write to you",
    "night": "Nothing between 21:00 and 8:00",
    "once": "Each message at once",
    "any": "At any hour",
    "two": "At most 2 messages a day",
    "one": "At most 1 message a day",
    "digest": "A single message a day, at 18:00",
    "paused": "Paused until Tuesday 8 December 09:00",
    "pause": "⏸ Pause for a week",
    "go": "▶ Go on now",
    "noted": "Noted",
    "clock": "Your clock shows 09:00",
    "join": "First join the campaign",
}
BOTH = pytest.mark.parametrize(("language", "says"), [("fr", FR), ("en", EN)], ids=["fr", "en"])


@BOTH
@pytest.mark.parametrize("command", ["/rhythm", "/rythme"])
async def test_it_says_how_one_is_written_to(person, life, campaign, language, says, command):
    zoe = await person("Zoé", language)
    assert says["join"] in (await zoe.say(command)).text
    await zoe.join()
    said = await zoe.say(command)
    for part in ("title", "night", "once", "clock"):
        assert says[part] in said.text, part
    assert says["pause"] in said.buttons and "me:stop" in said.buttons.values()


@BOTH
async def test_each_wish_is_a_tap_or_two_also_across_a_restart(person, life, campaign, books, clock, language, says):
    zoe = await person("Zoé", language)
    await zoe.join()
    shown = (await zoe.say("/rhythm")).messages[-1]["message_id"]

    async def text() -> str:
        return written(await zoe.message(shown))

    await zoe.tap("rhythm:quiet:")
    await life.restart()
    offered = [plain(label) for label in labels(await zoe.message(shown))]
    assert offered[0] == "✅ " + says["night"] and says["any"] in offered
    assert says["noted"] in (await zoe.tap("rhythm:hours:0-0:")).toast
    assert says["any"] in await text()
    for wish, expected in (("most:2", "two"), ("most:1", "one"), ("digest:18", "digest"), ("once:", "once")):
        await zoe.tap("rhythm:often:")
        await zoe.tap(f"rhythm:{wish}:")
        assert says[expected] in await text(), wish
    await zoe.tap("rhythm:pause:")
    assert says["paused"] in plain(await text()) and says["go"] in labels(await zoe.message(shown))
    place = await books.place(zoe)
    assert (place.quiet_from, place.quiet_until, place.most_a_day, place.digest_at) == (0, 0, None, None)
    assert place.paused_until == clock() + PAUSE
    await zoe.tap("rhythm:go:")
    assert (await books.place(zoe)).paused_until is None and says["pause"] in labels(await zoe.message(shown))


async def test_what_is_chosen_has_its_tick_and_back_changes_nothing(zoe, books):
    await zoe.join()
    shown = (await zoe.say("/rhythm")).messages[-1]["message_id"]
    await zoe.tap("rhythm:often:")
    await zoe.tap("rhythm:most:3:")
    await zoe.tap("rhythm:often:")
    ticked = [label for label in labels(await zoe.message(shown)) if label.startswith("✅")]
    assert ticked == ["✅ ≤ 3"]
    await zoe.tap("rhythm:all:")
    assert (await books.place(zoe)).most_a_day == 3


async def test_each_campaign_has_its_own(zoe, rival, campaign, books):
    await zoe.join("c-la-region-qui-ose")
    await zoe.join("c-rivale")
    await zoe.say("/rhythm")
    await zoe.tap(f"rhythm:all::{campaign.id}")
    await zoe.tap(f"rhythm:pause::{campaign.id}")
    assert (await books.place(zoe)).paused_until is not None
    assert (await books.place(zoe, rival)).paused_until is None


async def test_the_campaigns_own_quiet_hours_hold_for_who_chose_none(zoe, house, campaign):
    async with house.database.write() as session:
        mine = await session.get_one(Campaign, campaign.id)
        mine.quiet_from, mine.quiet_until = 23, 6
    await zoe.join()
    said = await zoe.say("/rhythm")
    assert "Rien entre 23 h et 6 h" in said.text
    await zoe.tap("rhythm:quiet:")
    assert "✅ Rien entre 23 h et 6 h" in map(plain, labels(await zoe.message(said.messages[-1]["message_id"])))


@pytest.mark.parametrize(
    "data",
    ["rhythm:most:99:1", "rhythm:digest:3:1", "rhythm:hours:25-3:1", "rhythm:hours:x:1", "rhythm:hours:3:1", "rhythm:", "rhythm:pause::77", "rhythm:nothing:1:1"],
)  # fmt: skip
async def test_buttons_made_by_hand_change_nothing(zoe, hand_made, books, data):
    await zoe.join()
    before = repr(await books.place(zoe))
    await hand_made(zoe, data)
    assert repr(await books.place(zoe)) == before


async def test_who_left_meanwhile_is_led_to_the_start(zoe, books):
    await zoe.join()
    await zoe.say("/rhythm")
    await zoe.say("/stop")
    assert FR["join"] in (await zoe.tap("rhythm:pause:")).toast
    assert (await books.place(zoe)).paused_until is None


@pytest.fixture
def deliver(life, house, campaign, books, add):
    """Let one of the three kinds of unasked messages come."""

    async def send(who, kind):
        if kind == "broadcast":
            async with house.database.write() as session:
                what = await broadcasts.add_broadcast(session, Segment(campaign.id), "Rendez-vous", house.clock())
            run = Run(what, what.text)
        elif kind == "digest":
            run = Digest((await add("Un"), await add("Deux <b>")))
        else:
            run = Run(await add("Un"))
        return await life.runner.deliver(run, await books.supporter(who))

    return send


@pytest.mark.parametrize("kind", ["card", "digest", "broadcast"])
@pytest.mark.parametrize(
    ("language", "less", "stop", "title"),
    [
        ("fr", "🌙 Moins souvent", "🔕 Plus de messages", FR["title"]),
        ("en", "🌙 Less often", "🔕 No more messages", EN["title"]),
    ],
    ids=["fr", "en"],
)
async def test_whatever_comes_unasked_can_be_made_less_or_ended_there(
    person, life, campaign, deliver, books, kind, language, less, stop, title
):
    zoe = await person("Zoé", language)
    await zoe.join()
    came = await deliver(zoe, kind)
    assert list(labels(await zoe.message(came)))[-2:] == [less, stop]
    assert title in (await zoe.tap("rhythm:show", (came, "rhythm:show"))).text
    assert less in labels(await zoe.message(came))  # the message itself stays
    await zoe.tap("me:stop", (came, "me:stop"))
    assert (await books.place(zoe)).stopped_at is not None


@pytest.mark.parametrize(
    ("language", "title"), [("fr", "2 messages à partager aujourd’hui"), ("en", "2 messages to share today")]
)
async def test_a_digest_has_a_button_for_each_post_which_opens_its_card(
    person, life, campaign, deliver, books, language, title
):
    zoe = await person("Zoé", language)
    await zoe.join()
    digest = await zoe.message(await deliver(zoe, "digest"))
    assert written(digest).startswith(f"📬 {title}") and list(labels(digest))[:2] == ["Un", "Deux <b>"]
    assert await books.count(zoe, Kind.received) == 0
    assert (await zoe.tap("kit:card:1")).text.startswith("Un\n\n")
    assert await books.count(zoe, Kind.received) == 1


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        ("fr", ["Rien entre 20 h et 9 h", "Au plus 3 messages par jour", "En pause jusqu’au 8 décembre 2026"]),
        ("en", ["Nothing between 20:00 and 9:00", "At most 3 messages a day", "Paused until 8 December 2026"]),
    ],
)
async def test_mydata_tells_of_it(person, life, campaign, language, parts):
    zoe = await person("Zoé", language)
    await zoe.join()
    before = (await zoe.say("/mydata")).text
    await zoe.say("/rhythm")
    for taps in (("quiet:", "hours:20-9:"), ("often:", "most:3:"), ("pause:",)):
        for tap in taps:
            await zoe.tap(f"rhythm:{tap}")
    after = (await zoe.say("/mydata")).text
    for part in parts:
        assert part in after and part not in before, part
