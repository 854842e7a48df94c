"""Plays sequences on both brokers at once, and compares every answer."""

import threading
import time
from collections import Counter

import tables
from generate import READING
from normal import Normal, compare
from side import OTHERS_ANSWER_SECONDS


class Result:
    """What became of one sequence."""

    def __init__(self, steps):
        self.steps = steps
        # Differences of the first step with one that no row explains, and that step.
        self.unexplained = []
        self.failed_step = None
        # The outcomes of that step, for people.
        self.outcomes = None
        # A step after which the brokers' states differ for a known reason ends the sequence.
        self.ended_at = None

    def signature(self):
        """What a shrunk sequence has to keep."""
        return self.unexplained[0].kind()


class Pair:
    """Both brokers."""

    def __init__(self, corelog, kafka, rows):
        self.sides = (corelog, kafka)
        self.rows = rows
        self.counter = 0
        # (API, version) -> requests played.
        self.played = Counter()
        self.explained = Counter()
        self.skipped = 0
        # Every difference that no row explains: kind -> an example and its step. Then a sequence goes on after it.
        self.survey = None

    def prepare(self):
        self.both(lambda side: side.prepare("s0-group"))

    def restart(self):
        def one(side):
            side.restart()
            side.prepare("s0-group")

        self.both(one)

    def both(self, function):
        errors = []

        def run(side):
            try:
                function(side)
            except BaseException as error:  # noqa: BLE001, raised again below
                errors.append(error)

        threads = [threading.Thread(target=run, args=(side,)) for side in self.sides]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    def play(self, sequences):
        """The results of sequences, which share the restarts that they ask for."""
        runs = [Run(self, steps) for steps in sequences]
        while True:
            for run in runs:
                run.go()
            if not any(run.wants_restart() for run in runs):
                return [run.result for run in runs]
            for run in runs:
                run.leave()
            self.restart()
            for run in runs:
                if run.wants_restart():
                    run.resume()


class Run:
    """One sequence being played."""

    def __init__(self, pair, steps):
        self.pair = pair
        pair.counter += 1
        self.sequences = [side.begin(f"s{pair.counter}-") for side in pair.sides]
        self.result = Result(steps)
        self.position = 0

    def over(self):
        return self.position >= len(self.result.steps)

    def wants_restart(self):
        return not self.over() and "restart" in self.result.steps[self.position]

    def resume(self):
        self.position += 1
        for sequence in self.sequences:
            sequence.wait_restarted()

    def go(self):
        steps = self.result.steps
        while not self.over() and not self.wants_restart():
            goes_on = self.step(steps[self.position])
            self.position += 1
            if not goes_on:
                self.pair.skipped += sum("api" in step for step in steps[self.position:])
                self.position = len(steps)
        if self.over():
            self.leave()
            for sequence in self.sequences:
                sequence.forget()

    def leave(self):
        for sequence in self.sequences:
            sequence.close()

    def step(self, step):
        """Whether the sequence goes on."""
        outcomes = [sequence.send(step) for sequence in self.sequences]
        outcomes = self.receive(step, outcomes)
        if "api" in step:
            self.pair.played[step["api"], step["v"]] += 1
        if step.get("api") == "Produce":
            # So that the next batch has a later append time on both sides.
            time.sleep(0.002)
        for sequence, outcome in zip(self.sequences, outcomes):
            sequence.settle(step, outcome)
        for sequence, outcome in zip(self.sequences, outcomes):
            if "answer" in outcome:
                api = step.get("api") or self.api_of(step)
                outcome["raw"] = outcome["answer"]
                outcome["answer"] = Normal(sequence).answer(api, outcome["answer"])
        shown = step if "api" in step else {**step, "api": self.api_of(step)}
        differences = compare(shown, *outcomes)
        ends = False
        for difference, row in tables.explain(self.pair.rows, differences):
            if row is None and self.pair.survey is None:
                self.result.unexplained.append(difference)
                continue
            if row is None:
                self.pair.survey.setdefault(difference.kind(), []).append((difference, step, outcomes))
            else:
                self.pair.explained[str(row)] += 1
            # A refusal, or something that was done twice on one side.
            ends |= difference.api not in READING and (tables.is_refusal(difference.path) or "#" in difference.path)
        if self.result.unexplained:
            self.result.failed_step = step
            self.result.outcomes = outcomes
            return False
        if ends:
            self.result.ended_at = step["n"]
        return not ends

    def receive(self, step, begun):
        outcomes = [o or s.receive(step) for o, s in zip(begun, self.sequences)]
        silent = [o["outcome"] == "no answer" for o in outcomes]
        if any(silent) and not all(silent):
            late = silent.index(True)
            outcomes[late] = self.sequences[late].receive(step, OTHERS_ANSWER_SECONDS)
        for sequence, outcome in zip(self.sequences, outcomes):
            if outcome["outcome"] == "no answer":
                sequence.give_up(step)
        return outcomes

    def api_of(self, receive):
        """The API whose answer a step {"receive"} waits for: the last one sent on that connection."""
        for step in reversed(self.result.steps[:self.position]):
            if step.get("conn") == receive.get("receive"):
                return step["api"]
        return "(receive)"
