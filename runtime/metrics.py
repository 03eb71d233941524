"""Metrics that every process counts; no label ever names a case or a party."""

from prometheus_client import Counter, Gauge

APPLIED = Counter("throughcare_messages_applied_total", "Messages applied.", ["service"])
RETRIES = Counter("throughcare_list_retries_total", "Lists taken again.", ["service", "meaning"])
DEAD_LETTERS = Counter("throughcare_dead_letters_total", "Dead letters made.", ["service", "kind"])
GAPS = Counter("throughcare_journal_gaps_total", "Holes seen in a journal.", ["service"])
PUBLISHED = Counter("throughcare_records_published_total", "Records acknowledged.", ["topic"])
REWINDS = Counter("throughcare_journal_rewinds_total", "Journals said again.", ["topic"])
OUTBOX = Gauge("throughcare_outbox_records", "Committed and not yet acknowledged.", ["topic"])
SET_ASIDE = Counter(
    "throughcare_rows_set_aside_total",
    "Rows that could not be read and were passed over.",
    ["place"],
)
