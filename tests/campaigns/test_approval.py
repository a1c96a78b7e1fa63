"""Draft, submitted, approved, scheduled: who may say yes, and what takes it back."""

from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from campaigns import approval, posts
from campaigns.approval import ApprovalRefused
from campaigns.installation import add_organizer
from campaigns.models import Approval, Audit, Campaign, Post, Publication, Role
from campaigns.models import PostState as P
from campaigns.series import add_occurrence
from campaigns.silence_windows import add_polling_day


@pytest.fixture
async def team(database, campaign, clock):
    """The ids of an editor, two approvers and a viewer."""
    ids = {}
    async with database.write() as session:
        for name, role in (
            ("editor", Role.editor),
            ("approver", Role.approver),
            ("other", Role.admin),
            ("viewer", Role.viewer),
        ):
            person = await add_organizer(
                session, campaign.id, f"{name}@exemple.fr", name, "une phrase assez longue", role, clock()
            )
            ids[name] = person.id
    return ids


@pytest.fixture
def demand(database, campaign):
    async def set_to(**values):
        async with database.write() as session:
            row = await session.get_one(Campaign, campaign.id)
            for name, value in values.items():
                setattr(row, name, value)

    return set_to


@pytest.fixture
def move(database, clock, team):
    """`await move(approval.approve, post, "approver")`; the state that the post is in then."""

    async def make(act, post, who, **values):
        async with database.write() as session:
            row = await session.get_one(Post, post.id)
            await act(session, row, team.get(who), clock(), **values)
        async with database.read() as session:
            return (await session.get_one(Post, post.id)).state

    return make


async def test_complaint_8_without_a_yes_nothing_is_scheduled(add, telegram, demand, team, move):
    await demand(approvals=1)
    post = await add(telegram)
    assert post.state is P.submitted
    assert await move(approval.approve, post, "approver") is P.scheduled


async def test_a_campaign_that_wants_no_yes_schedules_at_once(add, telegram):
    assert (await add(telegram)).state is P.scheduled


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("editor", "your own; somebody else must approve"),  # she wrote it
        ("viewer", "takes the role approver or admin"),
        (None, "takes the role approver or admin"),
    ],
)
async def test_complaint_8_the_author_and_who_has_no_such_role_cannot_approve(
    database, add, telegram, demand, team, move, who, said
):
    await demand(approvals=1)
    post = await add(telegram)
    async with database.write() as session:
        (await session.get_one(Post, post.id)).author_id = team["editor"]
    with pytest.raises(ApprovalRefused, match=said):
        await move(approval.approve, post, who)


async def test_two_yeses_are_two_people(add, telegram, demand, move):
    await demand(approvals=2)
    post = await add(telegram)
    assert await move(approval.approve, post, "approver") is P.submitted
    with pytest.raises(ApprovalRefused, match="one more must"):
        await move(approval.approve, post, "approver")
    assert await move(approval.approve, post, "other") is P.scheduled


async def test_near_a_vote_one_more_must_say_yes(database, add, telegram, demand, campaign, clock, move):
    await demand(approvals=1, near_vote_days=7)
    async with database.write() as session:
        await add_polling_day(
            session, await session.get_one(Campaign, campaign.id), (clock() + timedelta(days=20)).date(), clock()
        )
    early = await add(telegram, publish_at=clock() + timedelta(days=1))
    near = await add(telegram, publish_at=clock() + timedelta(days=14))
    assert await move(approval.approve, early, "approver") is P.scheduled
    assert await move(approval.approve, near, "approver") is P.submitted
    assert await move(approval.approve, near, "other") is P.scheduled


async def test_the_runs_of_an_approved_series_that_fall_near_a_vote_wait_for_one_more_yes(
    database, add, telegram, demand, campaign, clock, move, team
):
    await demand(approvals=1, near_vote_days=2)
    async with database.write() as session:
        await add_polling_day(session, await session.get_one(Campaign, campaign.id), date(2026, 12, 6), clock())
    first = await add(telegram, publish_at=None, recurrence="every day at 08:30")
    assert await move(approval.approve, first, "approver") is P.scheduled
    states = {}
    for _ in range(7):
        clock.advance(timedelta(days=1))
        async with database.write() as session:
            run = await add_occurrence(session, await session.get_one(Post, first.id), clock())
            states[run.publish_at.day] = run.state
            last = run.id
            if run.publish_at.day == 5:
                near = run
    assert states == {
        3: P.scheduled,
        4: P.submitted,  # two days before the vote
        5: P.submitted,
        6: P.submitted,
        7: P.scheduled,
        8: P.scheduled,
        9: P.scheduled,
    }
    async with database.read() as session:
        row = await session.get_one(Post, near.id)
        standing = await approval.standing(session, await session.get_one(Campaign, campaign.id), row)
        assert await session.scalar(select(Approval).where(col(Approval.post_id) == last)) is None
    assert (standing.needed, standing.given) == (2, (team["approver"],))
    with pytest.raises(ApprovalRefused, match="already"):  # who said yes to the series is not one more
        await move(approval.approve, near, "approver")
    assert await move(approval.approve, near, "other") is P.scheduled


async def test_a_series_that_two_approved_goes_on_near_a_vote(database, add, telegram, demand, campaign, clock, move):
    await demand(approvals=1, near_vote_days=30)
    async with database.write() as session:
        await add_polling_day(session, await session.get_one(Campaign, campaign.id), date(2026, 12, 20), clock())
    first = await add(telegram, publish_at=None, recurrence="every day at 08:30")
    assert await move(approval.approve, first, "approver") is P.submitted
    assert await move(approval.approve, first, "other") is P.scheduled
    clock.advance(timedelta(days=1))
    async with database.write() as session:
        run = await add_occurrence(session, await session.get_one(Post, first.id), clock())
    assert run.state is P.scheduled


async def test_an_edit_takes_every_yes_back(database, add, telegram, demand, move):
    await demand(approvals=1)
    post = await add(telegram)
    await move(approval.approve, post, "approver")
    assert await move(approval.edit, post, "editor", text="Autre chose") is P.draft
    assert await move(approval.submit, post, "editor") is P.submitted
    assert (
        await move(approval.approve, post, "approver") is P.scheduled
    )  # her first yes is gone, so she can say it again


async def test_a_moved_post_moves_its_publications(database, add, telegram, clock, move):
    post = await add(telegram)
    later = clock().replace(tzinfo=None) + timedelta(days=3)
    await move(approval.edit, post, "editor", publish_at=later)
    async with database.read() as session:
        publication = (await session.scalars(select(Publication))).one()
        assert publication.due_at == (await session.get_one(Post, post.id)).publish_at
        assert publication.due_at == clock() + timedelta(days=3) - timedelta(hours=1)  # Paris


async def test_sent_back_it_is_a_draft_with_a_word(database, add, telegram, demand, move):
    await demand(approvals=1)
    post = await add(telegram)
    assert await move(approval.send_back, post, "approver", why="trop long") is P.draft
    async with database.read() as session:
        last = (await session.scalars(select(Audit).order_by(col(Audit.id).desc()).limit(1))).one()
    assert (last.action, last.detail) == ("sent back", "trop long")


async def test_a_draft_without_a_moment_is_approved_and_waits(add, telegram, demand, move):
    await demand(approvals=1)
    post = await add(telegram, publish_at=None)
    assert await move(approval.submit, post, "editor") is P.submitted
    assert await move(approval.approve, post, "approver") is P.approved


async def test_every_move_is_written_and_stays_when_the_post_is_gone(
    database, add, telegram, demand, campaign, clock, move
):
    await demand(approvals=1)
    post = await add(telegram)
    await move(approval.approve, post, "approver")
    async with database.write() as session:
        await posts.cancel_post(session, campaign.id, post.id, clock())
        await session.delete(await session.get_one(Post, post.id))
    async with database.read() as session:
        assert [row.action for row in await session.scalars(select(Audit).order_by(col(Audit.id)))] == [
            "submitted",
            "approved",
            "scheduled",
            "cancelled",
        ]
