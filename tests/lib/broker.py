"""Starts, stops and kills one broker on loopback: Corelog, or Apache Kafka as the reference.

A broker keeps its port and its data directory over restarts. Only processes started here are ever signalled,
each by its own process group.
"""

import os
import random
import resource
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Kafka beside a compiler takes more than a minute.
READY_SECONDS = {"corelog": 60, "kafka": 180}
STOP_SECONDS = 60

# What the tests rely on; Kafka's names for Kafka's settings work for both brokers.
SETTINGS = {"num.partitions": "4", "auto.create.topics.enable": "true", "offsets.topic.num.partitions": "4"}
# Small enough that a test's data directory is written in a moment.
CORELOG_SETTINGS = {"profile": "development", "journal.file.bytes": str(16 << 20), "journal.files": "4"}


class BrokerError(Exception):
    """The broker did not do what it was told; the text says what, and names its log."""


def free_ports(count=2):
    """Neighbouring ports that nothing listens on, below the range that the kernel hands out; the first of them."""
    while True:
        port = random.randrange(20000, 31000, count)
        try:
            for candidate in range(port, port + count):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", candidate))
            return port
        except OSError:
            continue


class Broker:
    """One broker; `kind` is "corelog" or "kafka"."""

    def __init__(self, kind, data_dir, log_path, settings=None, open_files=None):
        self.kind = kind
        self.data_dir = Path(data_dir)
        self.log_path = Path(log_path)
        self.settings = dict(SETTINGS)
        if kind == "corelog":
            self.settings.update(CORELOG_SETTINGS)
        self.settings.update(settings or {})
        # RLIMIT_NOFILE, soft and hard; None leaves it as it is.
        self.open_files = open_files
        self.port = free_ports()
        self.process = None

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

    def start(self, wait=True):
        """Starts the broker; with `wait` returns once it serves."""
        assert self.process is None, "the broker runs already"
        environment = dict(os.environ)
        if self.kind == "kafka":
            command = [str(ROOT / "tests/reference/kafka"), "--data-dir", str(self.data_dir), "--port", str(self.port)]
            for key, value in self.settings.items():
                command += ["--set", f"{key}={value}"]
        else:
            binary = os.environ.get("CORELOG_BINARY_UNDER_TEST", str(ROOT / "target/release/corelog"))
            environment.pop("CORELOG_BINARY_UNDER_TEST", None)
            command = [
                binary, "serve", "--data-dir", str(self.data_dir), "--admin-listen", f"127.0.0.1:{self.port + 1}",
            ]
            if "listeners" not in self.settings:
                command += ["--listen", self.bootstrap]
            for key, value in self.settings.items():
                environment["CORELOG_" + key.replace(".", "_").upper()] = value
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True,
                preexec_fn=self.limit if self.open_files else None,
            )
        if wait:
            self.wait_ready()

    def limit(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.open_files, self.open_files))

    def wait_ready(self):
        seconds = READY_SECONDS[self.kind]
        end = time.monotonic() + seconds
        while not self.ready():
            code = self.process.poll()
            if code is not None:
                self.process = None
                raise BrokerError(f"{self.kind} ended with exit code {code} before it was ready; see {self.log_path}")
            if time.monotonic() > end:
                self.kill()
                raise BrokerError(f"{self.kind} was not ready within {seconds} s; see {self.log_path}")
            time.sleep(0.05)

    def ready(self):
        if self.kind == "corelog":
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port + 1}/health/ready", timeout=2) as answer:
                    return answer.status == 200
            except (urllib.error.URLError, OSError):
                return False
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2):
                return True
        except OSError:
            return False

    def kill(self):
        """kill -9."""
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self):
        """SIGTERM, and an error unless the broker ends by itself with exit code 0 (143 for a JVM)."""
        if self.process is None:
            return
        self.signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BrokerError(f"{self.kind} did not stop within {STOP_SECONDS} s of SIGTERM; see {self.log_path}") from None
        self.process = None
        if code not in ((0, 143) if self.kind == "kafka" else (0,)):
            raise BrokerError(f"{self.kind} stopped with exit code {code}; see {self.log_path}")

    def signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass
