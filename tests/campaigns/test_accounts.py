"""Organizers are invited, given other roles, sent away; sessions end with it, and each act is kept."""

from datetime import timedelta

import pytest
from sqlmodel import select

from campaigns import accounts, installation, sign_ins
from campaigns.accounts import AccountRefused
from campaigns.models import Audit, Campaign, OrganizerInvite, OrganizerRole, Role, Territory

PASSWORD = "une phrase longue"


class Team:
    """A campaign's organizers, by their first names."""

    def __init__(self, database, campaign, clock):
        self.database, self.campaign, self.clock = database, campaign, clock
        self.ids = {}

    async def join(self, name, role, territory=None, campaign=None):
        async with self.database.write() as session:
            where = campaign or self.campaign
            made = await installation.add_organizer(
                session, where.id, f"{name}@exemple.org", name, PASSWORD, role, self.clock()
            )
            (await session.get_one(OrganizerRole, (made.id, where.id))).territory_id = territory and territory.id
        self.ids[name] = made.id
        return made

    async def act(self, use_case, *args):
        async with self.database.write() as session:
            return await use_case(session, self.campaign.id, *args, self.clock())

    async def sign_in(self, name):
        async with self.database.write() as session:
            return await sign_ins.open_session(session, self.ids[name], self.clock())

    async def is_in(self, token):
        async with self.database.read() as session:
            return await sign_ins.who_is(session, token, self.clock()) is not None

    async def audit(self):
        async with self.database.read() as session:
            rows = (await session.scalars(select(Audit).order_by(Audit.id))).all()
        names = {ident: name for name, ident in self.ids.items()} | {None: ""}
        return [(names[r.organizer_id], r.action, names.get(r.about_id, "?"), r.detail) for r in rows]


@pytest.fixture
async def team(database, campaign, clock):
    made = Team(database, campaign, clock)
    await made.join("ada", Role.admin)
    await made.join("eve", Role.editor)
    return made


@pytest.fixture
async def places(database, campaign):
    """Nord, with Lille below it; and Sud."""
    async with database.write() as session:
        nord = await installation.add_territory(session, campaign.id, "Nord")
        return {
            "Nord": nord,
            "Lille": await installation.add_territory(session, campaign.id, "Lille", nord),
            "Sud": await installation.add_territory(session, campaign.id, "Sud"),
        }


async def test_an_invitation_works_once_and_not_for_ever(team, database, clock):
    token = await team.act(accounts.invite, team.ids["ada"], " Zoe@Exemple.org", Role.approver, None)
    async with database.write() as session:
        invite, campaign = await accounts.find_invite(session, token, clock())
        assert campaign.id == team.campaign.id and token not in invite.token_hash
        zoe = await accounts.accept_as_new(session, invite, "Zoé", "a hash", "fr", clock())
        team.ids["zoe"] = zoe.id
        assert (await session.get_one(OrganizerRole, (zoe.id, campaign.id))).role is Role.approver
        assert await accounts.find_invite(session, token, clock()) is None
    late = await team.act(accounts.invite, team.ids["ada"], "max@exemple.org", Role.viewer, None)
    clock.advance(accounts.INVITED_FOR)
    async with database.read() as session:
        assert await accounts.find_invite(session, late, clock()) is None
    assert await team.audit() == [
        ("ada", "organizer invited", "", "approver"),
        ("zoe", "organizer joined", "zoe", "approver"),
        ("ada", "organizer invited", "", "viewer"),
    ]


async def test_a_second_invitation_makes_the_first_one_void(team, database, clock):
    first = await team.act(accounts.invite, team.ids["ada"], "zoe@exemple.org", Role.admin, None)
    await team.act(accounts.invite, team.ids["ada"], "zoe@exemple.org", Role.viewer, None)
    async with database.read() as session:
        assert await accounts.find_invite(session, first, clock()) is None
        assert [each.role for each in await accounts.open_invites(session, team.campaign.id, clock())] == [Role.viewer]


async def test_an_invitation_takes_over_nobodys_account(team, database, clock):
    """Another campaign's organizer keeps their password: they log in, and take the role as themselves."""
    async with database.write() as session:
        other = await installation.add_campaign(session, Campaign(slug="autre", name="Autre"), clock())
    lou = await team.join("lou", Role.admin, campaign=other)
    token = await team.act(accounts.invite, team.ids["ada"], lou.email, Role.editor, None)
    async with database.write() as session:
        invite, _ = await accounts.find_invite(session, token, clock())
        with pytest.raises(AccountRefused, match="log in with it first"):
            await accounts.accept_as_new(session, invite, "Mallory", "a hash", "fr", clock())
        eve = await accounts.organizer_by_email(session, "eve@exemple.org")
        with pytest.raises(AccountRefused, match="this invitation is for lou"):
            await accounts.accept(session, invite, eve, clock())
        await accounts.accept(session, invite, await accounts.organizer_by_email(session, lou.email), clock())
        assert len(await installation.roles(session, lou.id)) == 2


@pytest.mark.parametrize(
    ("actor", "email", "sentence"),
    [
        ("eve", "zoe@exemple.org", "only an admin"),
        ("ada", "eve@exemple.org", "in the team already"),
        ("ada", "no address", "is not an e-mail address"),
    ],
)
async def test_who_may_not_invites_nobody(team, database, actor, email, sentence):
    with pytest.raises(AccountRefused, match=sentence):
        await team.act(accounts.invite, team.ids[actor], email, Role.viewer, None)
    async with database.read() as session:
        assert (await session.scalars(select(OrganizerInvite))).all() == []


async def test_another_role_ends_the_sessions_and_stands_in_the_audit(team):
    of_eve, of_ada = await team.sign_in("eve"), await team.sign_in("ada")
    await team.act(accounts.change_role, team.ids["ada"], team.ids["eve"], Role.editor, None)
    assert await team.is_in(of_eve)  # nothing changed
    await team.act(accounts.change_role, team.ids["ada"], team.ids["eve"], Role.approver, None)
    assert not await team.is_in(of_eve) and await team.is_in(of_ada)
    assert await team.audit() == [("ada", "role changed", "eve", "editor -> approver")]


async def test_who_is_sent_away_is_out_at_once(team, database):
    of_eve = await team.sign_in("eve")
    await team.act(accounts.remove, team.ids["ada"], team.ids["eve"])
    assert not await team.is_in(of_eve)
    async with database.read() as session:
        assert await installation.roles(session, team.ids["eve"]) == []
    assert await team.audit() == [("ada", "organizer removed", "eve", "editor")]


async def test_the_last_admin_stays(team, database, places):
    ada = team.ids["ada"]
    await team.join("max", Role.admin, places["Nord"])  # of a territory: cannot set the campaign up
    for use_case, args in (
        (accounts.remove, ()),
        (accounts.change_role, (Role.editor, None)),
        (accounts.change_role, (Role.admin, places["Nord"].id)),
    ):
        with pytest.raises(AccountRefused, match="last admin"):
            await team.act(use_case, ada, ada, *args)
    await team.act(accounts.change_role, ada, team.ids["eve"], Role.admin, None)
    await team.act(accounts.remove, ada, ada)


async def test_an_admin_of_a_territory_has_its_team_alone(team, places):
    await team.join("max", Role.admin, places["Nord"])
    await team.join("lea", Role.editor, places["Lille"])
    await team.join("tom", Role.editor, places["Sud"])
    max_ = team.ids["max"]
    await team.act(accounts.change_role, max_, team.ids["lea"], Role.approver, places["Nord"].id)
    await team.act(accounts.invite, max_, "zoe@exemple.org", Role.viewer, places["Lille"].id)
    for use_case, args in (
        (accounts.change_role, (team.ids["tom"], Role.viewer, places["Sud"].id)),
        (accounts.change_role, (team.ids["tom"], Role.viewer, places["Nord"].id)),
        (accounts.change_role, (team.ids["lea"], Role.viewer, None)),
        (accounts.remove, (team.ids["ada"],)),
        (accounts.reset_second_factor, (team.ids["eve"],)),
        (accounts.invite, ("a@exemple.org", Role.viewer, None)),
        (accounts.invite, ("a@exemple.org", Role.viewer, places["Sud"].id)),
    ):
        with pytest.raises(AccountRefused, match="beyond your territory"):
            await team.act(use_case, max_, *args)


async def test_a_territory_of_another_campaign_is_none(team, database, clock):
    async with database.write() as session:
        other = await installation.add_campaign(session, Campaign(slug="autre", name="Autre"), clock())
        far = await installation.add_territory(session, other.id, "Ailleurs")
    with pytest.raises(AccountRefused, match="not the campaign"):
        await team.act(accounts.invite, team.ids["ada"], "a@exemple.org", Role.viewer, far.id)


async def test_a_territory_that_goes_takes_its_roles_along(team, database, places):
    await team.join("lea", Role.admin, places["Sud"])
    async with database.write() as session:
        await session.delete(await session.get_one(Territory, places["Sud"].id))
    async with database.read() as session:
        assert await installation.roles(session, team.ids["lea"]) == []


async def test_codes_that_guard_another_campaign_too_are_not_one_campaigns_to_reset(team, database, clock):
    async with database.write() as session:
        other = await installation.add_campaign(session, Campaign(slug="autre", name="Autre"), clock())
    await team.join("eve", Role.admin, campaign=other)
    with pytest.raises(AccountRefused, match="another campaign too"):
        await team.act(accounts.reset_second_factor, team.ids["ada"], team.ids["eve"])
    with pytest.raises(AccountRefused, match="your own codes"):
        await team.act(accounts.reset_second_factor, team.ids["ada"], team.ids["ada"])


async def test_a_new_password_ends_every_session_but_the_one_it_was_changed_in(team, database, clock):
    here, there = await team.sign_in("eve"), await team.sign_in("eve")
    async with database.write() as session:
        found = await sign_ins.who_is(session, here, clock())
        await accounts.change_password(session, found.organizer, "a hash", clock(), keep=found.sign_in.id)
    assert await team.is_in(here) and not await team.is_in(there)
    assert await team.audit() == [("eve", "password changed", "eve", "")]


async def test_a_session_ends_by_itself(team, database, clock):
    token = await team.sign_in("eve")
    for _ in range(14):  # at work every six hours
        clock.advance(timedelta(hours=6))
        async with database.write() as session:
            found = await sign_ins.who_is(session, token, clock())
            if found is not None:
                await sign_ins.see(session, found.sign_in, clock())
    idle = await team.sign_in("eve")
    assert await team.is_in(token)
    clock.advance(timedelta(hours=12))
    assert not await team.is_in(idle)
    busy = await team.sign_in("ada")
    for _ in range(28):
        clock.advance(timedelta(hours=6))
        async with database.write() as session:
            found = await sign_ins.who_is(session, busy, clock())
            if found is not None:
                await sign_ins.see(session, found.sign_in, clock())
    assert not await team.is_in(busy)  # seven days at the longest
