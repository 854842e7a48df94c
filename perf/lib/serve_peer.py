"""Runs one peer in the foreground: perf/peers/NAME --help."""

import argparse
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from broker import BrokerError
from peers import PEERS


def main():
    name, *rest = sys.argv[1:]
    peer = PEERS[name]
    parser = argparse.ArgumentParser(
        prog=f"perf/peers/{name}",
        description=f"{peer.__doc__} Starts it, prints its address and its process once it serves, and stops it when "
        f"this is ended. Durability: {peer.durability}.",
        epilog="Arguments after -- are the broker's own: key=value for Kafka, flags for others.",
    )
    parser.add_argument("--data", metavar="DIR", help="its data directory, kept; without it a fresh one, removed after")
    parser.add_argument("--port", type=int, metavar="N", help="where it listens on 127.0.0.1 (a free port)")
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="for the broker")
    arguments = parser.parse_args(rest)
    # What ends a program by a signal is to end the broker as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    peer.install()
    folder = Path(tempfile.mkdtemp(prefix=f"corelog-{name}-"))
    data = Path(arguments.data).resolve() if arguments.data else folder / "data"
    server = peer(data, folder / "broker.log", port=arguments.port, arguments=arguments.arguments)
    try:
        seconds = server.start()
        print(f"{server.version()} serves on {server.address}, pid {server.pid}, after {seconds:.1f} s", flush=True)
        code = server.process.wait()
        print(f"error: it ended by itself, with {code}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    except BrokerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        if server.is_running():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
