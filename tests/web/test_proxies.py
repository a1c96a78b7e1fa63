"""Who somebody is behind a proxy: what it says of them counts where the settings name it, and nowhere else."""

from typing import Any

import httpx
import pytest
from sqlmodel import select

from campaigns.models import LoginAttempt
from campaigns.vault import Vault
from tests.web.conftest import HUMAN, KEY, visitor


def behind(world: Any, trusted: str, peer: str = "127.0.0.1") -> httpx.AsyncClient:
    """A visitor whose connection comes from `peer`, to an installation that trusts those proxies."""
    client = visitor(world.app(settings=world.settings.model_copy(update={"trusted_proxies": trusted})))
    client._transport.client = (peer, 1234)  # type: ignore[attr-defined]
    return client


async def guess(client: httpx.AsyncClient, csrf: Any, said: str) -> int:
    token = csrf((await client.get("/console/login")).text)
    form = {"csrf": token, "email": "editor@example.org", "password": "wrong"}
    return (await client.post("/console/login", data=form, headers={"x-forwarded-for": said})).status_code


@pytest.mark.parametrize(
    ("trusted", "peer", "said", "believed"),
    [
        ("127.0.0.1,::1", "127.0.0.1", "203.0.113.7", "203.0.113.7"),  # a proxy on the machine itself
        ("127.0.0.1,::1", "::1", "203.0.113.7", "203.0.113.7"),
        ("10.1.0.0/16", "10.1.2.3", "203.0.113.7", "203.0.113.7"),  # one of several, by their network
        ("10.1.0.0/16", "10.2.0.1", "203.0.113.7", "10.2.0.1"),  # a stranger who says to be somebody else
        ("", "127.0.0.1", "203.0.113.7", "127.0.0.1"),  # nobody is trusted
        ("10.1.0.0/16", "10.1.2.3", "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # what the visitor wrote in front
        ("10.1.0.0/16", "10.1.2.3", "203.0.113.7, 10.1.9.9", "203.0.113.7"),  # two proxies, one behind the other
        ("10.1.0.0/16", "10.1.2.3", "", "10.1.2.3"),
    ],
)
async def test_the_address_of_a_visitor_is_what_a_trusted_proxy_says(
    world: Any, csrf: Any, trusted: str, peer: str, said: str, believed: str
) -> None:
    async with behind(world, trusted, peer) as client:
        assert await guess(client, csrf, said) == 422
    async with world.database.read() as session:
        (attempt,) = await session.scalars(select(LoginAttempt))
    assert attempt.client == Vault(KEY).fingerprint(believed, "client")


async def test_who_guesses_passwords_waits_on_every_replica_whatever_they_say_of_themselves(
    world: Any, csrf: Any
) -> None:
    stranger = {"trusted": "10.1.0.0/16", "peer": "203.0.113.7"}
    async with behind(world, **stranger) as here, behind(world, **stranger) as there:
        said = [await guess((here, there)[i % 2], csrf, f"198.51.100.{i}") for i in range(6)]
    assert said == [422] * 5 + [429]


async def test_two_people_behind_one_proxy_are_two_visits(world: Any) -> None:
    async with behind(world, "10.1.0.0/16", "10.1.2.3") as client:
        for address in ("203.0.113.7", "203.0.113.8", "203.0.113.7"):
            headers = {"user-agent": HUMAN, "x-forwarded-for": address}
            assert (await client.get(f"/s/{world.link.token}", headers=headers)).status_code == 302
    assert await world.visits() == 2
