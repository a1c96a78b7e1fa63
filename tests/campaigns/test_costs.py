"""What a post costs at X's prices of 2026, in thousandths of a dollar: $0.015 a post, $0.200 with a link."""

import pytest
from sqlmodel import select

from campaigns import approval
from campaigns.costs import dollars
from campaigns.installation import Terms, add_channel, set_terms
from campaigns.models import Campaign, Channel, Post, Publication
from campaigns.words import Words
from tests.conftest import X_KEYS

LONG = "Un quai, un train, une heure. " * 8


@pytest.fixture
async def priced(database, x):
    async with database.write() as session:
        channel = await session.get_one(Channel, x.id)
        channel.price_post, channel.price_link = 15, 200
    return channel


@pytest.fixture
def cost(database):
    async def read(post: Post) -> int:
        async with database.read() as session:
            found = await session.scalar(select(Publication.cost).where(Publication.post_id == post.id))
        assert found is not None
        return found

    return read


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"text": "Rendez-vous samedi"}, 15),
        ({"text": "Rendez-vous samedi", "link": "https://exemple.fr"}, 200),
        ({"text": "Tout est sur exemple.fr"}, 200),  # X makes a link of a bare domain
        ({"text": "Voir https://exemple.fr", "versions": {"x": "Rendez-vous samedi"}}, 15),  # what X gets counts
        ({"text": "Rendez-vous samedi", "versions": {"x": "Voir https://exemple.fr"}}, 200),
        ({"text": f"{LONG}\n---\n{LONG}"}, 30),  # a thread of two
        ({"text": f"{LONG}\n---\n{LONG}", "link": "https://exemple.fr"}, 215),  # its last part has the link
    ],
)
async def test_a_post_costs_what_goes_out_of_it(add, priced, cost, changes, expected):
    assert await cost(await add(priced, **changes)) == expected


async def test_the_address_of_the_notice_is_a_link_too(database, campaign, add, priced, cost):
    async with database.write() as session:
        row = await session.get_one(Campaign, campaign.id)
        row.sponsor_line, row.notice_url = "Payé par la liste", "https://exemple.fr/avis"
    assert await cost(await add(priced, text="Rendez-vous samedi")) == 200


async def test_an_edit_changes_what_a_post_will_cost(database, clock, add, priced, cost):
    post = await add(priced, text="Rendez-vous samedi")
    async with database.write() as session:
        row = await session.get_one(Post, post.id)
        await approval.edit(session, row, None, clock(), link="https://exemple.fr")
    assert await cost(post) == 200


async def test_a_channel_without_prices_costs_nothing(add, telegram, cost):
    assert await cost(await add(telegram, link="https://exemple.fr")) == 0


async def test_a_channel_of_x_costs_what_x_asks_unless_other_prices_are_set(database, add, x, cost):
    assert await cost(await add(x, text="Rendez-vous samedi")) == 15
    async with database.write() as session:
        channel = await session.get_one(Channel, x.id)
        set_terms(channel, Terms(price_post=0, price_link=0), "Europe/Paris")
        await add_channel(session, channel.campaign_id, "x", channel.name, X_KEYS)  # mended: its prices stay
    async with database.read() as session:
        channel = await session.get_one(Channel, x.id)
    assert (channel.price_post, channel.price_link) == (0, 0)


@pytest.mark.parametrize(
    ("thousandths", "english", "french"),
    [(15, "$0.015", "0,015\u202f$"), (200, "$0.200", "0,200\u202f$"), (650, "$0.650", "0,650\u202f$")],
)
def test_amounts_are_written_alike_everywhere(thousandths, english, french):
    assert dollars(thousandths) == Words("en").dollars(thousandths) == english
    assert Words("fr").dollars(thousandths) == Words("fr").counted(english) == french
