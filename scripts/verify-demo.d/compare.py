"""Runs the Python demos under two profilers and prints what each saw, in per cent of what the demo counted itself."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

from pprof import read, total

# Name, and how many locks it has.
DEMOS = {"rlock_simple_demo": 1, "rlock_stress_test": 4, "rlock_heavy_contention": 1}
COLUMNS = ("lock-acquire", "lock-acquire-wait", "lock-release-hold")
ROLES = ("Simple-", "Reentrant-", "Worker-", "Writer-", "Reader-", "Nested-")
# Of what ddtrace does besides, nothing.
DDTRACE = {
    "DD_PROFILING_ENABLED": "true",
    "DD_PROFILING_STACK_ENABLED": "false",
    "DD_PROFILING_MEMORY_ENABLED": "false",
    "DD_TRACE_ENABLED": "false",
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
}


def seen_by_lockprof(files, locks):
    """The demo's locks are semaphores like all of Python's: those that several workers take, and hold longest."""
    rows = [row for file in files for row in read(file) if row.labels.get("lock kind") == "semaphore"]
    by_lock = {}
    # Other locks of Python may have been at the same place before there were workers.
    for row in rows:
        if row.labels["thread name"].startswith(ROLES):
            by_lock.setdefault(row.labels["lock"], []).append(row)

    def workers(of_lock):
        return len({row.labels["thread name"] for row in of_lock if row.values["lock-acquire"]})

    shared = [of_lock for of_lock in by_lock.values() if workers(of_lock) >= 2]
    shared.sort(key=lambda of_lock: -total(of_lock, "lock-release-hold"))
    return [row for of_lock in shared[:locks] for row in of_lock]


def seen_by_ddtrace(files, _):
    """It calls a lock after the line that made it."""
    rows = [row for file in files for row in read(file)]
    return [row for row in rows if str(row.labels.get("lock name", "")).startswith("rlock_truth.py")]


def profilers(place):
    """Name, what to put before the interpreter, the environment, the pattern of its files, and how they are read."""
    lockprof, ddtrace = TARGET / "release/lockprof", pathlib.Path(sys.executable).parent / "ddtrace-run"
    output = ["--output", f"{place}/"]
    ours = ("*.pb.gz", seen_by_lockprof)
    theirs = ("*.pprof", seen_by_ddtrace)
    files = {"DD_PROFILING_OUTPUT_PPROF": f"{place}/ddtrace"}
    return {
        "lockprof, everything": ([lockprof, "run", *output, "--sample", "1", "--"], {}, *ours),
        "lockprof, defaults": ([lockprof, "run", *output, "--"], {}, *ours),
        "ddtrace, everything": ([ddtrace], DDTRACE | files | {"DD_PROFILING_CAPTURE_PCT": "100"}, *theirs),
        "ddtrace, defaults": ([ddtrace], DDTRACE | files, *theirs),
    }


def run(demo, command, settings, place):
    """Runs a demo; says what it counted itself."""
    foreign = ("DD_", "OTEL_", "LOCKPROF_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment |= settings | {"TESTING_TRUTH": str(place / "truth")}
    script = given.root / "c-tests/python" / f"{demo}.py"
    words = [*command, sys.executable, "-B", script, *(["--quick"] if given.quick else [])]
    with open(place / "output", "wb") as output:
        done = subprocess.run(
            [str(word) for word in words], env=environment, cwd=place, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    if done.returncode != 0:
        sys.exit(f"compare-ddtrace: {demo} ended with {done.returncode}: {(place / 'output').read_text()}")
    lines = (place / "truth").read_text().splitlines()
    return {key: int(value) for key, value in (line.split() for line in lines)}


def line(demo, name, place, command, settings, pattern, seen_by):
    truth = run(demo, command, settings, place)
    files = sorted(place.glob(pattern))
    if not files:
        sys.exit(f"compare-ddtrace: {demo} under {name} left no profile in {place}")
    rows = seen_by(files, DEMOS[demo])
    # Python counts the depth of an RLock itself: nested acquisitions take nothing from the system. What
    # wraps the RLock sees them.
    nested = 0 if seen_by is seen_by_lockprof else truth["nested"]
    truths = (truth["acquisitions"] - truth["nested"] + nested, truth["waited_ns"], truth["held_ns"])
    cells = [name]
    for column, counted in zip(COLUMNS, truths):
        seen, unit = total(rows, column), 1 if column == "lock-acquire" else 1e9
        shown = f"{seen}" if unit == 1 else f"{seen / unit:.3g} s"
        of_truth = f"{counted}" if unit == 1 else f"{counted / unit:.3g} s"
        cells.append(f"{shown} of {of_truth} ({100 * seen / counted:.3g} %)")
    return cells


def main():
    for demo in DEMOS:
        print(f"\n| {demo}{' --quick' if given.quick else ''} | acquisitions | waited | held |")
        print("|---|--:|--:|--:|", flush=True)
        place = TARGET / "demos" / "compare" / demo
        shutil.rmtree(place, ignore_errors=True)
        for number, name in enumerate(profilers(place)):
            below = place / str(number)
            below.mkdir(parents=True)
            print("| " + " | ".join(line(demo, name, below, *profilers(below)[name])) + " |", flush=True)


arguments = argparse.ArgumentParser()
arguments.add_argument("--root", type=pathlib.Path, required=True)
arguments.add_argument("--target", type=pathlib.Path, required=True)
arguments.add_argument("--quick", action="store_true")
given = arguments.parse_args()
TARGET = given.target
main()
