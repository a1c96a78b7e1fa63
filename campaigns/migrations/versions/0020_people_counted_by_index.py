"""Two indexes that hold all that counting people asks for: who agreed to be written to, and who is where."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_consent_person", "consent")
    op.create_index("ix_consent_person", "consent", ["supporter_id", "campaign_id", "purpose", "withdrawn_at"])
    op.drop_index("ix_participation_territory_id", "participation")
    op.create_index("ix_participation_place", "participation", ["territory_id", "campaign_id", "stopped_at"])
