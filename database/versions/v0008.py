"""The stage of one case."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0008_stage.sql")
