"""Who guesses waits: by client and account, by client, and more gently by account; and nobody for ever."""

from datetime import timedelta

from campaigns import login_attempts
from campaigns.database import Database
from campaigns.models import LoginAttempt
from campaigns.vault import Vault

HOME, AWAY = "192.0.2.1", "198.51.100.7"


async def attempt(database, clock, client=HOME, account="ines@exemple.org"):
    async with database.write() as session:
        return await login_attempts.attempt(session, client, account, clock())


async def fail(database, clock, times, client=HOME, account="ines@exemple.org"):
    for _ in range(times):
        assert await attempt(database, clock, client, account) is None


async def test_after_five_failures_a_client_waits_longer_and_longer_and_then_may_try(database, clock):
    await fail(database, clock, 5)
    assert await attempt(database, clock) == timedelta(minutes=1)
    clock.advance(timedelta(seconds=59))
    assert await attempt(database, clock) == timedelta(seconds=1)
    waits = []
    clock.advance(timedelta(seconds=1))
    for _ in range(30):
        wait = await attempt(database, clock)
        if wait is not None:
            waits.append(int(wait.total_seconds() // 60))
            clock.advance(wait)
    assert waits == sorted(waits) and waits[0] == 1 and waits[-1] == 15
    clock.advance(timedelta(hours=1))
    await fail(database, clock, 5)  # forgotten


async def test_a_restart_and_another_process_forget_nothing(database, clock):
    await fail(database, clock, 5)
    other = Database(database.url.render_as_string(), Vault("a key of the tests"))
    assert await attempt(other, clock) == timedelta(minutes=1)
    await other.close()


async def test_one_client_cannot_try_every_address(database, clock):
    for i in range(25):
        assert await attempt(database, clock, account=f"{i}@exemple.org") is None
    assert await attempt(database, clock, account="next@exemple.org") == timedelta(minutes=1)
    assert await attempt(database, clock, client=AWAY, account="0@exemple.org") is None


async def test_nobody_locks_an_organizer_out_from_elsewhere(database, clock):
    async with database.write() as session:
        await login_attempts.succeeded(session, HOME, "ines@exemple.org", clock())
    for i in range(30):  # from everywhere
        assert await attempt(database, clock, client=f"203.0.113.{i}") is None
    assert await attempt(database, clock, client="203.0.113.99") == timedelta(seconds=30)
    assert await attempt(database, clock) is None  # where she logged in before
    clock.advance(timedelta(seconds=30))
    assert await attempt(database, clock, client="203.0.113.99") is None  # and elsewhere after a moment


async def test_a_right_password_frees_its_own_account_alone(database, clock):
    await fail(database, clock, 4)
    await fail(database, clock, 5, account="other@exemple.org")
    async with database.write() as session:
        await login_attempts.succeeded(session, HOME, "INES@exemple.org", clock())
    await fail(database, clock, 5)
    assert await attempt(database, clock, account="other@exemple.org") == timedelta(minutes=1)


async def test_the_store_holds_no_address_of_who_tried(database, clock):
    await fail(database, clock, 1)
    async with database.read() as session:
        row = await session.get_one(LoginAttempt, 1)
    assert "ines" not in row.account and HOME not in row.client and len(row.account) == len(row.client) == 32
