"""Corelog's binaries, and runs of its load generator against a broker."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# What `corelog-bench run` ends with when messages failed, or what was read is not what was acknowledged.
EXIT_WRONG = 3


class BenchError(Exception):
    """The generator found something wrong."""


def say(text):
    print(f"# {text}", file=sys.stderr, flush=True)


class Binaries:
    """The programs of a release build: of these sources, unless a folder is given."""

    def __init__(self, folder=None, examples=()):
        if folder is None:
            folder = build(examples)
        self.corelog = folder / "corelog"
        self.bench = folder / "corelog-bench"
        self.examples = folder / "examples"


def build(examples=()):
    """Builds the broker, the generator and its `examples` for release; gives the folder they are in."""
    say("building for release")
    commands = [["-p", "corelog-broker", "-p", "corelog-bench"]]
    if examples:
        commands.append(["-p", "corelog-bench", *[part for name in examples for part in ("--example", name)]])
    for packages in commands:
        subprocess.run(["cargo", "build", "--release", *packages], cwd=ROOT, check=True, stdout=sys.stderr)
    return (ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release").resolve()


class Bench:
    """Runs workloads; `folder` holds the results until they are read."""

    def __init__(self, binary, folder, duration_s, warm_up_s):
        self.binary = binary
        self.folder = Path(folder)
        self.duration_s = duration_s
        self.warm_up_s = warm_up_s

    def command(self, scenario, server, out, settings=(), extra=()):
        keys = [f"duration_s={self.duration_s}", f"warm_up_s={self.warm_up_s}", *settings]
        return [
            str(self.binary), "run", scenario, "--quiet",
            "--bootstrap", server.address,
            "--server-pid", str(server.pid),
            "--server-data", str(server.data),
            "--out", str(out),
            *extra,
            *[part for key in keys for part in ("--set", key)],
        ]

    def try_run(self, scenario, server, settings=(), extra=()):
        """Runs a scenario; gives its result, and what was wrong with it as a text, or None."""
        out = self.folder / "result.json"
        out.unlink(missing_ok=True)
        command = self.command(scenario, server, out, settings, extra)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode not in (0, EXIT_WRONG) or not out.exists():
            raise BenchError(f"{scenario} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        result = json.loads(out.read_text())
        return result, None if done.returncode == 0 else what_is_wrong(result)

    def run(self, scenario, server, settings=(), extra=()):
        """Runs a scenario and gives its result; what was lost or failed is an error here."""
        result, problem = self.try_run(scenario, server, settings, extra)
        if problem is not None:
            raise BenchError(f"{scenario}: {problem}")
        return result


def what_is_wrong(result):
    """Why a run's exit code was not 0, in words."""
    parts = [f"{count} messages failed with {error}" for error, count in result["errors"].items()]
    if result["unsent"]:
        parts.append(f"{result['unsent']} messages were never sent")
    found = result["verification"] or {}
    wrongs = ("lost", "unread", "duplicates", "out_of_order", "corrupt")
    parts += [f"{found[name]} messages {name.replace('_', ' ')}" for name in wrongs if found.get(name)]
    return "; ".join(parts) or "the generator says that it does not hold"


def commit():
    """The commit of the sources, marked if they were changed; none outside of a repository."""
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
        changed = subprocess.run(["git", "status", "--porcelain", "--untracked-files=no", "--", ":!perf/RESULTS.md",
                                  ":!perf/results"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + ("-changed" if changed.stdout.strip() else "")
