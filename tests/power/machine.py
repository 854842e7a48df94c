"""A file system on a disk whose power can go, and a machine without those who used it."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
DISK_BYTES = 1 << 30
UNMOUNT_SECONDS = 60
NAMESPACE = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]


def missing():
    """Why this machine cannot run the test, as a sentence; None if it can."""
    if os.geteuid() != 0:
        return "mounting needs root"
    if not os.path.exists("/dev/fuse"):
        return "no FUSE: /dev/fuse is not there (CONFIG_FUSE_FS)"
    if not os.path.exists("/dev/loop-control"):
        return "no loop devices: /dev/loop-control is not there (CONFIG_BLK_DEV_LOOP)"
    for command in ("mkfs.ext4", "mount", "umount", "unshare"):
        if shutil.which(command) is None:
            return f"the command {command} is not there"
    tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        return f"no namespaces: {tried.stderr.strip()}"
    return None


def enter_namespace(marker="POWER_TEST_NAMESPACE"):
    """Goes on in namespaces of its own: however the test ends, its processes, mounts and loop devices end with it."""
    if os.environ.get(marker) is None:
        os.environ[marker] = "1"
        os.execvp("unshare", [*NAMESPACE, sys.executable, *sys.argv])


class Machine:
    """The disk, and the file system on it at `folder / "disk"` while the power is on."""

    def __init__(self, folder, seed):
        self.folder, self.seed = Path(folder), seed
        self.image, self.file, self.mount = self.folder / "image", self.folder / "file", self.folder / "disk"
        self.mount.mkdir()
        self.file.touch()
        with open(self.image, "wb") as image:
            image.truncate(DISK_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(self.image)], check=True)
        self.server, self.starts = None, 0

    def on(self):
        """Mounts what survived."""
        self.starts += 1
        command = [sys.executable, str(HERE / "disk.py"), str(self.image), str(self.file)]
        command += ["--seed", f"{self.seed} {self.starts}"]
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answer()
        subprocess.run(["mount", "-t", "ext4", "-o", "loop", str(self.file), str(self.mount)], check=True)

    def answer(self):
        line = self.server.stdout.readline()
        if not line:
            raise AssertionError(f"the disk's server ended with exit code {self.server.wait()}")
        return json.loads(line)

    def command(self, line):
        self.server.stdin.write(line + "\n")
        self.server.stdin.flush()
        return self.answer()

    def lose_power(self, model, moment, kill):
        """The power goes: no request is answered from here on, `kill` ends what ran. Returns what became of the cache."""
        lost = self.command(f"lose {model} {moment}")
        kill()
        self.off()
        return lost

    def fail(self):
        """Those who wait for the disk get errors, so that they can end."""
        self.command("fail")

    def off(self):
        unmount(self.mount)
        unmount(self.file)
        self.server.stdin.close()
        if self.server.wait(UNMOUNT_SECONDS) != 0:
            raise AssertionError(f"the disk's server ended with exit code {self.server.returncode}")
        self.server = None

    def close(self):
        """While it may be in use: ends the server, and with it everything that waits for it."""
        if self.server is not None:
            self.server.kill()
            self.server.wait()
            for path in (self.mount, self.file):
                subprocess.run(["umount", "--lazy", str(path)], check=False)


def unmount(path):
    """Waits until nothing on it is open: the kernel closes what an io_uring held after its process is gone."""
    deadline = time.monotonic() + UNMOUNT_SECONDS
    while subprocess.run(["umount", str(path)], capture_output=True, check=False).returncode != 0:
        if time.monotonic() > deadline:
            subprocess.run(["umount", str(path)], check=True)
        time.sleep(0.05)
