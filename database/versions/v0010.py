"""The lines that the database holds by itself."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0010_lines.sql")
