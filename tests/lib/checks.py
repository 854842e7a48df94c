"""Runs named checks one after another, prints a line for each and a closing count.

A check is a function that raises when it fails. A watchdog ends the process when the whole run takes
longer than its bound, so a broker that never answers cannot hang the caller.
"""

import faulthandler
import os
import sys
import time
import traceback
import uuid

# The exit code of a test that this machine lacks something for; its last line says what.
NOT_RUN = 77


def bootstrap():
    """The broker under test, `host:port`, from the environment variable BOOTSTRAP."""
    value = os.environ.get("BOOTSTRAP")
    if not value:
        sys.exit("BOOTSTRAP=host:port must be set")
    return value


def unique(stem):
    """A topic or group name that no other run uses."""
    return f"{stem}-{uuid.uuid4().hex[:10]}"


def equal(got, want, what):
    """Fails with both values when they differ."""
    if got != want:
        raise AssertionError(f"{what}: got {short(got)}, want {short(want)}")


def check(condition, what):
    """Fails with the sentence `what` when the condition does not hold."""
    if not condition:
        raise AssertionError(what)


def short(value):
    text = repr(value)
    return text if len(text) <= 400 else text[:400] + f"... ({len(text)} characters)"


def until(what, seconds, step):
    """Calls `step` until it returns something true, and returns that; fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = step()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


class Checks:
    """Collects results; `finish` prints the count and gives the exit code."""

    def __init__(self, seconds_max):
        self.passed = 0
        self.failed = 0
        only = os.environ.get("CHECKS")
        self.only = set(only.split(",")) if only else None
        faulthandler.dump_traceback_later(seconds_max, exit=True)

    def run(self, name, function):
        if self.only is not None and name not in self.only:
            return
        start = time.monotonic()
        try:
            function()
        except Exception as error:
            self.failed += 1
            print(f"FAIL {name} ({time.monotonic() - start:.1f} s): {short(str(error)) or type(error).__name__}", flush=True)
            traceback.print_exc()
        else:
            self.passed += 1
            print(f"ok   {name} ({time.monotonic() - start:.1f} s)", flush=True)

    def finish(self):
        faulthandler.cancel_dump_traceback_later()
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0
