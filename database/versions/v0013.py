"""What is counted in public."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0013_counts.sql")
