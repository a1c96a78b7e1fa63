"""Codes of a telephone: once each, a step of drift, recovery codes, and nothing of them to read in the store."""

from datetime import timedelta

import pyotp
import pytest

from campaigns import installation, second_factors
from campaigns.database import Database
from campaigns.models import Role, SecondFactor
from campaigns.second_factors import SecondFactorLost
from campaigns.vault import Vault

STEP = timedelta(seconds=second_factors.STEP)


@pytest.fixture
async def ines(database, campaign, clock):
    async with database.write() as session:
        return await installation.add_organizer(
            session, campaign.id, "ines@exemple.org", "Inès", "motdepasse-long", Role.admin, clock()
        )


@pytest.fixture
async def telephone(database, ines, clock):
    """A telephone that was set up a minute ago; its recovery codes hang on it."""
    async with database.write() as session:
        setup = await second_factors.begin(session, ines, clock())
        totp = pyotp.TOTP(setup.secret)
        totp.codes = await second_factors.confirm(session, ines.id, totp.at(clock()), clock())
    clock.advance(2 * STEP)
    return totp


async def passes(database, ines, code, clock):
    async with database.write() as session:
        return await second_factors.passes(session, ines.id, code, clock())


async def test_it_counts_from_the_first_right_code_on(database, ines, clock):
    async with database.write() as session:
        setup = await second_factors.begin(session, ines, clock())
        assert setup.address.startswith("otpauth://totp/Porte-voix:ines%40exemple.org?secret=")
        assert (await second_factors.begin(session, ines, clock())).secret == setup.secret  # the page loaded again
        assert await second_factors.factor_of(session, ines.id) is None
        assert await second_factors.confirm(session, ines.id, "000000", clock()) is None
        codes = await second_factors.confirm(session, ines.id, pyotp.TOTP(setup.secret).at(clock()), clock())
        assert codes is not None and len(set(codes)) == 10
        assert await second_factors.factor_of(session, ines.id) is not None
        with pytest.raises(ValueError, match="already"):
            await second_factors.begin(session, ines, clock())
        stored = await session.get_one(SecondFactor, ines.id)
    assert setup.secret not in stored.secret


@pytest.mark.parametrize(
    ("off", "taken"),
    [
        (0, True),
        (1, True),  # the telephone is ahead by a step
        (-1, True),  # or behind
        (2, False),
        (-2, False),
    ],
)
async def test_a_telephone_may_be_off_by_one_step(database, ines, telephone, clock, off, taken):
    clock.advance(2 * STEP)
    assert await passes(database, ines, telephone.at(clock() + off * STEP), clock) is taken


async def test_no_code_does_twice(database, ines, telephone, clock):
    now, before = telephone.at(clock()), telephone.at(clock() - STEP)
    assert await passes(database, ines, f"{now[:3]} {now[3:]}", clock)
    assert not await passes(database, ines, now, clock)
    assert not await passes(database, ines, before, clock)  # older than one that was taken
    clock.advance(STEP)
    assert await passes(database, ines, telephone.at(clock()), clock)


@pytest.mark.parametrize("code", ["", "0", "abcdef", "１２３４５６", "é" * 200, "-"])
async def test_odd_codes_do_not_pass(database, ines, telephone, clock, code):
    assert not await passes(database, ines, code, clock)


async def test_each_recovery_code_does_once(database, ines, telephone, clock):
    first, second, *_ = telephone.codes
    assert await passes(database, ines, first.upper().replace("-", " "), clock)
    assert not await passes(database, ines, first, clock)
    assert await passes(database, ines, second, clock)
    async with database.write() as session:
        assert await second_factors.left(session, ines.id) == 8
        renewed = await second_factors.renew_recovery_codes(session, ines.id)
        assert await second_factors.left(session, ines.id) == 10
    assert not await passes(database, ines, telephone.codes[2], clock)
    assert await passes(database, ines, renewed[0], clock)


async def test_nothing_of_it_is_left_when_it_is_taken_away(database, ines, telephone, clock):
    async with database.write() as session:
        await second_factors.remove(session, ines.id)
        assert await second_factors.left(session, ines.id) == 0
    assert not await passes(database, ines, telephone.codes[0], clock)


async def test_with_another_key_it_says_so_and_a_new_key_carries_it_over(database, ines, telephone, clock):
    other = Database(database.url.render_as_string(), Vault("another"))
    with pytest.raises(SecondFactorLost):
        await passes(other, ines, telephone.at(clock()), clock)
    async with other.write() as session:
        assert await second_factors.lock_anew(session) == (0, [ines.id])
    await other.close()
    both = Database(database.url.render_as_string(), Vault("another", "a key of the tests"))
    async with both.write() as session:
        assert await second_factors.lock_anew(session) == (1, [])
    await both.close()
    alone = Database(database.url.render_as_string(), Vault("another"))
    assert await passes(alone, ines, telephone.at(clock()), clock)
    await alone.close()
