"""The points of the checklist that a profile answers: each returns the evidence, or raises with what is wrong."""

from pprof import total

# The truth reads its clock outside ours, and the machine that runs this may be busy.
MARGIN_PERCENT = 5


class Wrong(Exception):
    """A point that is not met, and why."""


def must(holds, why):
    if not holds:
        raise Wrong(why)


def of_lock(rows, name):
    return [row for row in rows if row.labels.get("lock name") == name]


def depth(row):
    return row.labels.get("depth", 1)


def function(frame):
    """The bare name of a function of C or C++."""
    return frame.partition("(")[0].rpartition("::")[2]


def must_be_close(what, seen_ns, truth_ns):
    must(seen_ns > 0, f"{what}: nothing")
    percent = 100 * (seen_ns - truth_ns) / truth_ns
    must(abs(percent) <= MARGIN_PERCENT, f"{what}: {seen_ns / 1e6:.1f} ms, not {truth_ns / 1e6:.1f} ms")
    return f"{seen_ns / 1e6:,.1f} ms {what}, truth {truth_ns / 1e6:,.1f} ms ({percent:+.2f} %)"


def counts(demo, rows, truth, column):
    """Of every lock, as many as it counted."""
    for lock, name in demo.locks.items():
        seen, counted = total(of_lock(rows, name), column), truth[lock]["acquisitions"]
        must(seen == counted, f"{seen} of {name}, not {counted}")
    return sum(lock["acquisitions"] for lock in truth.values())


def acquisitions(demo, rows, truth):
    return f"{counts(demo, rows, truth, 'lock-acquire')} acquisitions, as counted, lock by lock"


def releases(demo, rows, truth):
    number = counts(demo, rows, truth, "lock-release")
    held = must_be_close("held", total(rows, "lock-release-hold"), sum(lock["held_ns"] for lock in truth.values()))
    return f"{number} releases, as counted; {held}"


def waits(demo, rows, truth):
    contended = total(rows, "lock-contention")
    must(contended > 0, "nobody waited")
    waited = sum(lock["waited_ns"] for lock in truth.values())
    return f"{contended} waits; {must_be_close('waited', total(rows, 'lock-acquire-wait'), waited)}"


def reentrancy(demo, rows, truth):
    for lock, name in demo.locks.items():
        nested = [row for row in of_lock(rows, name) if depth(row) > 1]
        seen, counted = total(nested, "lock-acquire"), truth[lock]["nested"]
        must(seen == counted, f"{seen} nested acquisitions of {name}, not {counted}")
        must(total(nested, "lock-acquire-wait") == 0, f"nested acquisitions of {name} waited")
        must(total(nested, "lock-release-hold") == 0, f"nested releases of {name} ended a hold")
    taken = [row for row in rows if row.values["lock-acquire"] > 0]
    by_depth = {}
    for row in taken:
        by_depth[depth(row)] = by_depth.get(depth(row), 0) + row.values["lock-acquire"]
    must(set(by_depth) == set(demo.chains), f"depths {sorted(by_depth)}, not {sorted(demo.chains)}")
    return ", ".join(f"depth {level}: {number}" for level, number in sorted(by_depth.items()))


def threads(demo, rows, truth):
    wanted = {f"{role}-{number}" for role, count in demo.threads.items() for number in range(count)}
    ids = {}
    for row in rows:
        ids.setdefault(row.labels.get("thread name"), set()).add(row.labels.get("thread native id"))
    must(wanted <= set(ids), f"no {', '.join(sorted(wanted - set(ids)))}")
    distinct = {one for name in wanted for one in ids[name] if isinstance(one, int) and one > 0}
    must(len(distinct) == len(wanted), f"{len(distinct)} ids of {len(wanted)} threads")
    roles = ", ".join(f"{role}-0 to {role}-{count - 1}" for role, count in demo.threads.items())
    return f"{roles}, each with an id of its own"


def names(demo, rows, truth):
    seen = {row.labels.get("lock name") for row in rows}
    wanted = set(demo.locks.values())
    must(wanted <= seen, f"no {', '.join(sorted(wanted - seen))}, only {', '.join(sorted(map(str, seen)))}")
    return ", ".join(sorted(wanted))


def stacks(demo, rows, truth):
    """At every depth, the functions that take a lock there, with those that called them."""
    found = set()
    for row in rows:
        stack = tuple(map(function, row.stack))
        for chain in demo.chains.get(depth(row), []):
            if row.values["lock-acquire"] > 0 and stack[: len(chain)] == chain and len(stack) > len(chain):
                found.add((depth(row), chain))
    wanted = {(level, chain) for level, chains in demo.chains.items() for chain in chains}
    must(wanted <= found, f"not there: {', '.join(' < '.join(chain) for _, chain in sorted(wanted - found))}")
    longest = max((chain for _, chain in wanted), key=len)
    return f"{len(wanted)} places, as {' < '.join(longest)} < ..."


POINTS = [
    ("acquire samples", acquisitions),
    ("release samples", releases),
    ("wait samples", waits),
    ("the re-entrant pattern", reentrancy),
    ("thread names", threads),
    ("lock names", names),
    ("stacks to the caller", stacks),
]
