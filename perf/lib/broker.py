"""A Corelog broker as a process of its own: started, awaited, stopped, killed."""

import http.client
import signal
import socket
import subprocess
import time
from pathlib import Path

# How often to ask whether it is ready: the resolution of a start-up time, in seconds.
POLL_S = 0.002
READY_MAX_S = 300
STOP_MAX_S = 120


class BrokerError(Exception):
    """The broker did not do what it should."""


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """One broker on loopback. Its ports stay the same over restarts, and its log is kept in one file."""

    def __init__(self, binary, data, log, arguments):
        self.binary = binary
        self.data = Path(data)
        self.log = Path(log)
        self.arguments = list(arguments)
        self.port = free_port()
        self.admin_port = free_port()
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        """Starts it and waits until it is ready; gives the seconds from the start of the process until then."""
        command = [
            str(self.binary), "serve",
            "--data-dir", str(self.data),
            "--listen", self.address,
            "--admin-listen", f"127.0.0.1:{self.admin_port}",
            *self.arguments,
        ]
        with self.log.open("ab") as log:
            begun = time.monotonic()
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        while not self._is_ready():
            if self.process.poll() is not None:
                raise BrokerError(f"the broker ended with {self.process.returncode}; {self._last_lines()}")
            if time.monotonic() - begun > READY_MAX_S:
                raise BrokerError(f"the broker is not ready after {READY_MAX_S} s; {self._last_lines()}")
            time.sleep(POLL_S)
        return time.monotonic() - begun

    def _is_ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _last_lines(self):
        lines = self.log.read_text(errors="replace").splitlines()[-10:]
        return "its log ends with:\n" + "\n".join(lines)

    def rss_bytes(self):
        """Its resident memory now."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise BrokerError("/proc does not tell the broker's resident memory")

    def stop(self):
        """Asks it to end, and waits until it has."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_MAX_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BrokerError(f"the broker did not end {STOP_MAX_S} s after SIGTERM; {self._last_lines()}") from None
        if code != 0:
            raise BrokerError(f"the broker ended with {code} after SIGTERM; {self._last_lines()}")

    def kill(self):
        """Ends it as a crash would."""
        self.process.kill()
        self.process.wait()

    def is_running(self):
        return self.process is not None and self.process.poll() is None
