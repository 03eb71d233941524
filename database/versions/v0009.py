"""Parties whose facts the watcher misses."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0009_feed.sql")
