"""kill -9 in the midst of a broadcast, and of updates, on the real program: nobody is skipped, nobody served twice."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import col, select

from campaigns import broadcasts, installation, supporters
from campaigns.models import Campaign, Handout, HandoutState, Purpose, Supporter
from campaigns.segments import Segment
from sandbox.client import SandboxClient
from tests.program import Program

TEXT = "Rendez-vous samedi à 13 h 45"
PEOPLE = 24


@pytest.fixture
async def people(program: Program, sandbox: SandboxClient) -> list[int]:
    """Supporters who have spoken with the running bot; their numbers on Telegram."""
    database, now = program.store(), datetime.now(UTC)
    found = [await sandbox.person(f"P{n}", language_code="fr") for n in range(PEOPLE)]
    async with database.write() as session:
        campaign = await installation.add_campaign(
            session, Campaign(slug="", name="Campagne", quiet_from=0, quiet_until=0), now
        )
        for number in found:
            joining = supporters.Joining(campaign.id, number, "P", "fr", frozenset({Purpose.contact}), now)
            await supporters.join(session, joining)
    await database.close()
    await program.start()
    for number in found:
        await sandbox.start(number)
    await sandbox.updates_taken()
    return found


async def begin(program: Program) -> None:
    """Start a broadcast to everybody, as another process would."""
    database, now = program.store(), datetime.now(UTC)
    async with database.write() as session:
        (campaign,) = await installation.campaigns(session)
        made = await broadcasts.add_broadcast(session, Segment(campaign.id), TEXT, now)
        await broadcasts.approve(session, made, None, now)
        await broadcasts.start(session, made, None, now)
    await database.close()


async def rows(program: Program) -> dict[int, HandoutState]:
    database = program.store()
    async with database.read() as session:
        query = select(col(Supporter.telegram_id), col(Handout.state)).join(Handout)
        found = {row[0]: row[1] for row in await session.execute(query)}
    await database.close()
    return found


@pytest.mark.parametrize("stage", ["before", "after"])
async def test_killed_in_the_midst_of_a_broadcast_it_goes_on_where_it_stopped(
    program: Program, sandbox: SandboxClient, people: list[int], stage: str
) -> None:
    """The stand-in holds a message before, or after, it accepted it, so that the program dies at exactly that step."""
    victim = people[PEOPLE // 2]
    hold = await sandbox.hold("telegram", "sendMessage", stage, target=victim)
    await begin(program)
    await sandbox.held(hold)
    await program.kill()
    await sandbox.clear_faults()
    await program.start()
    await program.line("broadcast 1 has reached everybody")
    states = await rows(program)
    got = dict.fromkeys(people, 0)
    for entry in await sandbox.ledger(service="telegram"):
        if entry["text"] == TEXT:
            got[int(entry["channel"])] += 1
    assert max(got.values()) == 1
    assert got[victim] == (stage == "after")
    assert states[victim] is HandoutState.unknown
    assert set(states) == set(people)
    assert {number for number, times in got.items() if not times} <= {
        number for number, state in states.items() if state is HandoutState.unknown
    }
    assert list(states.values()).count(HandoutState.sent) > PEOPLE // 2


async def test_killed_with_updates_in_hand_every_person_is_answered_after_the_restart(
    program: Program, sandbox: SandboxClient, people: list[int]
) -> None:
    asking = people[:6]
    holds = [await sandbox.hold("telegram", "sendMessage", "before", target=number) for number in asking[:3]]
    for number in asking:
        await sandbox.say(number, "/help")
    for hold in holds:
        await sandbox.held(hold)
    await program.kill()
    await sandbox.clear_faults()
    await program.start()
    for number in asking:
        await sandbox.wait_for(number, lambda chat: _says(chat, "/badge"))


def _says(chat: dict[str, Any], text: str) -> bool:
    return any(text in (message.get("text") or "") for message in chat["messages"])
