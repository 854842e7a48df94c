"""kill -9 at random times under load, then a read of everything."""

import random
import time

from checks import until
from load import Reader, Writer, create_topic, read_log

# One kill in five comes while the broker is still starting.
EARLY_KILLS = 0.2
CATCH_UP_SECONDS = 90


def run(broker, ledger, options):
    """Drives the run; returns the log as it is at the end."""
    chance = random.Random(options.seed)
    broker.start()
    options.bootstrap = broker.bootstrap
    create_topic(options.bootstrap, options.topic, options.partitions)
    writers = [Writer(n, ledger, options) for n in range(2)]
    group = f"group-{options.topic}"
    readers = [Reader("alone", None, ledger, options)] + [Reader(f"in group {n}", group, ledger, options) for n in range(2)]
    for thread in [*writers, *readers]:
        thread.start()
    for kill in range(options.kills):
        delay = chance.uniform(*options.seconds_between)
        time.sleep(delay)
        broker.kill()
        early = chance.random() < EARLY_KILLS
        if early:
            broker.start(wait=False)
            time.sleep(chance.uniform(0, 0.5))
            broker.kill()
        start = time.monotonic()
        broker.start()
        sent, acknowledged, seen = ledger.counts()
        print(
            f"kill {kill + 1} after {delay:.2f} s{' and one while starting' if early else ''}; back in "
            f"{time.monotonic() - start:.2f} s; sent {sent}, acknowledged {acknowledged}, seen {seen}", flush=True,
        )
    for writer in writers:
        writer.stop()
    catch_up(ledger, options)
    for reader in readers:
        reader.stop()
    broker.kill()
    broker.start()
    return read_log(options)


def catch_up(ledger, options):
    """Waits until the consumers have read everything; the producers have stopped."""
    total = sum(len(records) for records in read_log(options).values())
    until(f"the consumers read all {total} messages", CATCH_UP_SECONDS, lambda: caught_up(ledger, total))


def caught_up(ledger, total):
    """Both the consumer that stands alone and the group have read every place."""
    alone, group = set(), set()
    with ledger.lock:
        for consumer, partition, offset, _ in ledger.seen:
            (alone if consumer == "consumer alone" else group).add((partition, offset))
    return len(alone) == total and len(group) == total
