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
# What partitions that are produced to look like to the disk: files in turns, each synced after so many writes, by jobs
# with so many writes under way.
GROWING_FILES, GROWING_JOBS, GROWING_DEPTH, GROWING_SYNC_EVERY = 16, 2, 8, 8


def fio(folder, mode, depth=1, seconds=None, size=FILE_BYTES, extra=()):
    """Runs one fio job on one file of `folder`; without `seconds` once over the file. Gives fio's figures of the job."""
    command = ["--filename=fio.data", f"--rw={mode}", f"--iodepth={depth}", f"--size={size}"]
    if seconds is not None:
        command += [f"--runtime={seconds:g}", "--time_based"]
    return run(folder, [*command, *extra])


def run(folder, arguments):
    """Runs fio with direct 1 MiB blocks in `folder`, unless the arguments say otherwise; gives the figures of its job."""
    if shutil.which("fio") is None:
        raise BenchError("fio is not installed: apt-get install fio")
    command = ["fio", "--name=corelog", f"--directory={folder}", "--bs=1M", "--direct=1", "--ioengine=io_uring",
               "--output-format=json"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
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


def growing_files_bytes_per_s(folder, are_synced):
    """Bytes a second over several new files in turns, as many writes under way as a busy broker has; see GROWING_FILES."""
    inner = folder / "growing"
    inner.mkdir()
    job = run(inner, [
        f"--numjobs={GROWING_JOBS}", "--group_reporting", f"--nrfiles={GROWING_FILES // GROWING_JOBS}", "--rw=write",
        "--file_service_type=roundrobin:1", f"--iodepth={GROWING_DEPTH}", f"--size={NEW_FILE_BYTES // GROWING_JOBS}",
        "--fallocate=native", *([f"--fdatasync={GROWING_SYNC_EVERY}"] if are_synced else []),
    ])
    shutil.rmtree(inner)
    return job["write"]["bw_bytes"]


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
