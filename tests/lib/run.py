"""tests/run: installs what the tests need, builds, checks and tests everything; see tests/README.md."""

import argparse
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from broker import Broker, BrokerError
from checks import NOT_RUN
from steps import CACHE, ROOT, broker_steps, cargo_steps, install_steps

LOGS = CACHE / "logs"
TAIL_LINES = 60
# Of each step that failed, beside the table of all: a record of a run may keep no more than its end.
LAST_WORDS_LINES = 10
COUNT = re.compile(r"^(\d+) passed, (\d+) failed", re.M)


class Results:
    """Name, outcome, seconds and a note of each finished step; prints a line as each one ends.

    The outcome is true, false, or None for a step that this machine lacks something for: it neither passed nor failed.
    """

    WORDS = {True: "ok", False: "FAILED", None: "not run"}

    def __init__(self):
        self.rows = {}
        self.last_words = {}
        self.lock = threading.Lock()

    def add(self, name, ok, seconds, note=""):
        with self.lock:
            self.rows[name] = (ok, seconds, note)
            print(f"[{self.WORDS[ok]:>7}] {name} ({seconds:.0f} s) {note}", flush=True)

    def failed(self, name):
        return name in self.rows and self.rows[name][0] is False

    def table(self):
        width = max(len(name) for name in self.rows)
        print(f"\n{'step':<{width}}  result   seconds  note")
        for name, (ok, seconds, note) in self.rows.items():
            print(f"{name:<{width}}  {self.WORDS[ok]:<7}  {seconds:7.1f}  {note}")
        outcomes = [ok for ok, _, _ in self.rows.values()]
        failed, not_run = outcomes.count(False), outcomes.count(None)
        text = f"{outcomes.count(True)} passed, {failed} failed" + (f", {not_run} not run" if not_run else "")
        for name, words in self.last_words.items():
            print(f"\n--- {name} failed\n{words}")
        print(f"\n{text}", flush=True)
        return 1 if failed or not self.rows else 0


def tail(path, lines_max=TAIL_LINES):
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return "\n".join(f"    {line[:400]}" for line in lines[-lines_max:])


def last_words(path):
    """The lines of a step's log that say what failed, or its end if none says so."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    failures = [line for line in lines if re.match(r"\s*(FAIL|error\b)", line)]
    return "\n".join(f"    {line[:400]}" for line in (failures or lines)[-LAST_WORDS_LINES:])


def last_line(path):
    lines = path.read_text(errors="replace").splitlines()
    return lines[-1] if lines else "no word why"


def execute(step, log_path, environment, extra):
    """Runs the step's command in a process group of its own; returns its exit code, or None past its time."""
    with open(log_path, "ab") as log:
        process = subprocess.Popen(
            [*step.command, *extra], cwd=step.cwd, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )
        try:
            return process.wait(step.seconds_max)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def run_step(step, results, against):
    if any(results.failed(need) for need in step.needs):
        results.add(step.name, False, 0, "what it needs failed")
        return
    if step.done is not None and step.done():
        results.add(step.name, True, 0, "there already")
        return
    start = time.monotonic()
    log_path, broker_log = LOGS / f"{step.name}.log", LOGS / f"{step.name}.broker.log"
    environment = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/local/go/bin:/usr/sbin:/sbin")
    environment["KAFKAJS_NO_PARTITIONER_WARNING"] = "1"
    extra = ["--against", against] if step.brokers_of_its_own else []
    code, problem, data_dir, broker = None, None, None, None
    try:
        if step.broker:
            data_dir = tempfile.mkdtemp(prefix=f"corelog-{step.name}-", dir=CACHE)
            broker = Broker(against, data_dir, broker_log)
            broker.start()
            environment["BOOTSTRAP"] = broker.bootstrap
        code = execute(step, log_path, environment, extra)
        if code is None:
            problem = f"not finished within {step.seconds_max} s"
        elif code not in (0, NOT_RUN):
            problem = f"exit code {code}"
        if broker is not None:
            broker.stop()
    except (BrokerError, OSError) as error:
        problem = f"{problem}; {error}" if problem else str(error)
    finally:
        if broker is not None:
            broker.kill()
        if data_dir is not None:
            shutil.rmtree(data_dir, ignore_errors=True)
    counts = COUNT.findall(log_path.read_text(errors="replace")) if log_path.exists() else []
    note = f"{counts[-1][0]} passed, {counts[-1][1]} failed" if counts else ""
    if problem is None and code == NOT_RUN:
        results.add(step.name, None, time.monotonic() - start, last_line(log_path))
        return
    if problem is None and step.after is not None:
        step.after()
    results.add(step.name, problem is None, time.monotonic() - start, "; ".join(filter(None, [note, problem])))
    if problem is not None:
        results.last_words[step.name] = last_words(log_path)
        for path in (log_path, broker_log):
            if path.exists():
                print(f"--- the end of {path.relative_to(ROOT)}\n{tail(path)}", flush=True)


def with_needs(wanted, steps):
    """The wanted steps and, before them, everything that they need."""
    by_name, chosen = {s.name: s for s in steps}, []

    def add(name):
        for need in by_name[name].needs:
            add(need)
        if name not in chosen:
            chosen.append(name)

    for name in wanted:
        add(name)
    return set(chosen)


def run_lanes(install, cargo, results, against):
    """Installing (network) and compiling (processors) do not wait for each other."""

    def lane(steps):
        for step in steps:
            run_step(step, results, against)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        for future in [pool.submit(lane, install), pool.submit(lane, cargo)]:
            future.result()


def main():
    parser = argparse.ArgumentParser(prog="tests/run", description="Installs what the tests need and runs them all.")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this step and what it needs; repeatable")
    parser.add_argument("--against", choices=["corelog", "kafka"], default="corelog", help="the broker under test")
    parser.add_argument("--list", action="store_true", help="print the steps' names")
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    install, cargo, brokers = install_steps(), cargo_steps(), broker_steps()
    if options.against == "kafka":
        cargo = []
    every = install + cargo + brokers
    if options.list:
        print("\n".join(step.name for step in every))
        return 0
    # A broker is needed by each of these tests: the built one, or the reference.
    for step in brokers:
        if not step.broker and not step.brokers_of_its_own:
            continue
        step.needs = [*step.needs, "reference" if options.against == "kafka" else "build"]
    wanted = options.only or [s.name for s in every if not s.optional]
    unknown = set(wanted) - {s.name for s in every}
    if unknown:
        parser.error(f"no step is called {', '.join(sorted(unknown))}; --list prints them")
    chosen = with_needs(wanted, every)
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    results = Results()
    start = time.monotonic()
    run_lanes([s for s in install if s.name in chosen], [s for s in cargo if s.name in chosen], results, options.against)
    for step in brokers:
        if step.name in chosen:
            run_step(step, results, options.against)
    print(f"\nlogs: {LOGS.relative_to(Path.cwd()) if LOGS.is_relative_to(Path.cwd()) else LOGS}; "
          f"{time.monotonic() - start:.0f} s in all")
    return results.table()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
