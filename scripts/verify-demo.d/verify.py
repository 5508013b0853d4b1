"""Runs demos against receivers of its own and prints, for each of twelve points, a tick and the evidence."""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import checks
from checks import must
from demos import DEMOS
from pprof import read, total
from receivers import Agent, Intake

FIRST_DATA_SECONDS = 30
OVERHEAD_PERCENT = 2
KEY = "0123456789abcdef0123456789abcdef"


class Run:
    """One demo under one set of circumstances."""

    def __init__(self, place, demo, suffix, arguments, settings):
        self.home = place
        place.mkdir(parents=True)
        ours = ("DD_", "OTEL_", "LOCKPROF_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        environment.update(settings, LOCKPROF_OUTPUT=f"{place}/")
        self.begin = time.monotonic()
        self.output = place / "output"
        with open(self.output, "wb") as output:
            command = [str(TARGET / "demos" / (demo.program + suffix)), *arguments]
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=environment, cwd=place
            )

    def wait(self):
        """Its exit status, and the processor time it took."""
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return self.process.returncode, usage.ru_utime + usage.ru_stime

    def truth(self):
        """What the demo printed about its locks."""
        lines = self.output.read_text().splitlines()
        head = next(number for number, line in enumerate(lines) if line.startswith("truth "))
        truth = {}
        for line in lines[head + 1 :]:
            words = line.split()
            if len(words) != 5 or not words[1].isdigit():
                break
            held_ns, waited_ns = (round(float(word) * 1e6) for word in words[3:])
            numbers = {"acquisitions": int(words[1]), "nested": int(words[2])}
            truth[words[0]] = numbers | {"held_ns": held_ns, "waited_ns": waited_ns}
        return truth

    def rows(self):
        """The rows of its profile, those about locks."""
        files = list(self.home.glob("*.pb.gz"))
        must(len(files) == 1, f"{len(files)} profiles")
        return about_locks(read(files[0]))


def about_locks(rows):
    return [row for row in rows if not row.values.get("sync-waits")]


class Report:
    """The ticks of one demo."""

    def __init__(self):
        self.number, self.failed = 0, 0

    def point(self, what, check, *arguments):
        self.number += 1
        try:
            mark, evidence = "✓", check(*arguments)
        except checks.Wrong as wrong:
            mark, evidence = "✗", str(wrong)
            self.failed += 1
        print(f"{mark} {self.number:2} {what + ':':24} {evidence}", flush=True)


def completes(status, run):
    said = run.output.read_text()
    must(status == 0, f"status {status}: {said}")
    must("as it must be" in said or "as they must be" in said, f"its own check is not there: {said}")
    return "status 0, and its own sums are right"


def through_agent(demo, uploads, truth):
    must(uploads, "no upload")
    for upload in uploads:
        must(upload.request == "POST /profiling/v1/input", upload.request)
        must("dd-api-key" not in upload.headers, "a key was sent")
        must_be_tagged(demo, upload)
    return f"{count_of(uploads)} without a key, {must_add_up(uploads, truth)}"


def past_agent(demo, status, intake, uploads, truth):
    must(status == 0, f"status {status}")
    must(not intake.faults, "; ".join(intake.faults))
    must(uploads, "no upload")
    for upload in uploads:
        must_be_tagged(demo, upload)
    return f"{count_of(uploads)} by TLS with DD_API_KEY, {must_add_up(uploads, truth)}"


def count_of(uploads):
    return f"{len(uploads)} upload{'' if len(uploads) == 1 else 's'}"


def must_be_tagged(demo, upload):
    wanted = {"service": demo.service, "env": demo.environment, "version": "1.0.0"}
    for key, value in wanted.items():
        must(upload.tags.get(key) == value, f"{key} is {upload.tags.get(key)}, not {value}")


def must_add_up(uploads, truth):
    seen = sum(total(upload.rows, "lock-acquire") for upload in uploads)
    counted = sum(lock["acquisitions"] for lock in truth.values())
    must(seen == counted, f"{seen} acquisitions in {count_of(uploads)}, not {counted}")
    return f"together {seen} acquisitions, as counted"


def first_data(seconds, was_running):
    must(seconds is not None, "nothing came while it ran")
    must(seconds <= FIRST_DATA_SECONDS, f"after {seconds:.1f} s")
    return f"the Agent had it after {seconds:.1f} s" + (", while the demo ran" if was_running else "")


def overhead(demo, place, is_quick):
    """Processor time of always the same work, in rounds that alternate."""
    rounds, arguments = (2, ["--fixed-work", "--quick"]) if is_quick else (9, ["--fixed-work"])
    times = {".plain": [], "": []}
    for number in range(rounds):
        for suffix, spent in times.items():
            run = Run(place / f"round-{number}{suffix}", demo, suffix, arguments, {"LOCKPROF_SINK": "file"})
            status, seconds = run.wait()
            must(status == 0, f"status {status} with --fixed-work")
            spent.append(seconds)
    # Whatever else the machine does only adds: the faster rounds say most.
    without, with_us = (statistics.quantiles(spent, n=4, method="inclusive")[0] for spent in times.values())
    percent = 100 * (with_us / without - 1)
    medians = 100 * (statistics.median(times[""]) / statistics.median(times[".plain"]) - 1)
    evidence = f"{percent:+.2f} % of processor time ({without:.3f} s without, {with_us:.3f} s with: "
    evidence += f"lower quartiles of {rounds} rounds; by medians {medians:+.2f} %)"
    must(is_quick or percent <= OVERHEAD_PERCENT, evidence)
    return evidence + "; reported only" if is_quick else evidence


def run_for_agent(demo, place, agent, is_quick):
    """Runs a demo that sends to an Agent; says when that had the first of it."""
    settings = {"DD_TRACE_AGENT_URL": agent.url}
    if is_quick:
        settings["LOCKPROF_INTERVAL"] = "1s"
    run = Run(place / "linked", demo, "", ["--quick"] if is_quick else [], settings)
    first = was_running = None
    while os.waitid(os.P_PID, run.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if first is None and agent.has_got_something():
            first, was_running = time.monotonic() - run.begin, True
        time.sleep(0.1)
    if first is None and agent.has_got_something():
        first, was_running = time.monotonic() - run.begin, False
    return run, first, was_running


def verify(name, agent, is_quick):
    """All twelve points of one demo; how many failed."""
    demo, report = DEMOS[name], Report()
    place = WORK / name
    place.mkdir()
    print(f"== {demo.program}{' --quick' if is_quick else ''}", flush=True)
    agent.forget()
    run, first, was_running = run_for_agent(demo, place, agent, is_quick)
    status, _ = run.wait()
    report.point("completes", completes, status, run)
    if report.failed:
        return report.failed
    truth, uploads = run.truth(), agent.uploads(sys.executable, place / "uploads")
    rows = run.rows()
    for what, check in checks.POINTS:
        report.point(what, check, demo, rows, truth)
    report.point("through the Agent", through_agent, demo, uploads, truth)
    with Intake(UNPACK, place, KEY) as intake:
        settings = {"DD_API_KEY": KEY, "DD_SITE": "datadoghq.eu", "LOCKPROF_DATADOG_INTAKE": intake.url}
        settings |= {"SSL_CERT_FILE": str(intake.certificate), "LD_PRELOAD": str(TARGET / "release/liblockprof.so")}
        past = Run(place / "preloaded", demo, ".plain", ["--quick"], settings)
        status, _ = past.wait()
        uploads = intake.uploads(sys.executable)
        report.point("past the Agent", past_agent, demo, status, intake, uploads, past.truth())
    report.point("first data within 30 s", first_data, first, was_running)
    report.point("overhead", overhead, demo, place, is_quick)
    return report.failed


arguments = argparse.ArgumentParser()
arguments.add_argument("--root", type=pathlib.Path, required=True)
arguments.add_argument("--target", type=pathlib.Path, required=True)
arguments.add_argument("--quick", action="store_true")
arguments.add_argument("demos", nargs="+", choices=DEMOS)
given = arguments.parse_args()
TARGET = given.target
UNPACK = given.root / "tests/support/datadog/unpack.py"
WORK = TARGET / "demos" / "verify"
shutil.rmtree(WORK, ignore_errors=True)
WORK.mkdir(parents=True)
with Agent(pathlib.Path(sys.executable).parent, UNPACK, WORK) as the_agent:
    failures = sum(verify(demo, the_agent, given.quick) for demo in given.demos)
print("all points are met" if failures == 0 else f"{failures} points are not met")
sys.exit(failures > 0)
