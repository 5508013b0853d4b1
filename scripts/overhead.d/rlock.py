"""Times an uncontended threading.RLock with and without ddtrace's lock profiler.

    rlock.py PAIRS ROUNDS

Both locks live in one process; rounds alternate between them. Prints a line a
round: nanoseconds of a pair without, with.
"""

import sys
import threading
import time

pairs, rounds = int(sys.argv[1]), int(sys.argv[2])
plain = threading.RLock()

# Whatever lock is made from here on is profiled.
import ddtrace.profiling.auto  # noqa: E402

profiled = threading.RLock()
if type(profiled) is type(plain):
    sys.exit("rlock.py: ddtrace does not profile locks")


def nanoseconds(lock):
    turns = range(pairs)
    begin = time.perf_counter_ns()
    for _ in turns:
        lock.acquire()
        lock.release()
    return (time.perf_counter_ns() - begin) / pairs


nanoseconds(profiled)
for _ in range(rounds):
    print(f"{nanoseconds(plain):.1f} {nanoseconds(profiled):.1f}")
