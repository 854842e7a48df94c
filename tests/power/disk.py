#!/usr/bin/env python3
"""A disk with a volatile write cache that can lose its power: one file, served through FUSE.

    disk.py IMAGE FILE --seed S      serves FILE, as large as IMAGE, until standard input ends

A loop device over FILE makes it a block device, so a file system can lie on it. The kernel sends each write and each
flush of that device here. What was written is seen by readers at once and is in IMAGE, the durable state, only once a
flush that began afterwards was answered. Commands come as lines on standard input, each answered by a line of JSON:

    lose MODEL WHEN  the power goes: of what was not flushed, MODEL decides what is in IMAGE; nothing is answered
                     any more. WHEN is `now`, `write` (as the next write has been answered) or `flush` (amid the next
                     flush)
    fail             after `lose`: everything is answered with EIO, so that those who wait can end

Models: `nothing` survives, `anything` (each sector of 512 bytes by itself, with any of the contents written to it
since the flush), `prefix` (all writes up to one of them, the next one torn).

Invariants: IMAGE is written by a flush and by `lose` alone; requests are answered one after another, so a flush
covers exactly the writes answered before it.
"""

import argparse
import ctypes
import errno
import json
import mmap
import os
import random
import select
import struct
import sys
import time

SECTOR = 512
# Between a flush's arrival and its effect: a real disk's is as slow, and the power goes amid it.
FLUSH_SECONDS = 0.002
WRITE_BYTES_MAX = 1 << 20
# An idle disk loses its power too.
WAIT_SECONDS_MAX = 0.5
REQUEST_BYTES_MAX = WRITE_BYTES_MAX + (64 << 10)

# include/uapi/linux/fuse.h, protocol 7.31.
GETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, FLUSH, INIT = 3, 14, 15, 16, 17, 18, 20, 25, 26
FORGET, INTERRUPT, DESTROY, BATCH_FORGET = 2, 36, 38, 42
UNANSWERED = {FORGET, INTERRUPT, BATCH_FORGET}
HEADER = struct.Struct("<IIQQIIIHH")
ANSWER = struct.Struct("<IiQ")
INIT_IN = struct.Struct("<IIII")
INIT_OUT = struct.Struct("<IIIIHHIIHHI28x")
ATTR_OUT = struct.Struct("<QII" + "QQQQQQIIIIIIIIII")
OPEN_OUT = struct.Struct("<QII")
IO_IN = struct.Struct("<QQIIQII")
WRITE_OUT = struct.Struct("<II")
STATFS_OUT_BYTES = 80
ASYNC_READ, BIG_WRITES, ASYNC_DIO, MAX_PAGES = 1 << 0, 1 << 5, 1 << 15, 1 << 22
DIRECT_IO = 1 << 0
MS_NOSUID, MS_NODEV = 2, 4
ROOT_MODE = 0o100600


class Cache:
    """The disk's contents as readers see them, as they are durable, and the writes between the two, in order."""

    def __init__(self, file, chance):
        self.size = os.fstat(file.fileno()).st_size
        self.durable = mmap.mmap(file.fileno(), self.size)
        # Pages of it that nobody wrote to are those of the file.
        self.current = mmap.mmap(file.fileno(), self.size, flags=mmap.MAP_PRIVATE)
        self.unflushed = []
        self.chance = chance
        self.counts = {"writes": 0, "flushes": 0}

    def read(self, offset, size):
        return self.current[offset:offset + size]

    def write(self, offset, data):
        assert offset % SECTOR == 0 and len(data) % SECTOR == 0 and offset + len(data) <= self.size
        self.current[offset:offset + len(data)] = data
        self.unflushed.append((offset, data))
        self.counts["writes"] += 1

    def flush(self):
        for offset, data in self.unflushed:
            self.durable[offset:offset + len(data)] = data
        self.unflushed.clear()
        self.counts["flushes"] += 1

    def lose(self, model):
        """Leaves in the image what survives; returns how many unflushed sectors there were and how many are kept."""
        sectors, kept = 0, 0
        if model == "prefix" and self.unflushed:
            last = self.chance.randrange(len(self.unflushed))
            torn = self.chance.randrange(len(self.unflushed[last][1]) // SECTOR)
        share = self.chance.choice([0.1, 0.5, 0.9])
        for number, (offset, data) in enumerate(self.unflushed):
            for index in range(len(data) // SECTOR):
                sectors += 1
                if model == "nothing":
                    keep = False
                elif model == "prefix":
                    keep = number < last or (number == last and index < torn)
                else:
                    # A later write to the same sector may survive in its place: any of the contents remains.
                    keep = self.chance.random() < share
                if keep:
                    kept += 1
                    begin = offset + index * SECTOR
                    self.durable[begin:begin + SECTOR] = data[index * SECTOR:(index + 1) * SECTOR]
        self.durable.flush()
        return {"unflushed_writes": len(self.unflushed), "unflushed_sectors": sectors, "kept": kept, **self.counts}


class Server:
    """Answers the kernel's requests. `state` is "on", "lost" (nothing is answered) or "failed" (all with EIO)."""

    def __init__(self, fuse, cache):
        self.fuse, self.cache = fuse, cache
        self.state = "on"
        self.held = []
        self.flush_at = None
        self.flush_unique = None
        self.waiting = []
        # The model and the moment of the loss that was asked for, and when it comes at the latest.
        self.loss = None

    def answer(self, unique, error=0, body=b""):
        try:
            os.write(self.fuse, ANSWER.pack(ANSWER.size + len(body), -error, unique) + body)
        except FileNotFoundError:  # the request was interrupted; nobody waits for its answer
            pass

    def attributes(self):
        blocks = self.cache.size // SECTOR
        return ATTR_OUT.pack(
            3600, 0, 0, 1, self.cache.size, blocks, 0, 0, 0, 0, 0, 0, ROOT_MODE, 1, 0, 0, 0, 4096, 0,
        )

    def request(self, data):
        """Takes one request, or puts it off while a flush is under way: the disk does one thing at a time."""
        if self.flush_at is not None and self.state == "on":
            self.waiting.append(data)
            return
        _, opcode, unique, _, _, _, _, _, _ = HEADER.unpack_from(data)
        if opcode in UNANSWERED:
            return
        if self.state == "lost":
            self.held.append(unique)
            return
        if self.state == "failed" and opcode in (READ, WRITE, FSYNC):
            self.answer(unique, errno.EIO)
            return
        body = data[HEADER.size:]
        if opcode == WRITE:
            _, offset, size, _, _, _, _ = IO_IN.unpack_from(body)
            self.cache.write(offset, bytes(body[IO_IN.size:IO_IN.size + size]))
            self.answer(unique, body=WRITE_OUT.pack(size, 0))
            self.moment("write")
        elif opcode == READ:
            _, offset, size, _, _, _, _ = IO_IN.unpack_from(body)
            self.answer(unique, body=self.cache.read(offset, size))
        elif opcode == FSYNC:
            self.flush_unique, self.flush_at = unique, time.monotonic() + FLUSH_SECONDS
            self.moment("flush")
        elif opcode == INIT:
            major, minor, readahead, flags = INIT_IN.unpack_from(body)
            assert (major, minor) >= (7, 31), f"FUSE {major}.{minor} is older than this knows"
            flags &= ASYNC_READ | BIG_WRITES | ASYNC_DIO | MAX_PAGES
            pages = WRITE_BYTES_MAX // mmap.PAGESIZE
            self.answer(unique, body=INIT_OUT.pack(7, 31, readahead, flags, 64, 48, WRITE_BYTES_MAX, 1, pages, 0, 0))
        elif opcode == GETATTR:
            self.answer(unique, body=self.attributes())
        elif opcode == OPEN:
            self.answer(unique, body=OPEN_OUT.pack(1, DIRECT_IO, 0))
        elif opcode == STATFS:
            self.answer(unique, body=bytes(STATFS_OUT_BYTES))
        elif opcode in (RELEASE, FLUSH, DESTROY):
            self.answer(unique)
        else:
            self.answer(unique, errno.ENOSYS)

    def finish_flush(self):
        """Ends the flush under way if its time has come."""
        if self.flush_at is None or self.state != "on" or time.monotonic() < self.flush_at:
            return
        self.cache.flush()
        self.answer(self.flush_unique)
        self.flush_at = None
        waiting, self.waiting = self.waiting, []
        for data in waiting:
            self.request(data)

    def command(self, words):
        if words[0] == "lose":
            assert self.state == "on" and self.loss is None
            self.loss = (words[1], words[2], time.monotonic() + WAIT_SECONDS_MAX)
            self.moment("now")
        else:
            assert words[0] == "fail" and self.state == "lost"
            self.state = "failed"
            for unique in self.held:
                self.answer(unique, errno.EIO)
            self.held.clear()
            print("{}", flush=True)

    def moment(self, name):
        """The power goes here if it was asked to."""
        if self.loss is None or self.state != "on":
            return
        model, wanted, end = self.loss
        if name != wanted and time.monotonic() < end:
            return
        self.state = "lost"
        amid_flush = self.flush_at is not None
        if amid_flush:
            self.held.append(self.flush_unique)
        waiting, self.waiting = self.waiting, []
        for data in waiting:
            self.request(data)
        print(json.dumps({**self.cache.lose(model), "amid_flush": amid_flush}), flush=True)

    def run(self):
        os.set_blocking(self.fuse, False)
        poll = select.poll()
        poll.register(self.fuse, select.POLLIN)
        poll.register(sys.stdin.fileno(), select.POLLIN)
        while True:
            self.moment("late")
            ends = [self.flush_at] if self.flush_at is not None else []
            ends += [self.loss[2]] if self.loss is not None else []
            wait = max(0, (min(ends) - time.monotonic()) * 1000) if ends and self.state == "on" else None
            for descriptor, events in poll.poll(wait):
                if descriptor == self.fuse:
                    if events & (select.POLLERR | select.POLLHUP):
                        poll.unregister(self.fuse)  # unmounted
                        continue
                    try:
                        self.request(os.read(self.fuse, REQUEST_BYTES_MAX))
                    except OSError as error:
                        # Interrupted before it was taken, or unmounted; the next poll says which.
                        if error.errno not in (errno.ENOENT, errno.EAGAIN, errno.EINTR, errno.ENODEV):
                            raise
                else:
                    line = sys.stdin.readline()
                    if not line:
                        return
                    self.command(line.split())
            self.finish_flush()


def mount(fuse, target):
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={fuse},rootmode={ROOT_MODE:o},user_id=0,group_id=0".encode()
    if libc.mount(b"corelog-power", os.fsencode(target), b"fuse", MS_NOSUID | MS_NODEV, options) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount -t fuse: {os.strerror(number)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image")
    parser.add_argument("file")
    parser.add_argument("--seed", required=True)
    options = parser.parse_args()
    with open(options.image, "r+b") as image:
        cache = Cache(image, random.Random(options.seed))
        fuse = os.open("/dev/fuse", os.O_RDWR)
        server = Server(fuse, cache)
        mount(fuse, options.file)
        print("{}", flush=True)
        server.run()


if __name__ == "__main__":
    main()
