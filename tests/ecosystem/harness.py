"""What the programs of the ecosystem share: libraries that Maven brings once, a JVM with its output in a file, and a run against
a broker of its own."""

import argparse
import hashlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "lib"))

from confluent_kafka import Consumer, TopicPartition  # noqa: E402

from broker import Broker  # noqa: E402
from checks import Checks, check, equal, until  # noqa: E402, F401

CACHE = TESTS / ".cache"
LOGS = CACHE / "logs"
KAFKA = [f"{CACHE}/kafka/lib/*"]


def install(pom, folder, compiles=False):
    """Maven copies what the pom names into `folder`/lib and, with `compiles`, its program into `folder`/target/classes.

    Nothing is done when that has been done with this very pom and these very sources.
    """
    sources = sorted(pom.parent.glob("src/**/*.java")) if compiles else []
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in [pom, *sources])).hexdigest()
    stamp = folder / "stamp"
    if not stamp.is_file() or stamp.read_text() != digest:
        shutil.rmtree(folder, ignore_errors=True)
        goals = ["compile"] if compiles else []
        command = [
            "mvn", "-q", "-B", "-f", str(pom), *goals, "dependency:copy-dependencies", "-DincludeScope=runtime",
            f"-DoutputDirectory={folder / 'lib'}", f"-Dbuild={folder / 'target'}",
        ]
        subprocess.run(command, check=True)
        stamp.write_text(digest)
    return [f"{folder}/lib/*", *([f"{folder}/target/classes"] if compiles else [])]


class Program:
    """A JVM whose output goes to tests/.cache/logs/NAME.log; it is killed at the end of a `with`."""

    def __init__(self, name, classpath, main, *arguments, options=(), environment=None):
        self.name = name
        self.log_path = LOGS / f"{name}.log"
        jvm = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", *options]
        command = [*jvm, "-cp", ":".join(classpath), main, *map(str, arguments)]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def text(self):
        return self.log_path.read_text(errors="replace")

    def runs(self):
        """Fails when the program has ended."""
        code = self.process.poll()
        check(code is None, f"{self.name} still runs; it ended with exit code {code}, see {self.log_path}")
        return True

    def stop(self, seconds_max=60):
        """SIGTERM, and waits for the end; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        until(f"{self.name} ends", seconds_max, lambda: self.process.poll() is not None)
        return self.process.returncode

    def kill(self):
        """kill -9."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class Reader:
    """What can be read of some topics from their beginning."""

    def __init__(self, broker, topics, partitions, isolation="read_committed"):
        self.consumer = Consumer({
            "bootstrap.servers": broker.bootstrap, "group.id": "reader", "enable.auto.commit": False, "isolation.level": isolation,
            "auto.offset.reset": "earliest",
        })
        self.partitions = [TopicPartition(topic, partition, 0) for topic in topics for partition in range(partitions)]
        self.consumer.assign(self.partitions)
        self.records = defaultdict(list)

    def poll(self):
        """Reads a little further; returns the messages of each topic so far."""
        for message in self.consumer.consume(5000, 0.1):
            if message.error() is None:
                self.records[message.topic()].append(message)
        return self.records

    def ends(self):
        """The end of each partition, as the isolation level has it."""
        return [self.consumer.get_watermark_offsets(partition, 30, cached=False)[1] for partition in self.partitions]

    def to_the_end(self, seconds_max=120):
        """Reads all that is there now."""
        ends = self.ends()

        def there():
            self.poll()
            return all(p.offset >= end or end == 0 for p, end in zip(self.consumer.position(self.partitions), ends))

        until(f"all is read up to {ends}", seconds_max, there)
        return self.records


def run(name, description, seconds_max, scenarios, arguments=None):
    """The main program of a test: each of `scenarios`, a name and a function of the broker and a folder, is one check.

    `arguments` are the command line's where the caller has taken some of it. Returns the exit code. The folder is removed at the end; the broker's log is tests/.cache/logs/NAME.broker.log.
    """
    parser = argparse.ArgumentParser(prog=f"tests/ecosystem/{name}/run", description=description.splitlines()[0])
    parser.add_argument("--against", choices=["corelog", "kafka"], default="corelog")
    options = parser.parse_args(arguments)
    LOGS.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=CACHE))
    checks = Checks(seconds_max=seconds_max)
    log_path = LOGS / f"{name}.broker.log"
    log_path.unlink(missing_ok=True)
    broker = Broker(options.against, folder / "data", log_path)
    try:
        broker.start()
        for what, scenario in scenarios:
            checks.run(what, lambda scenario=scenario: scenario(broker, folder))
    finally:
        broker.kill()
        shutil.rmtree(folder, ignore_errors=True)
    return checks.finish()
