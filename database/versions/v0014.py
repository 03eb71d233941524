"""Who sees what of a timeline."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0014_view.sql")
