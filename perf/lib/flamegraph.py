"""Draws a flame graph of a broker: of one that runs, or of one that it starts and puts under a load.

`perf record` is used where it is installed and permitted: it sees the kernel too. Elsewhere the broker's own sampler
is asked (`GET /debug/profile`), which needs nothing.
"""

import argparse
import http.client
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import flames
from bench import ROOT, Binaries
from broker import Broker, BrokerError

HERTZ = 199
# How often to ask whether the load has begun.
GLANCE_S = 0.2


class ProfileError(Exception):
    """No profile could be taken."""


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="perf/flamegraph",
        description="Writes a flame graph, as SVG, of a running broker (--pid, --admin), or of one that it starts and "
        "loads with a scenario.",
        epilog="Arguments after -- go to the `corelog serve` that it starts, such as: perf/flamegraph -- --shards 1",
    )
    parser.add_argument("--pid", type=int, help="a running broker's process")
    parser.add_argument("--admin", metavar="HOST:PORT", default="127.0.0.1:9644",
                        help="a running broker's admin port, for its own sampler (127.0.0.1:9644)")
    parser.add_argument("--scenario", default="max-rate-1-topic-16-partitions-1kb",
                        help="the load, if it starts a broker (max-rate-1-topic-16-partitions-1kb)")
    parser.add_argument("--with", dest="method", choices=["auto", "perf", "broker"], default="auto",
                        help="what takes the samples (auto: perf if it may)")
    parser.add_argument("--seconds", type=int, default=10, help="how long (10)")
    parser.add_argument("--out", type=Path, default=Path("flamegraph.svg"), help="the SVG (flamegraph.svg)")
    parser.add_argument("--folded", type=Path, help="keep the folded stacks here too")
    parser.add_argument("--bin-dir", type=Path, help="take the binaries from here and build nothing")
    parser.add_argument("broker", nargs="*", metavar="ARGUMENT", help="for `corelog serve`")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    try:
        if arguments.pid is not None:
            folded = sample(arguments, arguments.pid, arguments.admin)
        else:
            folded = of_a_load(arguments)
    except (ProfileError, BrokerError, OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if arguments.folded:
        arguments.folded.write_text(folded)
    stacks = flames.parse(folded)
    if not stacks:
        print("error: there are no samples: the broker did nothing", file=sys.stderr)
        return 1
    arguments.out.write_text(flames.svg(stacks, f"corelog, {arguments.seconds} s"))
    print(f"{arguments.out}: {sum(stacks.values())} samples")
    for share, name in flames.hottest(stacks, 10):
        print(f"  {share:5.1f} %  {name}")
    return 0


def of_a_load(arguments):
    """Starts a broker and a load, and samples it from the middle on."""
    binaries = Binaries(arguments.bin_dir.resolve() if arguments.bin_dir else None)
    parent = ROOT / "target"
    parent.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="corelog-flamegraph-", dir=parent))
    broker = Broker(binaries.corelog, folder / "data", folder / "log", arguments.broker)
    load = None
    try:
        broker.start()
        load = subprocess.Popen(
            [str(binaries.bench), "run", arguments.scenario, "--quiet", "--calibrate", "0",
             "--bootstrap", broker.address, "--set", "warm_up_s=0", "--set", f"duration_s={arguments.seconds + 30}"],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        wait_for_records(broker, load)
        return sample(arguments, broker.pid, f"127.0.0.1:{broker.admin_port}")
    finally:
        if load is not None and load.poll() is None:
            load.kill()
            load.wait()
        if broker.is_running():
            broker.kill()
        shutil.rmtree(folder, ignore_errors=True)


def wait_for_records(broker, load):
    """Until the broker has taken something."""
    while True:
        if load.poll() is not None:
            raise ProfileError(f"the load ended with {load.returncode}: {load.stderr.read()}")
        text = get(f"127.0.0.1:{broker.admin_port}", "/metrics", 10)
        if re.search(r"^corelog_produced_records_total [1-9]", text, re.MULTILINE):
            return
        # It is about to come; nothing tells when.
        time.sleep(GLANCE_S)


def sample(arguments, pid, admin):
    if arguments.method == "perf" or (arguments.method == "auto" and may_use_perf(pid)):
        return by_perf(pid, arguments.seconds)
    return get(admin, f"/debug/profile?seconds={arguments.seconds}&hz={HERTZ}", arguments.seconds + 120)


def may_use_perf(pid):
    """Whether perf is there and may look into the process."""
    if shutil.which("perf") is None:
        return False
    with tempfile.NamedTemporaryFile() as out:
        command = ["perf", "record", "-q", "-F", str(HERTZ), "-o", out.name, "-p", str(pid), "--", "sleep", "0.1"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def by_perf(pid, seconds):
    """The release build has no frame pointers, so perf copies pieces of the stacks and unwinds them afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "perf.data"
        subprocess.run(["perf", "record", "-q", "-F", str(HERTZ), "--call-graph", "dwarf,16384", "-o", str(data),
                        "-p", str(pid), "--", "sleep", str(seconds)], check=True, stdout=sys.stderr)
        script = subprocess.run(["perf", "script", "-i", str(data), "-F", "comm,ip,sym", "--no-inline"], check=True,
                                capture_output=True, text=True, errors="replace").stdout
    return flames.fold_perf(script)


def get(admin, path, timeout):
    host, port = admin.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise ProfileError(f"the broker's admin port {admin} does not answer: {error}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise ProfileError(f"{path} is answered with {response.status}: {text.strip()}")
    return text


if __name__ == "__main__":
    sys.exit(main())
