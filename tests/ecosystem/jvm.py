"""What the programs of tests/ecosystem that run on a JVM share: libraries by Maven, a program compiled against them, and a JVM
whose output is in a file and which is killed with SIGKILL."""

import hashlib
import shutil
import subprocess
from pathlib import Path

CACHE = Path(__file__).resolve().parents[1] / ".cache"


def install(folder):
    """Copies what `pom.xml` of `folder` names into tests/.cache unless it is there, compiles the Java files beside it, and returns
    the class path of both."""
    folder = Path(folder)
    place = CACHE / f"ecosystem-{folder.name}"
    libraries, classes, stamp = place / "lib", place / "classes", place / "stamp"
    pom = folder / "pom.xml"
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != digest:
        shutil.rmtree(place, ignore_errors=True)
        copy = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime"]
        subprocess.run([*copy, f"-DoutputDirectory={libraries}"], check=True)
        stamp.write_text(digest)
    shutil.rmtree(classes, ignore_errors=True)
    classes.mkdir()
    sources = sorted(str(path) for path in folder.glob("*.java"))
    if sources:
        subprocess.run(["javac", "-nowarn", "-proc:none", "-d", str(classes), "-cp", f"{libraries}/*", *sources], check=True)
    return f"{classes}:{libraries}/*"


class Jvm:
    """One Java program, started at once. What it leaves behind when it is killed is in the folder `temporary`."""

    def __init__(self, log_path, class_path, main, arguments, temporary, heap="512m", options=()):
        self.log_path = Path(log_path)
        command = ["java", f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Djava.io.tmpdir={temporary}", *options,
                   "-cp", class_path, main, *map(str, arguments)]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def text(self):
        """What it has printed so far."""
        return self.log_path.read_text(errors="replace")

    def runs(self):
        return self.process.poll() is None

    def kill(self):
        """kill -9, and nothing if it has ended."""
        if self.runs():
            self.process.kill()
            self.process.wait()
