"""PostgreSQL of Debian's package with a data directory of its own, on a loopback port, as an unprivileged user."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from harness import LOGS, until
from broker import free_ports

# The user that Debian's package makes.
USER = "postgres"
ROLE = "corelog"


def programs():
    """The folder of the newest server that is installed, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def install():
    """Installs the server without a cluster of Debian's own; returns why that cannot be, or None."""
    if os.geteuid() != 0:
        return "PostgreSQL is installed and started as another user, which takes root"
    if programs() is None:
        configuration = Path("/etc/postgresql-common/createcluster.conf")
        configuration.parent.mkdir(exist_ok=True)
        if not configuration.exists():
            configuration.write_text("create_main_cluster = false\n")
        apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
        subprocess.run([*apt, "update", "-q"], check=True)
        subprocess.run([*apt, "install", "-q", "-y", "--no-install-recommends", "postgresql"], check=True)
    return None


class Postgres:
    """A server with an empty database, from `start` to `stop`."""

    def __init__(self, name):
        self.log_path = LOGS / f"{name}.postgres.log"
        self.port = free_ports(1)
        user = pwd.getpwnam(USER)
        self.identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        # Not in tests/.cache: another user may not reach that.
        self.folder = Path(tempfile.mkdtemp(prefix="corelog-postgres-"))
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.process = None

    @property
    def url(self):
        return f"jdbc:postgresql://127.0.0.1:{self.port}/postgres"

    def start(self):
        data, log = self.folder / "data", open(self.log_path, "wb")
        with log:
            subprocess.run(
                [programs() / "initdb", "-D", data, "-U", ROLE, "--auth=trust", "--no-sync", "--encoding=UTF8"],
                check=True, stdout=log, stderr=log, cwd=self.folder, **self.identity,
            )
            settings = {
                "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off",
                "shared_buffers": "32MB", "max_connections": "50",
            }
            self.process = subprocess.Popen(
                [programs() / "postgres", "-D", data, *(f"--{key}={value}" for key, value in settings.items())],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, **self.identity,
            )
        until("PostgreSQL answers", 60, lambda: self.run("select 1").returncode == 0)

    def run(self, statement):
        command = [programs() / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", ROLE, "-d", "postgres", "-X", "-A", "-t"]
        return subprocess.run([*command, "-c", statement], capture_output=True, text=True, check=False, cwd="/")

    def rows(self, statement):
        """The rows of an answer as text; none while the table is not there."""
        done = self.run(statement)
        return done.stdout.splitlines() if done.returncode == 0 else []

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
