"""What a working group says about a draft: notes on keys, kept as a file, without any case."""

from datetime import date
from typing import Annotated

import msgspec
import yaml
from msgspec import Meta, Struct

from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.profiles.reading import Problem


class Comment(Struct, frozen=True, forbid_unknown_fields=True):
    #: Code of the party; its people have the role `commenter` and no way to a case.
    by: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,40}$")]
    #: A key of the profile, or a group of keys.
    key: str
    day: date
    text: Annotated[str, Meta(min_length=1)]


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    protocol_version: str
    comments: tuple[Comment, ...]


def read_comments(
    text: str, name: str, profile: Profile
) -> tuple[tuple[Comment, ...], list[Problem]]:
    """The comments on a version, and what is wrong with their file."""
    try:
        found = msgspec.convert(yaml.safe_load(text), _File)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        return (), [Problem(name, 1, " ".join(str(error).split()))]
    problems = []
    if found.protocol_version != profile.version:
        problems.append(Problem(name, 1, f"is about {found.protocol_version}"))
    for one in found.comments:
        if not any(key == one.key or key.startswith(one.key + ".") for key in profile.by_name):
            problems.append(Problem(name, 1, f"{one.key} is not a key of {profile.version}"))
    return found.comments, problems


def unheard(profile: Profile, comments: tuple[Comment, ...]) -> list[Problem]:
    """A version is called commented only where somebody has commented on it."""
    key = profile.by_name["standing"]
    if key.value == "commented" and not comments:
        return [Problem(key.file, key.line, "standing is commented, and there is no comment")]
    return []
