"""The lists of e-mail relays: from a file, per territory, and how somebody leaves them for good."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from campaigns.addresses import (
    NewAddress,
    ReadAddresses,
    addresses_of,
    find_address,
    read_addresses,
    recipients_of,
    store_addresses,
    unsubscribe,
)
from campaigns.database import Database
from campaigns.installation import add_channel, add_territory, territories
from campaigns.models import Campaign, Channel, MailAddress, Territory
from campaigns.post_files import FileRefused

SITE = "https://site.example"
HEADER = "address,name,territory"
RELAY = {"host": "mail.example", "sender": "relais@region.example"}
PLACES = [Territory(id=1, campaign_id=1, name="Nord"), Territory(id=2, campaign_id=1, name="Montfleury")]
Read = Callable[..., ReadAddresses]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def write_and_read(*lines: str, encoding: str = "utf-8") -> ReadAddresses:
        (tmp_path / "list.csv").write_text("\n".join(lines), encoding)
        return read_addresses(tmp_path / "list.csv", PLACES)

    return write_and_read


@pytest.fixture
async def tree(database: Database, campaign: Campaign) -> dict[str, Territory]:
    """Nord > Montfleury > Quartier, and Sud beside them."""
    async with database.write() as session:
        north = await add_territory(session, campaign.id, "Nord")
        town = await add_territory(session, campaign.id, "Montfleury", north)
        quarter = await add_territory(session, campaign.id, "Quartier", town)
        south = await add_territory(session, campaign.id, "Sud")
    return {each.name: each for each in (north, town, quarter, south)}


async def store(
    database: Database, campaign: Campaign, now: datetime, *people: tuple[str, Territory | None]
) -> Sequence[MailAddress]:
    new = [NewAddress(f"{name.lower()}@a.example", name, place.id if place else None) for name, place in people]
    async with database.write() as session:
        await store_addresses(session, campaign.id, new, now)
        return await addresses_of(session, campaign.id, everybody=True)


def test_a_list_is_read_with_its_names_and_territories(read: Read) -> None:
    found = read(
        HEADER,
        "Anne@Section.Example,Anne,nord",
        ",,",
        "blaise@région.example,« Blaise »,Montfleury",
        "caro@a.example,,",
    )
    assert found.bad == ()
    assert found.addresses == (
        NewAddress("anne@section.example", "Anne", 1),
        NewAddress("blaise@région.example", "« Blaise »", 2),
        NewAddress("caro@a.example", "", None),
    )


def test_semicolons_a_byte_order_mark_and_missing_columns_do(read: Read) -> None:
    assert read("name;address", "Anne;anne@a.example", encoding="utf-8-sig").addresses[0].name == "Anne"
    assert read("address", "anne@a.example").addresses == (NewAddress("anne@a.example", "", None),)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("anne,Anne,", "line 3, column address: “anne” is not an e-mail address"),
        (",Anne,", "line 3, column address: is empty"),
        ("a b@c.example,Anne,", "line 3, column address"),
        ("x@c.example>,Anne,", "line 3, column address"),
        ("first@a.example,Anne,", "line 3, column address: “first@a.example” stands on line 2 already"),
        ("FIRST@A.example,Anne,", "stands on line 2 already"),
        (f"{'a' * 60}@{'b.' * 100}example,Anne,", "line 3, column address"),
        (
            "x@c.example,Anne,Ouest",
            "line 3, column territory: territory “Ouest” is unknown; there are: montfleury, nord",
        ),
        (f"x@c.example,{'n' * 101},", "line 3, column name: must be one line of at most 100 characters"),
        ('x@c.example,"Anne\nBcc: y@z.example",', "line 3, column name: must be one line"),
        ("x@c.example,Anne\x1b[31m,", "line 3, column name"),
    ],
)
def test_a_bad_line_is_named_with_its_line_and_column(read: Read, line: str, said: str) -> None:
    found = read(HEADER, "first@a.example,First,", line, "last@a.example,Last,")
    assert said in str(found.bad[0])
    assert [each.address for each in found.addresses] == ["first@a.example", "last@a.example"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("name,territory", "Anne,Nord"), "line 1: the columns are address, name, territory"),
        (("address,phone", "a@b.example,1"), "line 1: the columns are"),
        (("address,address", "a@b.example,c@d.example"), "line 1: the columns are"),
        ((), "line 1"),
        (("address", '"a@b.example'), "a quote may be missing"),
        (("address", "a@b.example,Anne"), "2 cells under 1 columns"),
    ],
)
def test_a_file_that_is_no_list_is_refused(read: Read, lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(FileRefused, match=said):
        read(*lines)


async def test_an_import_adds_changes_and_brings_nobody_back(
    database: Database, campaign: Campaign, clock: Callable[[], datetime], tree: dict[str, Territory]
) -> None:
    anne, _, caro = await store(database, campaign, clock(), ("Anne", None), ("Blaise", None), ("Caro", None))
    async with database.write() as session:
        await unsubscribe(session, caro.token, clock())
    again = [
        NewAddress("anne@a.example", "Anne Référente", tree["Nord"].id),
        NewAddress("blaise@a.example", "Blaise", None),
        NewAddress("caro@a.example", "Caro", None),
        NewAddress("dora@a.example", "Dora", None),
    ]
    async with database.write() as session:
        stored = await store_addresses(session, campaign.id, again, clock())
    assert (stored.added, stored.changed, stored.stayed_away) == (1, 1, 1)
    async with database.read() as session:
        known = {row.address: row for row in await addresses_of(session, campaign.id)}
        assert len(await territories(session, campaign.id)) == 4
    assert sorted(known) == ["anne@a.example", "blaise@a.example", "dora@a.example"]
    assert known["anne@a.example"].name == "Anne Référente" and known["anne@a.example"].token == anne.token


@pytest.mark.parametrize(
    ("place", "who"),
    [
        (None, ["Anne", "Blaise", "Caro", "Dora", "Elsa"]),  # a channel of the whole campaign
        ("Nord", ["Blaise", "Caro", "Dora"]),  # with all that is below
        ("Montfleury", ["Caro", "Dora"]),
        ("Quartier", ["Dora"]),
        ("Sud", ["Elsa"]),
    ],
)
async def test_a_channel_writes_to_its_territory_and_below(
    database: Database,
    campaign: Campaign,
    clock: Callable[[], datetime],
    tree: dict[str, Territory],
    place: str | None,
    who: list[str],
) -> None:
    people = [("Anne", None), ("Blaise", "Nord"), ("Caro", "Montfleury"), ("Dora", "Quartier"), ("Elsa", "Sud")]
    await store(database, campaign, clock(), *((name, tree.get(where or "")) for name, where in people))
    async with database.write() as session:
        channel = await add_channel(session, campaign.id, "mail", "Relais", RELAY, tree.get(place or ""))
        found = await recipients_of(session, channel, SITE)
    assert [each.name for each in found] == who


async def test_each_has_an_address_of_their_own_to_stop_it(
    database: Database, campaign: Campaign, clock: Callable[[], datetime]
) -> None:
    rows = await store(database, campaign, clock(), *((f"P{i}", None) for i in range(50)))
    tokens = {row.token for row in rows}
    assert len(tokens) == 50 and min(map(len, tokens)) >= 22  # 128 random bits
    async with database.read() as session:
        channel = Channel(campaign_id=campaign.id, network="mail", name="Relais")
        found = await recipients_of(session, channel, SITE)
    assert [each.unsubscribe_url for each in found] == [f"{SITE}/unsubscribe/{row.token}" for row in rows]


async def test_who_unsubscribes_gets_nothing_and_doing_it_twice_changes_nothing(
    database: Database, campaign: Campaign, clock: Callable[[], datetime]
) -> None:
    anne, _ = await store(database, campaign, clock(), ("Anne", None), ("Blaise", None))
    async with database.write() as session:
        assert await unsubscribe(session, anne.token, clock()) is not None
    async with database.write() as session:
        await unsubscribe(session, anne.token, clock() + timedelta(days=1))
        assert await unsubscribe(session, "nobody's", clock()) is None
    async with database.read() as session:
        row = await find_address(session, anne.token)
        channel = Channel(campaign_id=campaign.id, network="mail", name="Relais")
        assert [each.name for each in await recipients_of(session, channel, SITE)] == ["Blaise"]
    assert row is not None and row.unsubscribed_at == clock()


async def test_rival_campaigns_keep_their_lists_apart(
    database: Database, campaign: Campaign, rival: Campaign, clock: Callable[[], datetime]
) -> None:
    await store(database, campaign, clock(), ("Anne", None))
    await store(database, rival, clock(), ("Anne", None), ("Zoé", None))
    async with database.read() as session:
        channel = Channel(campaign_id=campaign.id, network="mail", name="Relais")
        assert [each.name for each in await recipients_of(session, channel, SITE)] == ["Anne"]
