"""Every step of tests/run: what it runs, what must be there before, and its time limit in seconds."""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Optional

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
CACHE = TESTS / ".cache"
CLIENTS = TESTS / "clients"
VENV_PYTHON = CACHE / "venv/bin/python"

# Debian's package for each command that the tests call.
COMMANDS = {
    "kcat": ["kcat"],
    "java": ["default-jdk-headless"],
    "mvn": ["maven"],
    "go": ["golang-go"],
    "node": ["nodejs"],
    "npm": ["npm"],
    "cc": ["gcc", "libc6-dev"],
    "c++": ["g++"],
    "make": ["make"],
    "mkfs.ext4": ["e2fsprogs"],
    "mkfs.btrfs": ["btrfs-progs"],
    "valgrind": ["valgrind"],
}
# And for each header that librdkafka's tests are compiled with.
HEADERS = {
    "zlib.h": ["zlib1g-dev"],
    "zstd.h": ["libzstd-dev"],
    "rapidjson/document.h": ["rapidjson-dev"],
}


@dataclass
class Step:
    """One line of the result table; `command` gets its output in a log file of its own."""

    name: str
    command: list
    seconds_max: int
    needs: list = field(default_factory=list)
    cwd: Path = ROOT
    # Starts a fresh broker for the step and names it in BOOTSTRAP.
    broker: bool = False
    # Only run when it is asked for by name.
    optional: bool = False
    # The step starts brokers itself and is told which kind by `--against`.
    brokers_of_its_own: bool = False
    # Nothing to do if this is true.
    done: Optional[Callable[[], bool]] = None
    # Called after success.
    after: Optional[Callable[[], None]] = None


def sudo(command):
    return command if os.geteuid() == 0 else ["sudo", "-n", *command]


def missing_packages():
    packages = [p for command, names in COMMANDS.items() if not find(command) for p in names]
    packages += [p for header, names in HEADERS.items() if not Path("/usr/include", header).exists() for p in names]
    if subprocess.run(["python3", "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode:
        packages.append("python3-venv")
    return packages


def find(command):
    return shutil.which(command, path=os.environ.get("PATH", "") + ":/usr/local/go/bin:/usr/sbin:/sbin")


def stamp(name, result, *files):
    """`done` and `after` of a step whose result, a path, depends on the content of some files."""
    path = CACHE / "stamps" / name
    digest = hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()

    def done():
        return result.exists() and path.is_file() and path.read_text() == digest

    def after():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(digest)

    return {"done": done, "after": after}


def shell(text):
    return ["bash", "-euo", "pipefail", "-c", text]


def install_steps():
    requirements = sorted(CLIENTS.glob("*/requirements.txt"))
    arguments = " ".join(f"-r '{r}'" for r in requirements)
    venv = CACHE / "venv"
    packages = missing_packages()
    apt = " ".join(sudo(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]))
    kafkajs, java, go = CLIENTS / "kafkajs", CLIENTS / "java", CLIENTS / "franz-go"
    return [
        Step(
            "apt", shell(f"{apt} update -q && {apt} install -q -y --no-install-recommends {' '.join(packages)}"), 900,
            done=lambda: not packages,
        ),
        Step(
            "pip",
            shell(f"rm -rf '{venv}' && python3 -m venv '{venv}' && '{VENV_PYTHON}' -m pip install -q --no-deps {arguments}"),
            900, needs=["apt"], **stamp("pip", VENV_PYTHON, *requirements),
        ),
        Step("npm", ["npm", "ci", "--no-fund", "--no-audit"], 900, needs=["apt"], cwd=kafkajs,
             **stamp("npm", kafkajs / "node_modules", kafkajs / "package-lock.json")),
        Step("go-build", ["go", "build", "-o", str(CACHE / "bin/franz-go"), "."], 900, needs=["apt"], cwd=go),
        Step(
            "mvn",
            ["mvn", "-B", "-q", "compile", "dependency:copy-dependencies", "-DincludeScope=runtime",
             f"-DoutputDirectory={CACHE / 'java/lib'}"],
            900, needs=["apt"], cwd=java,
        ),
        Step("reference", [str(TESTS / "reference/install")], 900, needs=["apt", "mvn"]),
        Step("librdkafka-build", [str(TESTS / "librdkafka/prepare")], 1200, needs=["apt"]),
    ]


def cargo_steps():
    return [
        Step("fmt", ["cargo", "fmt", "--check"], 300),
        Step("clippy", ["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], 1500),
        Step("deny", [str(TESTS / "house/deny")], 1500, optional=True),
        Step("house", ["python3", str(TESTS / "house/run")], 120),
        Step("unit", ["cargo", "test", "--workspace", "--locked", "--no-fail-fast"], 1800),
        Step("build", ["cargo", "build", "--release", "--locked"], 1800),
        Step("instructions", [str(ROOT / "perf/instructions")], 1500, needs=["apt", "build"]),
    ]


def python_client(name):
    return Step(name, [str(VENV_PYTHON), str(CLIENTS / name / "test.py")], 360, needs=["pip"], broker=True)


def broker_steps():
    java = f"{CLIENTS / 'java/target/classes'}:{CACHE / 'java/lib'}/*"
    own = {"brokers_of_its_own": True}
    return [
        Step("wire", ["python3", str(TESTS / "wire/run")], 300, needs=["mvn"]),
        Step("kcat", ["python3", str(CLIENTS / "kcat/test.py")], 360, needs=["apt"], broker=True),
        python_client("confluent-kafka"),
        python_client("kafka-python"),
        python_client("aiokafka"),
        Step("java", ["java", "-cp", java, "corelog.tests.Main"], 360, needs=["mvn"], broker=True),
        Step("franz-go", [str(CACHE / "bin/franz-go")], 360, needs=["go-build"], broker=True),
        Step("kafkajs", ["node", "test.js"], 360, needs=["npm"], cwd=CLIENTS / "kafkajs", broker=True),
        Step("mishaps", ["python3", str(TESTS / "mishaps/run")], 300, needs=["apt"], **own),
        Step("service", ["python3", str(TESTS / "service/run")], 300, **own),
        Step("packaging", ["python3", str(TESTS / "packaging/run")], 3600, optional=True, **own),
        Step("shards", [str(VENV_PYTHON), str(TESTS / "shards/run")], 300, needs=["pip"], **own),
        Step("fixtures", [str(VENV_PYTHON), str(TESTS / "fixtures/run")], 300, needs=["pip"], **own),
        Step("differential", ["python3", str(TESTS / "differential/run")], 600, needs=["reference"], **own),
        Step("compaction", [str(VENV_PYTHON), str(TESTS / "compaction/run")], 600, needs=["pip", "reference"], **own),
        Step("streams", [str(VENV_PYTHON), str(TESTS / "ecosystem/streams/run")], 900, needs=["pip", "reference"], optional=True, **own),
        Step("flink", [str(VENV_PYTHON), str(TESTS / "ecosystem/flink/run")], 600, needs=["pip", "reference"], optional=True, **own),
        Step("spark", [str(VENV_PYTHON), str(TESTS / "ecosystem/spark/run")], 600, needs=["pip", "reference"], optional=True, **own),
        Step("storm", [str(VENV_PYTHON), str(TESTS / "ecosystem/storm/run")], 600, needs=["pip", "reference"], optional=True, **own),
        Step("watched", ["python3", str(TESTS / "watched/run")], 600, needs=["apt"], optional=True, **own),
        Step("streams-app", [str(VENV_PYTHON), str(TESTS / "ecosystem/streams-app/run")], 600, needs=["pip", "reference"], optional=True, **own),
        Step("connect", [str(VENV_PYTHON), str(TESTS / "ecosystem/connect/run")], 600, needs=["pip", "reference"], optional=True, **own),
        Step("ring", [str(VENV_PYTHON), str(TESTS / "ecosystem/ring/run")], 500, needs=["pip", "reference"], optional=True, **own),
        Step("transactions", [str(VENV_PYTHON), str(TESTS / "ecosystem/transactions/run")], 300, needs=["pip", "reference"], optional=True, **own),
        Step("dump-log", [str(VENV_PYTHON), str(TESTS / "dump-log/run")], 300, needs=["pip", "reference"], **own),
        Step("perf-results", ["python3", str(ROOT / "perf/lib/test_results.py")], 60),
        Step("crash-ledger", ["python3", str(TESTS / "crash/test_ledger.py")], 60),
        Step("crash", [str(VENV_PYTHON), str(TESTS / "crash/run"), "--kills", "20"], 420, needs=["pip"], **own),
        Step("full-disk", [str(VENV_PYTHON), str(TESTS / "crash/run"), "--full-disk"], 300, needs=["pip"], **own),
        Step("full-disk-btrfs", [str(VENV_PYTHON), str(TESTS / "crash/run"), "--full-disk", "--file-system", "btrfs"], 300, needs=["pip"], **own),
        Step("stops", [str(VENV_PYTHON), str(TESTS / "crash/run"), "--stops"], 180, needs=["pip"], **own),
        Step("power", [str(VENV_PYTHON), str(TESTS / "power/run")], 300, needs=["pip"], **own),
        Step("fuzz", [str(TESTS / "fuzz/run"), "--seconds", "10"], 1500, needs=["apt"], optional=True),
        Step("sanitize", [str(TESTS / "sanitize/run")], 3600, needs=["apt"], optional=True),
        Step("sim", [str(TESTS / "sim/run")], 1500),
        Step("mutations", [str(TESTS / "sim/mutate"), "--some", "2"], 900),
        Step("hostile", ["python3", str(TESTS / "hostile/run")], 660, **own),
        Step("librdkafka", ["python3", str(TESTS / "librdkafka/run")], 900, needs=["librdkafka-build", "reference"], **own),
    ]
