"""What a human of the comms team decides about posts and publications: the buttons of the console and of the bot."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import posts
from campaigns.approval import Standing
from campaigns.models import Channel, LatePolicy, Post, PostState, Publication, PublicationState, Role
from campaigns.organizers import APPROVERS, WRITERS
from campaigns.publications import Mover, may
from campaigns.words import mark

_ = mark

STATES = {  # what organizers read
    PublicationState.queued: _("waits"),
    PublicationState.sending: _("is being sent"),
    PublicationState.published: _("is out"),
    PublicationState.failed: _("was refused"),
    PublicationState.unknown: _("nobody knows"),
    PublicationState.held: _("held back"),
    PublicationState.missed: _("missed"),
    PublicationState.cancelled: _("cancelled"),
}
POST_STATES = {
    PostState.draft: _("draft"),
    PostState.submitted: _("submitted"),
    PostState.approved: _("approved"),
    PostState.scheduled: _("scheduled"),
    PostState.cancelled: _("cancelled"),
}
# The buttons, in the order in which they stand.
ANSWERS = {
    (PublicationState.unknown, PublicationState.published): _("It is there"),
    (PublicationState.unknown, PublicationState.queued): _("Send again"),
    (PublicationState.unknown, PublicationState.cancelled): _("Drop it"),
    (PublicationState.held, PublicationState.queued): _("Send it after"),
    (PublicationState.held, PublicationState.cancelled): _("Drop it"),
    (PublicationState.missed, PublicationState.queued): _("Send it now"),
    (PublicationState.missed, PublicationState.cancelled): _("Drop it"),
    (PublicationState.failed, PublicationState.queued): _("Try again"),
    (PublicationState.failed, PublicationState.cancelled): _("Leave it"),
}


def moves_of(role: Role, organizer_id: int, post: Post, standing: Standing | None) -> list[tuple[str, str]]:
    """What an organizer may do now to a post that waits for a yes: the move, and the button's words."""
    if role not in WRITERS:
        return []
    if post.state is PostState.draft:
        return [("submit", _("Submit"))]
    if post.state is not PostState.submitted:
        return []
    mine = post.author_id == organizer_id or (standing is not None and organizer_id in standing.given)
    back = [("send-back", _("Send back"))]
    return back if mine or role not in APPROVERS else [("approve", _("Approve")), *back]


def answers_to(publication: Publication) -> list[tuple[str, str]]:
    """What a human may decide now: the state it leads to, and the button's words."""
    return [
        (to.value, words)
        for (state, to), words in ANSWERS.items()
        if state is publication.state and may(Mover.human, state, to)
    ]


@dataclass(frozen=True, slots=True)
class ToDecide:
    """One thing that waits for a human: a post for a yes, or one of its publications that went astray."""

    post: Post
    publication: Publication | None = None
    channel: Channel | None = None


async def to_decide(session: AsyncSession, campaign_id: int) -> list[ToDecide]:
    """All that waits for a human in a campaign, by the moment of its post."""
    undecided = await posts.undecided(session, campaign_id)
    out = await posts.publications_of(session, [post.id for post in undecided])
    found = []
    for post in undecided:
        if post.state is PostState.submitted:
            found.append(ToDecide(post))
        for publication, channel in out[post.id]:
            dropped = publication.state is PublicationState.missed and post.late_policy is LatePolicy.drop
            if answers_to(publication) and not dropped:
                found.append(ToDecide(post, publication, channel))
    return found
