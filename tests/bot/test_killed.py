"""kill -9 on the real program while many people's updates are in hand: what Telegram was told is done, is done."""

from collections import Counter
from datetime import UTC, datetime

from sqlmodel import select

from campaigns.installation import add_campaign
from campaigns.models import Campaign, Consent, Participation
from sandbox.client import SandboxClient
from tests.bot.conftest import Person
from tests.bot.lives import by_both_ways
from tests.program import Program

PEOPLE = 60
STEPS = ("join:contact:yes:1", "join:counting:yes:1")


async def killed_in_the_middle(program: Program, sandbox: SandboxClient, acts: list[dict[str, object]]) -> None:
    """All act at once; the answer to one in the middle hangs, and the program dies. Whoever's update was confirmed has theirs."""
    people = [int(str(act["person"])) for act in acts]
    before = len(await sandbox.ledger("telegram"))
    gate = await sandbox.hold("telegram", "sendMessage", target=people[PEOPLE // 2])
    await sandbox.crowd(acts)
    first = max(await sandbox.updates_left()) - PEOPLE + 1
    await sandbox.held(gate, within=60)
    await program.kill()
    left = {people[number - first] for number in await sandbox.updates_left() if number >= first}
    answered = {int(entry["channel"]) for entry in (await sandbox.ledger("telegram"))[before:]}
    assert people[PEOPLE // 2] in left, "the update whose answer hung was confirmed"
    assert set(people) - left <= answered, "an update was confirmed whose answer nobody got"
    await program.start()
    await sandbox.updates_taken(60)
    answered = {int(entry["channel"]) for entry in (await sandbox.ledger("telegram"))[before:]}
    assert answered == set(people)


@by_both_ways
async def test_no_update_that_was_confirmed_is_lost_and_none_counts_twice(
    program: Program, sandbox: SandboxClient, updates: str
) -> None:
    program.set(BOT_UPDATES=updates, PUBLIC_URL=program.site)
    database = program.store()
    async with database.write() as session:
        await add_campaign(session, Campaign(slug="", name="La Région qui ose"), datetime.now(UTC))
    await program.start()
    crowd = [Person(sandbox, await sandbox.person(f"Ami {n}", language_code="fr"), f"Ami {n}") for n in range(PEOPLE)]
    await killed_in_the_middle(program, sandbox, [{"person": who.id, "action": "start"} for who in crowd])
    for step in STEPS:
        taps = []
        for who in crowd:
            message, data = await who.find(step)
            taps.append({"person": who.id, "action": "tap", "message_id": message, "data": data})
        await killed_in_the_middle(program, sandbox, taps)
    async with database.read() as session:
        joined = list(await session.scalars(select(Participation)))
        agreed = Counter(row.supporter_id for row in await session.scalars(select(Consent)))
    await database.close()
    assert len(joined) == len({row.supporter_id for row in joined}) == PEOPLE
    assert set(agreed.values()) == {2}  # each yes is written once, however often its update came
