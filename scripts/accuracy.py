"""Runs the oracle under the library again and again, and says how far its profiles are from the truth."""

import argparse
import collections
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# A profile's hold begins after lock has returned inside the profiler and ends when unlock
# has been entered, so each is longer than the oracle's by the way in and out.
HOLD_EXCESS_NS = 150
# Part of a total from which on a site or lock is hot.
HOT = 0.05
# Mean number of acquisitions between two sampled ones, by default.
PERIOD = 100

Mode = collections.namedtuple("Mode", "title environment size is_exact")
MODES = [
    Mode("at defaults", {}, 100, False),
    Mode("LOCKPROF_SAMPLE=1, a tenth of the acquisitions", {"LOCKPROF_SAMPLE": "1"}, 10, True),
]

# What is compared: its name, its key in the truth and in the report, its unit.
Measure = collections.namedtuple("Measure", "name key unit")
COUNT = Measure("acquisitions", "acquisitions", "")
WAIT = Measure("wait", "wait_ns", "s")
HOLD = Measure("hold", "hold_ns", "s")


class Series:
    """The truth and the estimate of one number, run by run."""

    def __init__(self, measure):
        self.measure = measure
        self.truths, self.estimates, self.chances, self.covered = [], [], [], []
        self.holds = 0

    def add(self, truth, estimate, chance=0.0, stated=None, holds=0):
        self.truths.append(truth)
        self.estimates.append(estimate)
        self.chances.append(chance)
        self.holds += holds
        if stated is not None:
            self.covered.append(abs(estimate - truth) <= stated)

    def truth(self):
        return sum(self.truths) / len(self.truths)

    def errors(self):
        """Of each run, as a part of its truth."""
        return [estimate / truth - 1 for truth, estimate in zip(self.truths, self.estimates)]

    def bias(self):
        return sum(self.errors()) / len(self.truths)

    def rmse(self):
        return math.sqrt(sum(error**2 for error in self.errors()) / len(self.truths))

    def standard_error(self):
        runs, bias = len(self.truths), self.bias()
        seen = sum((error - bias) ** 2 for error in self.errors()) / (runs - 1)
        # A few long holds that no run happened to sample would seem to be no noise at all.
        chance = sum(part**2 for part in self.chances) / runs
        return math.sqrt(max(seen, chance) / runs)

    def excess_ns(self):
        """By how much each hold is seen longer than it was."""
        return (sum(self.estimates) - sum(self.truths)) / max(self.holds, 1)

    def allowance(self):
        """What the hold's own excess may make of the bias."""
        return HOLD_EXCESS_NS * self.holds / max(sum(self.truths), 1)


def run_once(options, pattern, mode):
    """One run: what the oracle says, and the reports by site and by lock."""
    with tempfile.TemporaryDirectory() as place:
        profile = Path(place) / "profile.pb.gz"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LOCKPROF_", "DD_"))}
        environment = kept | mode.environment | {
            "LD_PRELOAD": options.library,
            "LOCKPROF_OUTPUT": str(profile),
        }
        ran = subprocess.run([options.oracle, pattern, str(mode.size)], env=environment,
                             capture_output=True, text=True, check=False)
        if ran.returncode != 0 or ran.stderr:
            sys.exit(f"accuracy: {pattern} failed: {ran.returncode} {ran.stderr}")
        truth = [json.loads(line) for line in ran.stdout.splitlines()]
        return truth, *(report(options, profile, by) for by in ("site", "lock"))


def report(options, profile, by):
    command = [options.lockprof, "report", "--by", by, "--format", "json", str(profile)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def stated_error(row, key):
    """The error a report states for a figure, where it does: a key that ends in _error."""
    stem, unit = re.fullmatch(r"(.*?)(_ns)?", key).groups()
    for name in (f"{key}_error", f"{stem}_error{unit or ''}", f"{stem}_error"):
        if row.get(name) is not None:
            return row[name]
    return None


def chance_of(measure, truth, mode):
    """What chance alone makes of an estimate, as a part of the truth; not known of waits."""
    if mode.is_exact or measure is WAIT or not truth[measure.key]:
        return 0.0
    squares = truth["acquisitions"] if measure is COUNT else truth["hold_squares"]
    return math.sqrt((PERIOD - 1) * squares) / truth[measure.key]


class Comparison:
    """All runs of one pattern in one mode."""

    def __init__(self, mode):
        self.mode = mode
        self.totals, self.own, self.places = {}, {}, {}
        self.losses = collections.Counter()
        self.faults = []

    def add(self, truth, by_site, by_lock):
        total = next(line for line in truth if "pattern" in line)
        for measure in (COUNT, WAIT, HOLD):
            self.put(self.totals, measure.name, measure, total, by_site["total"])
        sites = {row["function"]: row for row in by_site["rows"]}
        locks = {row["address"]: row for row in by_lock["rows"]}
        for line in truth:
            if "site" in line:
                self.put_place(line["site"], line, sites.get(line["site"], {}), total)
            elif "lock" in line:
                self.put_place(f"lock {line['lock']}", line, locks.get(line["address"], {}), total)
        self.add_comments(by_site["files"][0]["comments"], by_site["total"])

    def put(self, series, name, measure, truth, row):
        estimate = row.get(measure.key) or 0
        if truth[measure.key] == 0:
            if estimate != 0:
                self.faults.append(f"{name}: {estimate} seen where there is none")
            return
        series.setdefault(name, Series(measure)).add(
            truth[measure.key], estimate, chance_of(measure, truth, self.mode),
            stated_error(row, measure.key), truth["holds"] if measure is HOLD else 0)

    def put_place(self, name, truth, row, total):
        for measure in (COUNT, WAIT, HOLD):
            if truth[measure.key] >= HOT * max(total[measure.key], 1):
                self.put(self.places, f"{measure.name} of {name}", measure, truth, row)

    def add_comments(self, comments, total):
        for comment in comments:
            if lost := re.fullmatch(r"lost: (\d+) records for (\d+) (.*)", comment):
                self.losses[lost[3]] += int(lost[2])
            if exact := re.fullmatch(r"exact waits: (\d+) of (\d+) ns in all", comment):
                for measure, key, value in ((COUNT, "waits", exact[1]), (WAIT, "wait_ns", exact[2])):
                    if int(value):
                        series = self.own.setdefault(measure.name, Series(measure))
                        series.add(int(value), total[key])

    def hot(self, runs):
        """The places that were hot in every run."""
        return {name: s for name, s in self.places.items() if len(s.truths) == runs}


def bound_of(series, mode, is_total, is_own, slack):
    if mode.is_exact and (series.measure is COUNT or is_own):
        return 0.0
    if is_own:
        # The machine has no part in it, only the sampler's own chance.
        return min(slack, 2) * 0.02
    bound = 0.02 if is_total or mode.is_exact else 0.05
    return slack * (bound + series.allowance())


def excess_of(series, bound):
    """How far outside its bound a series is, in parts of the truth; above 0 it is broken."""
    if bound == 0:
        return max(abs(error) for error in series.errors())
    return abs(series.bias()) - bound - 3 * series.standard_error()


def shown(series):
    if series.measure.unit:
        return f"{series.truth() / 1e9:.4g} s"
    return f"{series.truth():,.0f}"


def print_line(pattern, what, series, bound):
    """One line of the table; says whether its bound holds."""
    broken = excess_of(series, bound) > 0
    error = series.standard_error()
    # Only where reports state an error: then the truth should lie within it as often as they say.
    covered = f"  covered {100 * sum(series.covered) / len(series.covered):.0f} %" if series.covered else ""
    mark = "  BROKEN" if broken else "  (unsure)" if 3 * error > bound > 0 else ""
    print(f"{pattern:8} {what:34} {shown(series):>12} {100 * series.bias():+8.2f} {100 * error:6.2f} "
          f"{100 * series.rmse():8.2f} {100 * bound:7.2f}{covered}{mark}", flush=True)
    return not broken


def print_comparison(pattern, comparison, options):
    """All lines of one pattern; gives back those that are broken."""
    mode, broken = comparison.mode, list(comparison.faults)

    def show(what, series, is_total=True, is_own=False):
        bound = bound_of(series, mode, is_total, is_own, options.slack)
        if not print_line(pattern, what, series, bound):
            broken.append(what)

    for name, series in comparison.totals.items():
        show(name, series)
    for name, series in comparison.own.items():
        show(f"{'waits' if name == COUNT.name else name} of its own exact waits", series, is_own=True)
    hot = comparison.hot(options.runs)
    if hot:
        worst = max(hot, key=lambda name: excess_of(
            hot[name], bound_of(hot[name], mode, False, False, options.slack)))
        show(f"worst of {len(hot)}: {worst}", hot[worst], is_total=False)
    if mode.is_exact and HOLD.name in comparison.totals:
        print(f"{pattern:8} each hold is seen {comparison.totals[HOLD.name].excess_ns():.0f} ns longer")
    for cause, events in comparison.losses.items():
        print(f"{pattern:8} lost in a run: {events / options.runs:,.0f} {cause}")
    return [f"{pattern}, {mode.title}: {what}" for what in broken]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--oracle", "--library", "--lockprof"):
        parser.add_argument(name, required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--slack", type=float, required=True)
    parser.add_argument("patterns", nargs="+")
    options = parser.parse_args()
    broken = []
    for mode in MODES:
        print(f"\n{mode.title}, {options.runs} runs; bias to bound in per cent of the truth\n"
              f"{'pattern':8} {'what':34} {'truth':>12} {'bias':>8} {'+-':>6} {'rmse':>8} {'bound':>7}")
        for pattern in options.patterns:
            comparison = Comparison(mode)
            for _ in range(options.runs):
                comparison.add(*run_once(options, pattern, mode))
            broken += print_comparison(pattern, comparison, options)
    for what in broken:
        print(f"accuracy: broken: {what}", file=sys.stderr)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
