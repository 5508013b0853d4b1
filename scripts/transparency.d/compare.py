"""Runs programs without and with the library and compares what anybody could notice; called by scripts/transparency."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from place import TOO_LATE, Place, Result
from programs import NODE, RUBY, chromium, debugger, glib_tests, java, packer, python_tests, script
from servers import mariadb, memcached, nginx, postgresql, redis


class Case:
    """A program to try: its command, or a function that serves and loads it."""

    def __init__(self, name, run, quick=False, same_output=True, limit=60):
        self.name, self.run, self.quick = name, run, quick
        self.same_output, self.limit = same_output, limit


# Not ThreadJoinOnShutdown: its test_4_daemon_threads does not always end, without us either.
THREADING = ("ThreadTests", "SubinterpThreadingTests", "ThreadingExceptionTests", "LockTests",
             "PyRLockTests", "CRLockTests", "EventTests", "ConditionAsRLockTests", "ConditionTests",
             "SemaphoreTests", "BoundedSemaphoreTests", "BarrierTests", "TimerTests")
# Those with processes and locks; the others take minutes and test pickling.
FORKING = ("WithProcessesTestLock", "WithProcessesTestSemaphore", "WithProcessesTestBarrier",
           "WithProcessesTestQueue", "WithThreadsTestLock")

CASES = [
    Case("xz -T4", packer("xz-utils", "/usr/bin/xz", ["-T4", "-1", "--block-size=1MiB", "-c"], ["-T4", "-dc"]), True),
    Case("zstd -T4", packer("zstd", "/usr/bin/zstd", ["-T4", "-q", "-c"], ["-dqc"]), True),
    Case("pigz -p4", packer("pigz", "/usr/bin/pigz", ["-p4", "-c", "-n"], ["-dc"]), True),
    Case("pbzip2 -p4", packer("pbzip2", "/usr/bin/pbzip2", ["-p4", "-c"], ["-p4", "-dc"])),
    Case("python test_queue", python_tests("test_queue")),
    Case("python test_thread", python_tests("test_thread"), True),
    Case("python test_threading", python_tests(*(f"test_threading.{c}" for c in THREADING)), limit=240),
    Case("python test_multiprocessing_fork", python_tests(*(f"test_multiprocessing_fork.{c}" for c in FORKING)), limit=400),
    Case("gdb", debugger, True),
    Case("ruby", script("ruby", "t.rb", RUBY), True),
    Case("node", script("node", "t.js", NODE), True),
    Case("OpenJDK", java),
    Case("GLib's test suite", glib_tests, limit=120),
    Case("memcached", memcached),
    Case("Redis, 4 I/O threads", redis, limit=200),
    Case("nginx, thread pool", nginx),
    Case("MariaDB + sysbench", mariadb, limit=120),
    Case("PostgreSQL + pgbench", postgresql, limit=120),
    Case("chromium, headless page", chromium, limit=90),
]


def run_once(case, tools, library, sample, command):
    place = Place(tools, library, sample, case.limit)
    begin = time.monotonic()
    try:
        try:
            result = case.run(place)
        except subprocess.TimeoutExpired:
            result = Result("HUNG")
        except (OSError, RuntimeError) as error:
            result = Result(f"{type(error).__name__}: {error}"[:200])
        result.seconds = time.monotonic() - begin
        result.output = str(result.output).replace(str(place.folder), "FOLDER")
        result.left = left_over(place)
        files = sorted(place.profiles.iterdir())
        result.profiles = len(files)
        for file in files:
            if not file.name.endswith(".pb.gz"):
                result.left.append(file.name)
        if files and library:
            status, output, errors = place.command(command, "report", "--format", "json", *files, plain=True)
            result.acquired = acquired(output) if status == 0 else errors.decode()[-200:]
        return result
    finally:
        shutil.rmtree(place.folder, ignore_errors=True)


def acquired(output):
    """Acquisitions in a report, which must be readable."""
    report = json.loads(output)
    rows = report if isinstance(report, list) else report.get("rows", report.get("locks", []))
    return round(sum(row.get("acquired", row.get("acquisitions", 0)) for row in rows))


def left_over(place):
    """Processes that still work in the run's folder: none should."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if os.readlink(process / "cwd").startswith(str(place.folder)):
                    found.append((process / "comm").read_text().strip())
            except OSError:
                continue
    return found


def verdict(case, alone, under):
    """What differs; nothing is what is wanted."""
    faults = []
    # Two failures that are alike say nothing.
    statuses = alone.status if isinstance(alone.status, (tuple, list)) else [alone.status]
    if any(status != 0 for status in statuses):
        faults.append(f"does not run alone: {alone.status} {alone.output[:300]}")
    if under.status != alone.status:
        faults.append(f"status {alone.status} -> {under.status}")
    if case.same_output and under.output != alone.output:
        faults.append(f"output {alone.output[:300]!r} -> {under.output[:300]!r}")
    if under.ours:
        faults.append(f"descriptors of ours: {under.ours}")
    if under.left != alone.left:
        faults.append(f"left over: {under.left}")
    messages = [m for m in under.messages if TOO_LATE not in m]
    if messages:
        faults.append(f"said: {messages[:2]}")
    if not isinstance(under.acquired, int):
        faults.append(f"profile: {under.acquired}")
    return faults


def main():
    library, command, tools = (Path(a).absolute() for a in sys.argv[1:4])
    options = sys.argv[4:]
    wanted = [o for o in options if not o.startswith("--")]
    cases = [c for c in CASES if ("--quick" not in options or c.quick) and (not wanted or any(w in c.name for w in wanted))]
    if not cases:
        sys.exit("scripts/transparency: no such program")
    print(f"{'program':<34} {'sample':>6}  {'status':<8} {'alone':>7} {'with':>7} {'profiles':>8} {'acquired':>12}  differs")
    failed = 0
    for case in cases:
        alone = run_once(case, tools, None, None, command)
        for sample in ("100", "1"):
            under = run_once(case, tools, library, sample, command)
            faults = verdict(case, alone, under)
            failed += bool(faults)
            status = str(under.status if under.status == alone.status else "DIFFERS")
            count = f"{under.acquired:,}" if isinstance(under.acquired, int) else "?"
            late = any(TOO_LATE in m for m in under.messages)
            remark = "nothing, but the last profile took too long" if late else "nothing"
            print(f"{case.name:<34} {sample:>6}  {status:<8} {alone.seconds:>6.1f}s {under.seconds:>6.1f}s"
                  f" {under.profiles:>8} {count:>12}  {'; '.join(faults) or remark}", flush=True)
    print(f"{2 * len(cases) - failed} of {2 * len(cases)} runs as without us")
    sys.exit(failed != 0)


main()
