"""Apache Kafka's jars: named by version and hash in `kafka_jars.txt`, fetched once, checked always."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from throughcare.cli.embedded.places import cache_folder
from throughcare.runtime.errors import SetupError

KAFKA_VERSION = "4.1.2"
_AT_ONCE = 8


@dataclass(frozen=True)
class Jar:
    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    def is_whole(self, folder: Path) -> bool:
        path = folder / self.file
        if not path.is_file():
            return False
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == self.sha256


def pinned() -> list[Jar]:
    """The jars that belong to the broker, in `group:artifact:version sha256` lines."""
    jars = []
    lines = files("throughcare.cli.embedded").joinpath("kafka_jars.txt").read_text().splitlines()
    for line in lines:
        if not line or line.startswith("#"):
            continue
        coordinate, sha256 = line.split()
        group, artifact, version = coordinate.split(":")
        jars.append(Jar(group, artifact, version, sha256))
    return jars


def ensure_jars(tell: Callable[[str], None] = lambda _: None) -> list[Path]:
    """The paths of all jars, each as pinned; fetches what the cache lacks.

    Several processes may do this at once: each fills a folder of its own and moves whole files.
    """
    folder = cache_folder() / f"kafka-{KAFKA_VERSION}"
    wanted = pinned()
    missing = [jar for jar in wanted if not jar.is_whole(folder)]
    if missing:
        tell(f"fetching {len(missing)} jars of Apache Kafka {KAFKA_VERSION} (once)")
        folder.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as work,
            ThreadPoolExecutor(_AT_ONCE) as pool,
        ):
            list(pool.map(lambda jar: _fetch(jar, Path(work), folder), missing))
    return [folder / jar.file for jar in wanted]


def _fetch(jar: Jar, work: Path, folder: Path) -> None:
    # Imported late: what runs against an outside Kafka does not need it installed.
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=work, timeout=30)
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    try:
        fetched = artifact.resolve()
    except Exception as error:
        raise SetupError(
            f"Apache Kafka {KAFKA_VERSION} could not be fetched ({type(error).__name__} at "
            f"{jar.file}): the first start needs a network. Without one, copy {folder} from "
            "another machine, or name a running Kafka in THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS."
        ) from error
    whole = work / f"{jar.artifact}.checked"
    whole.mkdir()
    shutil.copyfile(fetched, whole / jar.file)
    if not jar.is_whole(whole):
        raise SetupError(
            f"{jar.file} came with other content than kafka_jars.txt pins: do not use this network."
        )
    os.replace(whole / jar.file, folder / jar.file)
