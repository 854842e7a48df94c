"""The broker under attack, as it shows itself from outside."""

import re
import urllib.request
from pathlib import Path


class Target:
    """Where it listens, and what it tells of itself; `admin` and `pid` are None for a broker of another kind."""

    def __init__(self, bootstrap, admin=None, pid=None, log_path=None):
        host, port = bootstrap.rsplit(":", 1)
        self.address = (host, int(port))
        self.admin = admin
        self.pid = pid
        self.log_path = log_path

    def metric(self, name):
        """The sum over all label sets."""
        with urllib.request.urlopen(f"http://{self.admin}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        values = re.findall(rf"^{name}(?:\{{[^}}]*\}})? ([0-9.e+]+)$", text, re.M)
        assert values, f"there is no metric {name}"
        return sum(float(value) for value in values)

    def connections(self):
        return int(self.metric("corelog_connections"))

    def request_memory(self):
        return int(self.metric("corelog_request_memory_bytes"))

    def fetch_memory(self):
        return int(self.metric("corelog_fetch_memory_bytes"))

    def resident_bytes(self):
        return self.status_bytes("VmRSS")

    def peak_bytes(self):
        """The most resident memory since the start, or since forget_peak."""
        return self.status_bytes("VmHWM")

    def forget_peak(self):
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def status_bytes(self, field):
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB$", text, re.M).group(1)) << 10
