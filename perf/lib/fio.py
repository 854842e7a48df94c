"""What fio finds the disk to do, with direct I/O in 1 MiB blocks."""

import json
import shutil
import subprocess

from bench import BenchError

# Blocks under way at a time.
DEPTHS = (1, 4, 16)
FILE_BYTES = 2 << 30
# So much is written where nothing was before.
NEW_FILE_BYTES = 8 << 30


def fio(folder, mode, depth=1, seconds=None, size=FILE_BYTES, extra=()):
    """Runs one fio job on one file of `folder`; without `seconds` once over the file. Gives fio's figures of the job."""
    if shutil.which("fio") is None:
        raise BenchError("fio is not installed: apt-get install fio")
    command = ["fio", "--name=corelog", f"--directory={folder}", "--filename=fio.data", f"--rw={mode}", "--bs=1M",
               "--direct=1", "--ioengine=io_uring", f"--iodepth={depth}", f"--size={size}", "--output-format=json"]
    if seconds is not None:
        command += [f"--runtime={seconds:g}", "--time_based"]
    done = subprocess.run([*command, *extra], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"fio ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    # Its warnings stand in front of the JSON.
    return json.loads(done.stdout[done.stdout.index("{"):])["jobs"][0]


def write_bytes_per_s(folder, depth, seconds, extra=()):
    """Bytes a second that reach the device by sequential writes. Goes over its file again when it comes to its end."""
    return fio(folder, "write", depth, seconds, extra=extra)["write"]["bw_bytes"]


def new_file_bytes_per_s(folder, depth):
    """The same once over a new file, whose blocks the device may never have had: what a growing log does."""
    rate = fio(folder, "write", depth, size=NEW_FILE_BYTES, extra=["--fallocate=none"])["write"]["bw_bytes"]
    remove(folder)
    return rate


def read_bytes_per_s(folder, depth, seconds):
    """Bytes a second of sequential reads. The file has to be written: `lay_out`."""
    return fio(folder, "read", depth, seconds)["read"]["bw_bytes"]


def lay_out(folder):
    """Writes the whole file once: what was never written would be read without the device."""
    fio(folder, "write", depth=4)


def remove(folder):
    (folder / "fio.data").unlink(missing_ok=True)


def best_write(folder, seconds):
    """The depth at which writing is fastest, and bytes a second by depth."""
    found = {depth: write_bytes_per_s(folder, depth, seconds) for depth in DEPTHS}
    remove(folder)
    return max(found, key=found.get), found


def best_read(folder, seconds):
    """The depth at which reading is fastest, and bytes a second by depth."""
    lay_out(folder)
    found = {depth: read_bytes_per_s(folder, depth, seconds) for depth in DEPTHS}
    remove(folder)
    return max(found, key=found.get), found


def syncs_per_s(folder, seconds):
    """4 KiB writes a second, each with its fdatasync."""
    job = fio(folder, "write", 1, seconds, size=64 << 20, extra=["--bs=4k", "--fdatasync=1"])
    remove(folder)
    return job["write"]["iops"]
