"""What the planner keeps no statistics of."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0015_statistics.sql")
