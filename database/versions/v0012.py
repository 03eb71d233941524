"""Work lists."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0012_work.sql")
