"""Cases that go on after their end."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0007_life.sql")
