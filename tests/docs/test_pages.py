"""What the pages say is so, as far as a test can know."""

import re
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

import pytest

from throughcare.cli.embedded.jars import pinned
from throughcare.contracts import topics
from throughcare.contracts.codes import DeadlineCode
from throughcare.contracts.outcomes import OUTCOMES
from throughcare.protocol.profiles import CURRENT, PROFILES, current
from throughcare.protocol.roles import MAY
from throughcare.runtime.settings import Settings
from throughcare.tests.docs.pages import ROOT, blocks, pages, table_column

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_EDGE = re.compile(r'^\s*(\w+) -- "([^"]+)" --> (\w+)$', re.MULTILINE)
#: Words for people that only a country's form may use.
_NOT_OURS = re.compile(r"\b(inmates?|addicts?|offenders?|convicts?|drug abusers?)\b", re.IGNORECASE)
_CODE = ("runtime", "services", "gateway", "cli")


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text("utf-8")):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        file, _, anchor = unquote(target).partition("#")
        there = page if not file else (page.parent / file)
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text("utf-8"), re.MULTILINE)
            assert anchor in map(_anchor, headings), target


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_speak_of_people_as_people(page: Path) -> None:
    assert _NOT_OURS.findall(page.read_text("utf-8")) == []


def test_the_picture_shows_every_topic_with_its_writers_and_readers() -> None:
    drawn = set(_EDGE.findall(blocks("docs/architecture.md", "mermaid")[0]))

    said = {
        (writer, topic.name.removeprefix("throughcare."), reader)
        for topic in (*topics.TOPICS, topics.facts_of("PARTY"), topics.outcomes_of("PARTY"))
        for writer in topic.writers
        for reader in topic.readers
    }
    assert drawn == {tuple("party" if end == "PARTY" else end for end in edge) for edge in said}


def test_the_glossary_has_every_outcome() -> None:
    words = set(table_column("docs/glossary.md", "What is said"))

    assert {model.name.replace("dead-letter", "dead letter") for model in OUTCOMES} <= words


def test_no_word_of_the_glossary_means_two_things() -> None:
    text = (ROOT / "docs/glossary.md").read_text("utf-8")
    words = re.findall(r"^\| \*([^*]+)\* \|", text, re.MULTILINE)

    assert len(words) > 50
    assert len(words) == len(set(words))


def _settings_in_code() -> set[str]:
    """Every variable that the code reads: of the settings, and those that it names itself."""
    named = set()
    for folder in _CODE:
        for source in (ROOT / folder).rglob("*.py"):
            named |= set(re.findall(r"THROUGHCARE_[A-Z_]*[A-Z]", source.read_text("utf-8")))
    watcher = (ROOT / "services/watcher/app.py").read_text("utf-8")
    named |= {f"THROUGHCARE_{name}" for name in re.findall(r'value\("(\w+)"', watcher)}
    return named | _settings_of_services().keys()


def _settings_of_services() -> dict[str, str]:
    """The settings' variables and their defaults, as the table words them."""
    found = {}
    for name, field in Settings.model_fields.items():
        nested = getattr(field.annotation, "model_fields", None)
        fields = {name: field} if nested is None else {f"{name}__{k}": v for k, v in nested.items()}
        for key, value in fields.items():
            default = value.get_default()
            secret = getattr(default, "get_secret_value", lambda default=default: default)()
            found[f"THROUGHCARE_{key}".upper()] = "–" if secret in (None, "") else str(secret)
    return found


def test_every_setting_stands_in_the_table_and_no_other() -> None:
    told = table_column("docs/operations.md", "Settings")

    assert set(told) == _settings_in_code()
    assert len(told) == len(set(told))


def test_the_defaults_in_the_table_are_the_defaults() -> None:
    told = dict(
        zip(
            table_column("docs/operations.md", "Settings"),
            table_column("docs/operations.md", "Settings", 1),
            strict=True,
        )
    )

    for name, default in _settings_of_services().items():
        assert told[name] == default, name


def test_every_metric_that_is_counted_stands_in_the_table_and_no_other() -> None:
    declared = re.compile(
        r'^(\w+) = [\w.]*(?:Counter|Gauge|Histogram)\(\s*"(throughcare_\w+)"', re.MULTILINE
    )
    sources = {
        source: source.read_text("utf-8")
        for folder in _CODE
        for source in (ROOT / folder).rglob("*.py")
    }
    # A metric that is declared and never touched would always be nought.
    counted = {
        metric
        for text in sources.values()
        for name, metric in declared.findall(text)
        if any(
            re.search(rf"\b{name}\.(labels|inc|set|observe)\(", other) for other in sources.values()
        )
    }

    assert set(table_column("docs/operations.md", "Logs and metrics")) == counted


def test_every_alarm_of_the_watcher_is_told_what_to_do_about() -> None:
    source = (ROOT / "services/watcher/look.py").read_text("utf-8")
    kinds = re.findall(r'^    "([a-z-]+)": "', source, re.MULTILINE)
    page = (ROOT / "docs/operations.md").read_text("utf-8")
    told = (ROOT / "services/watcher/README.md").read_text("utf-8")

    assert "nobody-met" in kinds
    assert [kind for kind in kinds if f"`{kind}`" not in page or f"`{kind}`" not in told] == []


def test_every_deadline_that_is_kept_stands_in_the_changelog() -> None:
    page = (ROOT / "CHANGELOG.md").read_text("utf-8")

    assert [code for code in get_args(DeadlineCode) if not re.search(rf"\b{code}\b", page)] == []


def test_the_deadlines_that_nothing_runs_are_those_that_the_page_names() -> None:
    page = (ROOT / "docs/protocol.md").read_text("utf-8")
    told = page.split("## What is written and does not run yet")[1].split("\n## ")[0]
    written = {
        name.split(".")[1]
        for country in CURRENT
        for name in current(country).by_name
        if name.startswith("deadlines.")
    }

    assert set(re.findall(r"\bD\d\d[a-z]?\b", told)) == written - set(get_args(DeadlineCode))


@pytest.mark.parametrize(
    "record", sorted((ROOT / "docs/decisions").glob("*.md")), ids=lambda record: record.stem
)
def test_a_decision_says_context_options_decision_and_consequences(record: Path) -> None:
    number, _, _ = record.stem.partition("-")
    text = record.read_text("utf-8")

    assert text.startswith(f"# {int(number)}. ")
    for part in ("Context", "Options", "Decision", "Consequences"):
        assert f"\n## {part}\n" in text, part


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.stem[:4]) for path in (ROOT / "docs/decisions").glob("*.md"))

    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_every_targets_that_the_readme_names_is_one_of_make() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    text = (ROOT / "README.md").read_text("utf-8")

    named = set(re.findall(r"make ([a-z-]+)", text)) - {"secrets"}
    assert named
    assert named <= targets


def test_the_profiles_statuses_are_those_that_the_limits_speak_of() -> None:
    statuses = {key.status for profile in PROFILES.values() for key in profile.keys}

    assert statuses == {"sourced", "proposed", "tbc"}


def test_the_readme_calls_the_command_of_its_own_set_up() -> None:
    text = (ROOT / "README.md").read_text("utf-8")

    assert re.findall(r"(?<!bin/)\bthroughcare (?:[a-z]+ )?[a-z]+[^`\n]*`", text) == []
    assert ".venv/bin/throughcare up" in text


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md"])
def test_what_the_first_start_fetches_is_told(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")

    assert f"{len(pinned())} jars" in text
    assert "throughcare prefetch" in text


def test_every_table_that_holds_an_alias_is_named_where_privacy_is_explained() -> None:
    told = (ROOT / "docs/privacy.md").read_text("utf-8")
    holding = set()
    for file in (ROOT / "database/migrations").glob("*.sql"):
        for name, columns in re.findall(
            r"create table ([a-z_.]+) \((.*?)\n\)", file.read_text("utf-8"), re.DOTALL
        ):
            if re.search(r"^\s+(alias|mark) bytea\b", columns, re.MULTILINE):
                holding.add(name)

    assert holding >= {"gateway.aliases", "gateway.parked"}
    assert [name for name in sorted(holding) if f"`{name}`" not in told] == []


_WHO = {
    "prison administration": {"prison-admin"},
    "prison psychology": {"prison-psych"},
    "prison psychology or health": {"prison-psych", "prison-health"},
    "prison health": {"prison-health"},
    "an NGO": {"ngo"},
    "the receiver": {"ngo", "oat-site", "rehab-centre"},
}


def test_each_step_of_the_one_case_is_one_that_who_takes_it_may_take() -> None:
    text = (ROOT / "docs/one-case.md").read_text("utf-8")
    may = {model.name: roles for model, roles in MAY.items()}
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)[1:]

    assert len(rows) == 12
    for who, says in rows:
        roles = set().union(*(_WHO[one] for one in who.strip().split(", ") if one in _WHO))
        assert roles, who
        for name in re.findall(r"`([a-z-]+)`", says):
            assert roles <= may[name], (name, who)
