"""Makes a failing sequence small: leaves out steps, then elements and fields of requests, as long as it fails alike."""

import copy
import time

ATTEMPTS_MAX = 150
SECONDS_MAX = 20


class Shrinker:
    def __init__(self, pair, result):
        self.pair = pair
        self.result = result
        self.attempts = 0
        self.end = time.monotonic() + SECONDS_MAX

    def is_over(self):
        return self.attempts >= ATTEMPTS_MAX or time.monotonic() > self.end

    def still_fails(self, steps):
        """The result of these steps if they fail in the same way."""
        if self.is_over():
            return None
        self.attempts += 1
        (result,) = self.pair.play([steps])
        if result.unexplained and result.signature() == self.result.signature():
            return result
        return None

    def take(self, steps):
        result = self.still_fails(steps)
        if result is None:
            return False
        self.result = result
        return True

    def run(self):
        failed = self.result.failed_step["n"]
        steps = [s for s in self.result.steps if s["n"] <= failed]
        if not self.take(steps):
            # It does not fail again by itself: nothing to be shrunk.
            return self.result
        # Restarts take the longest.
        self.take([s for s in self.result.steps if "restart" not in s])
        self.drop_steps()
        self.simplify()
        return self.result

    def drop_steps(self):
        size = max(1, (len(self.result.steps) - 1) // 2)
        while size >= 1:
            start = 0
            while start < len(self.result.steps) - 1:
                steps = self.result.steps
                end = min(start + size, len(steps) - 1)
                if not self.take(steps[:start] + steps[end:]):
                    start += size
            size //= 2

    def simplify(self):
        """Leaves out elements of arrays, and fields, which then have their defaults; those of the last steps first."""
        changed = True
        while changed:
            changed = False
            for index in reversed(range(len(self.result.steps))):
                for path in list(paths(self.result.steps[index].get("body"))):
                    steps = copy.deepcopy(self.result.steps)
                    if remove(steps[index]["body"], path) and self.take(steps):
                        changed = True
                        break
            if self.is_over():
                return


def paths(value, path=()):
    """Paths of all that can be left out, the larger before the smaller."""
    if isinstance(value, dict) and not any(k.startswith("$") for k in value):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    elif isinstance(value, dict) and "$batches" in value:
        children = [("$batches", value["$batches"])] if len(value["$batches"]) > 1 else []
        for key, child in children:
            yield from paths(child, (*path, key))
        return
    else:
        return
    children = list(children)
    for key, _ in children:
        yield (*path, key)
    for key, child in children:
        yield from paths(child, (*path, key))


def remove(value, path):
    for key in path[:-1]:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return False
    try:
        del value[path[-1]]
    except (KeyError, IndexError, TypeError):
        return False
    return True
