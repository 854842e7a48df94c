"""A broker as a process of its own: started, awaited, stopped, killed. `Broker` is Corelog, peers.py has the others."""

import http.client
import os
import random
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

# How often to ask whether it is ready: the resolution of a start-up time, in seconds.
POLL_S = 0.002
READY_MAX_S = 300
STOP_MAX_S = 120

# An ApiVersions request of version 0 without a client id: its size, API key, version, correlation id, and length -1.
API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)


class BrokerError(Exception):
    """The broker did not do what it should."""


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_ports(count):
    """Neighbouring ports below those that the kernel hands out, that nobody listens on now; the first of them."""
    while True:
        first = random.randrange(20_000, 31_000, count)
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


def answers_kafka(port):
    """Whether a broker on loopback answers an ApiVersions request there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(API_VERSIONS)
            head = connection.recv(8, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(head) == 8 and struct.unpack(">ii", head)[1] == 1


class Server:
    """One broker on loopback. Its ports stay the same over restarts, and its log is kept in one file."""

    name = ""
    # What an acknowledgement of it promises, for the results.
    durability = ""
    # Whether messages are in files that outlive the process.
    has_files = True
    # Whether it is no broker, but shows what one could reach.
    is_limit = False
    # What it ends with after SIGTERM.
    stop_codes = (0,)
    # Seconds between two looks at whether it serves. Looking costs it some of the cores that it starts on.
    poll_s = 0.02

    def __init__(self, data, log, port=None):
        self.data = Path(data)
        self.log = Path(log)
        self.port = port or free_port()
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def version(self):
        """Which release it is."""
        raise NotImplementedError

    def settings(self):
        """What was set other than addresses and directories, each as a text."""
        return []

    def prepare(self):
        """Makes the data directory ready for a first start. Not part of a start-up time."""

    def command(self):
        """The command that runs it in the foreground."""
        raise NotImplementedError

    def is_ready(self):
        return answers_kafka(self.port)

    def start(self):
        """Starts it and waits until it is ready; gives the seconds from the start of the process until then."""
        self.prepare()
        with self.log.open("ab") as log:
            begun = time.monotonic()
            # A session of its own: Ctrl-C is for who measures, who then stops it.
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True)
        while not self.is_ready():
            if self.process.poll() is not None:
                raise BrokerError(f"the broker ended with {self.process.returncode}; {self._last_lines()}")
            if time.monotonic() - begun > READY_MAX_S:
                raise BrokerError(f"the broker is not ready after {READY_MAX_S} s; {self._last_lines()}")
            time.sleep(self.poll_s)
        return time.monotonic() - begun

    def _last_lines(self):
        lines = self.log.read_text(errors="replace").splitlines()[-10:]
        return "its log ends with:\n" + "\n".join(lines)

    def rss_bytes(self):
        """Its resident memory now."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise BrokerError("/proc does not tell the broker's resident memory")

    def device_read_bytes(self):
        """Bytes that it has caused to be read from devices since its start."""
        for line in Path(f"/proc/{self.pid}/io").read_text().splitlines():
            if line.startswith("read_bytes:"):
                return int(line.split()[1])
        raise BrokerError("/proc does not tell what the broker has read")

    def cpu_s(self):
        """Processor time of all of its threads since its start, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        # utime and stime, fields 14 and 15 of proc(5).
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def logs_read_bytes(self):
        """Bytes that it has read of its logs' files since its start; None of a broker that does not tell."""
        return None

    def stop(self):
        """Asks it to end, and waits until it has."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_MAX_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BrokerError(f"the broker did not end {STOP_MAX_S} s after SIGTERM; {self._last_lines()}") from None
        if code not in self.stop_codes:
            raise BrokerError(f"the broker ended with {code} after SIGTERM; {self._last_lines()}")

    def kill(self):
        """Ends it as a crash would."""
        self.process.kill()
        self.process.wait()

    def is_running(self):
        return self.process is not None and self.process.poll() is None


class Broker(Server):
    """Corelog."""

    name = "corelog"
    poll_s = POLL_S

    def __init__(self, binary, data, log, arguments=(), port=None):
        super().__init__(data, log, port)
        self.binary = binary
        self.arguments = list(arguments)
        self.admin_port = free_port()

    @property
    def durability(self):
        if any("durability" in argument for argument in self.arguments):
            return "as its arguments say"
        return "durable: an acknowledged message is on stable storage"

    def version(self):
        done = subprocess.run([str(self.binary), "--version"], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def settings(self):
        return self.arguments

    def command(self):
        return [
            str(self.binary), "serve",
            "--data-dir", str(self.data),
            "--listen", self.address,
            "--admin-listen", f"127.0.0.1:{self.admin_port}",
            *self.arguments,
        ]

    def is_ready(self):
        try:
            return self._ask("/health/ready")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def logs_read_bytes(self):
        status, text = self._ask("/metrics")
        counts = [line.split()[-1] for line in text.splitlines() if line.startswith("corelog_disk_read_bytes_total")]
        if status != 200 or not counts:
            raise BrokerError("/metrics does not tell what was read of logs")
        return sum(int(float(count)) for count in counts)

    def _ask(self, path):
        """What the admin port answers: the status and the text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()
