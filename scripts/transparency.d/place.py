"""Where one run of a program takes place, and what it showed."""

import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

DEBIAN_PYTHON = "/usr/bin/python3"
LINE = "lockprof: "
# Of a machine that is busy, or of a million acquisitions that were all to be kept: shown, no fault.
TOO_LATE = "the last profile was not finished within 2 s"


class Place:
    """Where one run takes place: a folder, an environment, and a bound in time."""

    def __init__(self, tools, library, sample, limit):
        self.tools, self.limit = tools, limit
        self.folder = Path(tempfile.mkdtemp(prefix="transparency-"))
        self.profiles = self.folder / "profiles"
        self.profiles.mkdir()
        self.folder.chmod(0o755)
        self.profiles.chmod(0o1777)
        self.own = {k: v for k, v in os.environ.items() if not k.startswith(("LOCKPROF_", "DD_"))}
        self.own |= {"HOME": str(self.folder), "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        self.own["LD_LIBRARY_PATH"] = ":".join(map(str, tools.glob("*/usr/lib/x86_64-linux-gnu")))
        self.environment = dict(self.own)
        if library:
            self.environment |= {"LD_PRELOAD": str(library), "LOCKPROF_OUTPUT": str(self.profiles)}
            # Waiting periods of the load are shorter than the usual interval.
            self.environment["LOCKPROF_INTERVAL"] = "5s"
            if sample:
                self.environment["LOCKPROF_SAMPLE"] = sample

    def program(self, package, path):
        """A program that may be unpacked and not installed."""
        unpacked = self.tools / package / path.lstrip("/")
        return str(unpacked if unpacked.exists() else path)

    def command(self, *arguments, plain=False, stdin=None, **more):
        """Runs a command to its end; answers its status and what it wrote."""
        done = subprocess.run(
            [str(a) for a in arguments],
            cwd=more.pop("cwd", self.folder),
            env=(self.own if plain else self.environment) | more.pop("env", {}),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=self.limit,
            **more,
        )
        return done.returncode, done.stdout, done.stderr

    def start(self, *arguments, **more):
        """Starts a server; the caller ends it with `stop`."""
        log = open(self.folder / "log", "ab")
        return subprocess.Popen(
            [str(a) for a in arguments],
            cwd=self.folder,
            env=self.environment | more.pop("env", {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **more,
        )

    def until(self, server, ask):
        """Asks until there is an answer, while the server lives."""
        end = time.monotonic() + self.limit
        while time.monotonic() < end:
            try:
                answer = ask()
                if answer:
                    return answer
            except (OSError, subprocess.SubprocessError):
                pass
            if server.poll() is not None:
                raise RuntimeError("server ended: " + (self.folder / "log").read_text(errors="replace")[-400:])
            time.sleep(0.05)
        raise RuntimeError("server does not answer")

    def left_in(self, server):
        """Threads of ours and descriptors of a server that is at rest, by name."""
        task = Path(f"/proc/{server.pid}/task")
        names = {(t / "comm").read_text().strip() for t in task.iterdir()}
        threads = sorted(n for n in names if not n.startswith("lockprof"))
        files = self.files_of(server)
        ours = [f for f in files if "lockprof" in f or "FOLDER/profiles" in f]
        # Kinds and names, not numbers: a server keeps some for a while, or not.
        kinds = sorted({re.sub(r"\[?\d+\]?", "", f) for f in files})
        return f"{threads} {kinds}", ours

    def files_of(self, server):
        """What its descriptors stand for."""
        links = []
        for link in Path(f"/proc/{server.pid}/fd").iterdir():
            try:
                links.append(os.readlink(link).replace(str(self.folder), "FOLDER"))
            except FileNotFoundError:
                continue
        return links

    def stop(self, server, how=signal.SIGTERM):
        """Ends a server as its administrator would; answers its status."""
        if server.poll() is None:
            server.send_signal(how)
        try:
            return server.wait(self.limit)
        finally:
            self.kill(server)

    @staticmethod
    def kill(server):
        """Leaves nothing of a server that hangs, nor of its group, which is its own."""
        try:
            os.killpg(server.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        server.wait()


class Result:
    """What a run showed."""

    def __init__(self, status, output="", ours=(), errors=b""):
        self.status, self.output, self.ours = status, output, list(ours)
        self.messages = [l for l in errors.decode(errors="replace").splitlines() if LINE in l]
        self.seconds = 0.0
        self.profiles, self.acquired = 0, 0
        self.left = []
