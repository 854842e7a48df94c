"""Counts the instructions of each case of `perf/benches` under callgrind, and holds them to a committed baseline.

No clock is read, so a loaded machine counts the same. Each case is taken N and 3N times, and the difference counts:
what a start costs falls out. The C library is held to code for the oldest x86-64, so that its copies and searches are
the same instructions on every processor.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BASELINE = ROOT / "perf" / "benches" / "instructions.json"
COUNT = 50
# More or fewer instructions than the baseline's by this many percent fail.
TOLERANCE_PERCENT = 3
# The C library's choices by processor, all off (glibc's manual, "Hardware Capability Tunables").
PLAIN = "glibc.cpu.hwcaps=" + ",".join(
    "-" + name for name in ("AVX2", "AVX", "AVX512F", "AVX512VL", "AVX512BW", "BMI2", "BMI1", "ERMS", "FSRM", "SSE4_2",
                            "SSSE3", "Fast_Unaligned_Copy", "AVX_Fast_Unaligned_Load"))


def main():
    parser = argparse.ArgumentParser(
        prog="perf/instructions",
        description="Counts the instructions of the hot paths under callgrind and compares them with "
        f"perf/benches/instructions.json; beyond {TOLERANCE_PERCENT} % either way it fails.",
    )
    parser.add_argument("--bless", action="store_true", help="write what is counted as the new baseline")
    parser.add_argument("names", nargs="*", metavar="CASE", help="only these")
    arguments = parser.parse_args()
    try:
        binary = build()
        known = subprocess.run([binary], capture_output=True, text=True, check=True).stdout.split()
        unknown = set(arguments.names) - set(known)
        if unknown:
            print(f"error: there is no case {', '.join(sorted(unknown))}; there are {', '.join(known)}", file=sys.stderr)
            return 2
        counted = {name: count(binary, name) for name in arguments.names or known}
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {"instructions": {}}
    if arguments.bless:
        kept = {name: value for name, value in baseline["instructions"].items() if name in known}
        result = {"made_with": environment(), "instructions": dict(sorted((kept | counted).items()))}
        BASELINE.write_text(json.dumps(result, indent=2) + "\n")
    return 0 if compare(baseline, counted, is_whole=not arguments.names) or arguments.bless else 1


def build():
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "corelog-perf"], cwd=ROOT, check=True,
                   stdout=sys.stderr)
    return str(ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / "corelog-perf")


def count(binary, name):
    """The instructions of one time."""
    few, many = total(binary, name, COUNT), total(binary, name, 3 * COUNT)
    return round((many - few) / (2 * COUNT))


def total(binary, name, times):
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", binary, name, str(times)]
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              env={**os.environ, "GLIBC_TUNABLES": PLAIN})
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        raise ValueError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return int(found.group(1))


def environment():
    rustc = subprocess.run(["rustc", "--version"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    return {"rustc": rustc, "c_library": " ".join(platform.libc_ver()), "machine": platform.machine()}


def compare(baseline, counted, is_whole):
    """Prints a line a case; whether all are as they were."""
    before, is_well = baseline["instructions"], True
    for name, now in counted.items():
        then = before.get(name)
        if then is None:
            print(f"{name:<24} {now:>12,}  is not in the baseline")
            is_well = False
            continue
        change = 100 * (now - then) / then
        verdict = "" if abs(change) <= TOLERANCE_PERCENT else "  MORE" if change > 0 else "  FEWER"
        is_well = is_well and not verdict
        print(f"{name:<24} {now:>12,}  {change:+6.2f} % of {then:,}{verdict}")
    gone = sorted(set(before) - set(counted)) if is_whole else []
    if gone:
        print(f"gone: {', '.join(gone)}")
    made, here = baseline.get("made_with", {}), environment()
    if not (is_well and not gone):
        if made != here:
            print(f"The baseline was made with {made}, this is {here}: that alone may be the difference.")
        print("If the change is meant, run perf/instructions --bless and commit the result.")
    return is_well and not gone


if __name__ == "__main__":
    sys.exit(main())
