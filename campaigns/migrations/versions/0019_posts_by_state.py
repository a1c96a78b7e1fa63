"""An index for the posts that wait for a yes."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_post_campaign_state", "post", ["campaign_id", "state", "publish_at"])
