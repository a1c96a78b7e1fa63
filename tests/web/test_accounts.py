"""An organizer's own page, the team's page and invitations, as a browser meets them."""

import re
from typing import Any

import httpx
import pyotp
import pytest
from sqlmodel import select

from campaigns import installation
from campaigns.models import Audit, Organizer, OrganizerRole, Role
from tests.web.conftest import PASSWORD, token_in

TEAM = "/console/c/orne/setup/organizers"
ACCOUNT = "/console/account"


@pytest.fixture
async def admin(world: Any, browser: httpx.AsyncClient, enter: Any) -> str:
    """Logged in as the campaign's admin; the form's token."""
    async with world.database.write() as session:
        await installation.add_organizer(
            session, world.orne.id, "admin@example.org", "Alix", PASSWORD, Role.admin, world.clock()
        )
    token: str = await enter("admin@example.org")
    return token


async def actions(world: Any) -> list[str]:
    async with world.database.read() as session:
        return list((await session.scalars(select(Audit.action).order_by(Audit.id))).all())


async def test_somebody_is_invited_sets_name_and_password_and_writes(
    world: Any, browser: httpx.AsyncClient, visit: Any, admin: str
) -> None:
    data = {"csrf": admin, "email": "lou@example.org", "role": "editor", "territory": ""}
    page = (await browser.post(f"{TEAM}/invite", data=data)).text
    link = re.search(r"http://site\.test(/console/invite/[\w-]+)", page)
    assert link is not None
    assert link[1] not in (await browser.get(TEAM)).text  # shown once
    async with visit() as lou:
        form = await lou.get(link[1])
        assert "Des trains pour l’Orne" in form.text and "lou@example.org" in form.text
        short = {"csrf": token_in(form.text), "name": "Lou", "password": "short"}
        wrong = await lou.post(link[1], data=short)
        assert wrong.status_code == 422 and 'value="Lou"' in wrong.text
        joined = await lou.post(link[1], data=short | {"password": PASSWORD})
        assert joined.headers["location"] == "/console/c/orne"
        assert (await lou.get("/console/c/orne/posts/new")).status_code == 200
        assert (await lou.get(TEAM)).status_code == 403  # an editor invites nobody
        assert (await lou.get(link[1])).status_code == 404  # once
    assert "lou@example.org" in (await browser.get(TEAM)).text
    assert (await actions(world))[-2:] == ["organizer invited", "organizer joined"]


async def test_who_has_an_account_takes_the_role_only_as_themselves(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, admin: str
) -> None:
    data = {"csrf": admin, "email": "rival@example.org", "role": "viewer", "territory": ""}
    page = (await browser.post(f"{TEAM}/invite", data=data)).text
    link = re.search(r"http://site\.test(/console/invite/[\w-]+)", page)
    assert link is not None
    async with visit() as thief:
        form = (await thief.get(link[1])).text
        assert "has an account already" in form and 'name="password"' not in form
        sent = {"csrf": await enter("editor@example.org", thief), "name": "x", "password": PASSWORD}
        assert (await thief.post(link[1], data=sent)).status_code == 422
    async with visit() as rival:
        token = await enter("rival@example.org", rival)
        assert (await rival.post(link[1], data={"csrf": token})).headers["location"] == "/console/c/orne"
        assert (await rival.get("/console/c/orne/posts")).status_code == 200


async def test_an_admin_changes_a_role_and_takes_it_away(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, admin: str
) -> None:
    async with visit() as editor:
        await enter("editor@example.org", editor)
        data = {"csrf": admin, "role": "approver", "territory": ""}
        await browser.post(f"{TEAM}/{world.editor.id}/role", data=data)
        assert (await editor.get("/console/c/orne/posts")).headers["location"] == "/console/login"
        await enter("editor@example.org", editor)
        await browser.post(f"{TEAM}/{world.editor.id}/remove", data={"csrf": admin})
        assert (await editor.get("/console/c/orne/posts")).headers["location"] == "/console/login"
    refused = await browser.post(f"{TEAM}/{await own_id(world)}/remove", data={"csrf": admin})
    assert refused.status_code == 422 and "last admin stays" in refused.text


async def own_id(world: Any) -> int:
    async with world.database.read() as session:
        return (await session.scalars(select(Organizer.id).where(Organizer.email == "admin@example.org"))).one()


async def test_codes_are_set_up_by_a_picture_and_turned_off_with_password_and_code(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, admin: str
) -> None:
    page = (await browser.get(f"{ACCOUNT}/codes")).text
    assert 'src="data:image/svg+xml' in page
    secret = re.search(r"\b[A-Z2-7]{32}\b", page)
    assert secret is not None
    totp = pyotp.TOTP(secret[0])
    wrong = await browser.post(f"{ACCOUNT}/codes", data={"csrf": admin, "code": "000000"})
    assert wrong.status_code == 422 and secret[0] in wrong.text
    done = (await browser.post(f"{ACCOUNT}/codes", data={"csrf": admin, "code": totp.at(world.clock())})).text
    recovery = re.findall(r"\b[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}\b", done)
    assert len(recovery) == 10
    assert secret[0] not in (await browser.get(f"{ACCOUNT}/codes")).text
    world.clock.move(minutes=1)
    off = {"csrf": admin, "password": "wrong password", "code": totp.at(world.clock())}
    assert (await browser.post(f"{ACCOUNT}/codes/off", data=off)).status_code == 422
    assert (
        await browser.post(f"{ACCOUNT}/codes/off", data=off | {"password": PASSWORD, "code": "1"})
    ).status_code == 422
    assert (await browser.post(f"{ACCOUNT}/codes/off", data=off | {"password": PASSWORD})).status_code == 303
    assert (await actions(world))[-2:] == ["second factor set up", "second factor turned off"]


async def test_an_admin_resets_the_codes_of_somebody_who_lost_their_telephone(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, admin: str
) -> None:
    async with visit() as editor:
        token = await enter("editor@example.org", editor)
        secret = re.search(r"\b[A-Z2-7]{32}\b", (await editor.get(f"{ACCOUNT}/codes")).text)
        assert secret is not None
        code = pyotp.TOTP(secret[0]).at(world.clock())
        await editor.post(f"{ACCOUNT}/codes", data={"csrf": token, "code": code})
        assert "Logs in with a code" in (await browser.get(TEAM)).text
        await browser.post(f"{TEAM}/{world.editor.id}/reset-codes", data={"csrf": admin})
        await enter("editor@example.org", editor)  # the password alone does
    assert "second factor reset" in await actions(world)


async def test_a_new_password_needs_the_old_one_and_logs_the_others_out(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any
) -> None:
    token = await enter()
    async with visit() as elsewhere:
        await enter("editor@example.org", elsewhere)
        sent = {"csrf": token, "present": "wrong", "new": "another long password"}
        assert (await browser.post(f"{ACCOUNT}/password", data=sent)).status_code == 422
        sent["present"] = PASSWORD
        assert (await browser.post(f"{ACCOUNT}/password", data=sent | {"new": "short"})).status_code == 422
        assert (await browser.post(f"{ACCOUNT}/password", data=sent)).status_code == 303
        assert (await browser.get(ACCOUNT)).status_code == 200
        assert (await elsewhere.get(ACCOUNT)).headers["location"] == "/console/login"


async def test_log_out_everywhere_is_everywhere(world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any) -> None:
    token = await enter()
    async with visit() as elsewhere:
        await enter("editor@example.org", elsewhere)
        assert (await browser.get(ACCOUNT)).text.count("Firefox, Linux") == 2
        await browser.post(f"{ACCOUNT}/log-out-everywhere", data={"csrf": token})
        for client in (browser, elsewhere):
            assert (await client.get(ACCOUNT)).headers["location"] == "/console/login"


async def test_the_language_and_the_bots_link_are_their_own(world: Any, browser: httpx.AsyncClient, enter: Any) -> None:
    token = await enter()
    assert "?start=o-" in (await browser.post(f"{ACCOUNT}/bot", data={"csrf": token})).text
    await browser.post(f"{ACCOUNT}/language", data={"csrf": token, "language": "en"})
    async with world.database.read() as session:
        assert (await session.get_one(Organizer, world.editor.id)).language == "en"


async def test_the_audit_is_paged_filtered_and_the_admins(
    world: Any, browser: httpx.AsyncClient, enter: Any, admin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from web.console import audit_trail

    monkeypatch.setattr(audit_trail, "A_PAGE", 1)
    for role in ("approver", "viewer"):
        data = {"csrf": admin, "role": role, "territory": ""}
        await browser.post(f"{TEAM}/{world.editor.id}/role", data=data)
    page = (await browser.get("/console/c/orne/setup/audit")).text
    assert "approver -&gt; viewer" in page and "Camille" in page and "editor -&gt; approver" not in page
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older is not None
    second = (await browser.get("/console/c/orne/setup/audit" + older[1].replace("&amp;", "&"))).text
    assert "editor -&gt; approver" in second
    only = (await browser.get("/console/c/orne/setup/audit?kind=scheduled")).text
    assert "Signez la pétition" in only and "viewer" not in re.sub(r"<option.*?</option>", "", only)


async def test_an_admin_of_a_territory_sees_its_team_alone(
    world: Any, browser: httpx.AsyncClient, enter: Any, admin: str, visit: Any
) -> None:
    async with world.database.write() as session:
        place = await installation.add_territory(session, world.orne.id, "Flers")
        held = await session.get_one(OrganizerRole, (world.editor.id, world.orne.id))
        held.role, held.territory_id = Role.admin, place.id
    async with visit() as section:
        token = await enter("editor@example.org", section)
        page = (await section.get(TEAM)).text
        assert "Camille" in page and "admin@example.org" not in page
        data = {"csrf": token, "email": "new@example.org", "role": "admin", "territory": ""}
        refused = await section.post(f"{TEAM}/invite", data=data)
        assert refused.status_code == 422 and "beyond your territory" in refused.text
        assert (await section.get("/console/c/orne/setup/audit")).status_code == 403
