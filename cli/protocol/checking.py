"""What is wrong with a protocol: its table of machines, its countries, its words."""

from importlib.resources import files
from pathlib import Path

import yaml

from throughcare.cli.protocol.wording import LANGUAGES, untold
from throughcare.protocol import machines, profiles
from throughcare.protocol.profiles.commenting import Comment, read_comments, unheard
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.profiles.reading import Problem, keys_of
from throughcare.protocol.profiles.shape import shape_of
from throughcare.runtime.errors import SetupError

_NEITHER = "the file is neither a country's protocol nor a table of machines"
#: So many of its lines are named all the same.
_SOME = 3


def problems_of(file: Path | None, comments: Path | None = None) -> list[Problem]:
    """Of one file, or of everything that ships. Raises SetupError where it cannot be read."""
    if file is not None:
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(f"{file} cannot be read: {error}") from None
        return _check(text, str(file))
    found = _check(machines.text(), machines.FILE)
    for version in profiles.PROFILES if comments is not None else ():
        found += comments_on(profiles.PROFILES[version], comments)[1]
    for entry in sorted(files(profiles).iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".yaml") and entry.name != "base.yaml":
            found += _check(entry.read_text("utf-8"), entry.name)
    return list(dict.fromkeys(found))


def comments_on(profile: Profile, folder: Path | None) -> tuple[tuple[Comment, ...], list[Problem]]:
    """What was said of a version; nothing, where there is no file."""
    path = None if folder is None else folder / f"{profile.version}.yaml"
    said: tuple[Comment, ...] = ()
    problems: list[Problem] = []
    if path is not None and path.exists():
        said, problems = read_comments(path.read_text("utf-8"), str(path), profile)
    return said, problems + unheard(profile, said)


def _check(text: str, name: str) -> list[Problem]:
    if "protocol_version:" in text:
        return profiles.check(text, name)
    if not _is_table(text):
        keys, problems = keys_of(text, name)
        if any(shape_of(key) is not None for key in keys):
            return problems
        # Of a file of another kind every line would be a mistake.
        return [Problem(name, 1, _NEITHER), *problems[:_SOME]]
    problems = machines.check(text, name)
    if not problems:
        for language in LANGUAGES:
            problems += untold(machines.read(text, name), name, language)
    return problems


def _is_table(text: str) -> bool:
    """Whether it is meant to be one of machines; a file that is no YAML is read as a country's."""
    try:
        tree = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return False
    parts = tree.values() if isinstance(tree, dict) else ()
    return any(isinstance(part, dict) and "rows" in part for part in parts)
