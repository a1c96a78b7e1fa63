"""What is stored of a person: nothing is missing from the export, and nothing is left by the erasure."""

import base64
import json
from datetime import timedelta

import pytest
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Table
from sqlmodel import SQLModel, col, func, select

from campaigns import broadcast_watches, broadcasts, interests, leaders, own_data, share_kits, supporters
from campaigns.engagement import Act, record
from campaigns.installation import add_organizer, add_territory
from campaigns.models import (
    Broadcast,
    ChatMenu,
    ChosenInterest,
    Click,
    Dialogue,
    Event,
    EventSignup,
    Handout,
    HandoutState,
    Interest,
    Kind,
    Mission,
    MissionSignup,
    Occasion,
    Organizer,
    OwnWording,
    Participation,
    Role,
    ShareLink,
    SignupMessage,
    Suggestion,
    Supporter,
    WallBadge,
)
from campaigns.segments import Segment

SITE = "https://ose.example.org"
MAELLE, NOE = 7_204_511_983, 43


def referring(metadata: MetaData) -> dict[str, list[str]]:
    """Table -> its columns that lead to a person, by whatever way: this test's own walk, not the program's."""
    people = {"supporter"}
    found: dict[str, list[str]] = {}
    while True:
        found = {
            name: [
                column.name
                for column in table.columns
                if isinstance(column.type, BigInteger)
                or any(k.column.table.name in people for k in column.foreign_keys)
            ]
            for name, table in metadata.tables.items()
        }
        # What a person wrote to others, or an organizer does at work, leads to rows that are not theirs.
        reached = people | {n for n, columns in found.items() if columns} - {"broadcast", "organizer"}
        if reached == people:
            return {name: columns for name, columns in found.items() if columns}
        people = reached


@pytest.fixture
def lived(database, join, add, campaign, rival, clock):
    """A person with a row of their own in every table that can hold one, in two campaigns."""

    async def live(telegram_id: int) -> Supporter:
        person, place = await join(telegram_id)
        await join(telegram_id, campaign_id=rival.id)
        post = await add(link="https://exemple.org")
        async with database.write() as session:
            canton = await add_territory(session, campaign.id, f"Canton {telegram_id}")
            (await session.get_one(Participation, place.id)).territory_id = canton.id
            theme = Interest(campaign_id=campaign.id, name=f"Trains {telegram_id}")
            session.add(theme)
            await session.flush()
            await interests.choose_interests(session, place, [theme.id])
            kit = await share_kits.share_kit(session, post, person, SITE, clock())
            link = await session.scalar(select(ShareLink).where(col(ShareLink.token) == kit.link.rpartition("/")[2]))
            session.add(Click(link_id=link.id, visitor="a stranger", clicked_at=clock()))
            await record(
                session, [Act(campaign.id, Kind.said_shared, clock(), person.id, post.id, "x", f"{person.id}:x")]
            )
            session.add(OwnWording(post_id=post.id, supporter_id=person.id, text="Venez en train", written_at=clock()))
            session.add(Handout(post_id=post.id, supporter_id=person.id, state=HandoutState.sent, sent_at=clock()))
            written = await broadcasts.add_broadcast(
                session, Segment(campaign.id, canton.id), "Rendez-vous à la gare", clock(), supporter_id=person.id
            )
            seat = await leaders.appoint(session, canton, clock())
            await leaders.accept(session, seat.link_code, person, clock())
            await broadcast_watches.watch(session, written.id, 7, supporter_id=person.id)
            session.add(ChatMenu(chat_id=telegram_id, language="fr", roles="leader"))
            session.add(
                WallBadge(
                    campaign_id=campaign.id,
                    supporter_id=person.id,
                    first_name="Maëlle",
                    picture=b"\xff\xd8",
                    token=f"t{telegram_id}",
                    wording="wall",
                    language="fr",
                    shown_at=clock(),
                )
            )
            mission = Mission(
                campaign_id=campaign.id, title="Marché", place="Halle", starts_at=clock(), created_at=clock()
            )
            session.add(mission)
            await session.flush()
            session.add(
                MissionSignup(
                    mission_id=mission.id,
                    supporter_id=person.id,
                    signed_up_at=clock(),
                    reported_at=clock(),
                    doors=42,
                    remark="Bon accueil",
                )
            )
            event = Event(
                campaign_id=campaign.id,
                code=f"e{telegram_id}",
                title="Rassemblement",
                place="Halle",
                starts_at=clock() + timedelta(days=3),
                ends_at=clock() + timedelta(days=4),
                created_at=clock(),
            )
            session.add(event)
            await session.flush()
            coming = EventSignup(event_id=event.id, supporter_id=person.id, signed_up_at=clock())
            session.add(coming)
            await session.flush()
            session.add(
                SignupMessage(
                    event_signup_id=coming.id,
                    supporter_id=person.id,
                    occasion=Occasion.reminder,
                    due_at=clock(),
                    needed_by=clock(),
                    not_before=clock(),
                )
            )
            session.add(
                Suggestion(campaign_id=campaign.id, supporter_id=person.id, text="Des vélos", written_at=clock())
            )
            session.add(Dialogue(chat_id=telegram_id, step="badge", data={"name": "Maëlle"}, updated_at=clock()))
            organizer = await add_organizer(
                session, campaign.id, f"o{telegram_id}@exemple.fr", "Maëlle", "un mot de passe", Role.editor, clock()
            )
            (await session.get_one(Organizer, organizer.id)).telegram_id = telegram_id
        return person

    return live


async def test_the_export_holds_a_row_of_every_table_that_refers_to_a_person(database, lived):
    """Whoever adds such a table adds a row of it to `lived` above, and sees that export and erasure know it."""
    await lived(MAELLE)
    async with database.read() as session:
        data = await own_data.own_data(session, MAELLE)
    assert set(data.rows) == set(referring(SQLModel.metadata)) - own_data.OF_OTHERS
    assert {table.name for table in own_data.tables_of_people()} == set(data.rows)


async def test_the_erasure_leaves_no_row_that_refers_to_the_person(database, lived, clock):
    person, other = await lived(MAELLE), await lived(NOE)
    columns = referring(SQLModel.metadata)

    async def left(who: Supporter) -> dict[str, int]:
        places = {
            p.id for p in await session.scalars(select(Participation).where(col(Participation.supporter_id) == who.id))
        }
        counts = {}
        for name in set(columns) - own_data.OF_OTHERS - {"organizer"}:  # an organizer is no supporter
            table = SQLModel.metadata.tables[name]
            for column in columns[name]:
                to = {key.column.table.name for key in table.c[column].foreign_keys}
                mine = places if "participation" in to else {who.id} if "supporter" in to else {who.telegram_id}
                counts[name] = await session.scalar(
                    select(func.count()).select_from(table).where(table.c[column].in_(mine))
                )
        return counts

    async with database.read() as session:
        before = await left(person)
        chosen = await session.scalar(select(func.count()).select_from(ChosenInterest))
        sent = await session.scalar(select(func.count()).select_from(Handout))
    assert all(before.values())
    async with database.write() as session:
        await supporters.forget(session, await supporters.find_supporter(session, MAELLE), clock())
    async with database.read() as session:
        assert not any((await left(person)).values())
        assert all((await left(other)).values())  # of others nothing goes
        assert await session.scalar(select(func.count()).select_from(ChosenInterest)) == chosen - 1
        assert await session.scalar(select(func.count()).select_from(Handout)) == sent  # the count stays
        assert {row.text for row in await session.scalars(select(Broadcast))} == {"Rendez-vous à la gare"}


def test_a_new_table_that_refers_to_a_person_is_found_by_itself():
    metadata = MetaData()
    for name, target in (("supporter", None), ("participation", "supporter.id"), ("promise", "participation.id")):
        more = [Column("whose", ForeignKey(target))] if target else []
        Table(name, metadata, Column("id", Integer, primary_key=True), *more)
    Table("shouting", metadata, Column("chat_id", BigInteger, primary_key=True))
    Table("weather", metadata, Column("id", Integer, primary_key=True))
    found = {table.name for table in own_data.tables_of_people(metadata)}
    assert found == set(referring(metadata)) - {"supporter"} == {"participation", "promise", "shouting"}


async def test_nothing_of_another_person_and_no_secret_of_the_console_is_in_it(database, lived, clock):
    person, other = await lived(MAELLE), await lived(NOE)
    async with database.read() as session:
        data = await own_data.own_data(session, MAELLE)
        theirs = await session.scalar(select(Organizer).where(col(Organizer.telegram_id) == MAELLE))
    written = own_data.as_json(data, clock()).decode()
    assert "argon2" not in written and theirs.password_hash not in written
    for rows in data.rows.values():
        assert all(row.get("supporter_id", person.id) == person.id != other.id for row in rows)
    assert f"Trains {NOE}" not in written and f"o{NOE}@exemple.fr" not in written


async def test_the_file_can_be_read_and_names_what_its_numbers_stand_for(database, lived, campaign, rival, clock):
    await lived(MAELLE)
    clock.advance(timedelta(days=1))
    async with database.read() as session:
        data = await own_data.own_data(session, MAELLE)
    read = json.loads(own_data.as_json(data, clock()))
    assert read["made_at"] == clock().isoformat()
    assert read["names"]["campaign"] == {str(campaign.id): campaign.name, str(rival.id): rival.name}
    assert read["names"]["interest"] == {"1": f"Trains {MAELLE}"}
    assert read["rows"]["supporter"][0]["first_name"] == f"Maëlle {MAELLE}"
    assert {row["campaign_id"] for row in read["rows"]["participation"]} == {campaign.id, rival.id}
    assert {row["purpose"] for row in read["rows"]["consent"]} >= {"contact", "counting", "ranking"}
    assert base64.b64decode(read["rows"]["wall_badge"][0]["picture"]) == b"\xff\xd8"
    assert read["rows"]["dialogue"][0]["data"] == {"name": "Maëlle"}


async def test_of_a_stranger_there_is_nothing(database, lived):
    await lived(MAELLE)
    async with database.read() as session:
        assert not await own_data.own_data(session, 1)
