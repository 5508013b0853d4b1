"""Fifteen named threads fight for one threading.RLock: writers hold it 10 ms, readers 1 ms, others nest."""

import time

from rlock_truth import CountedRLock, finish, is_quick, run_all

SECONDS = 3 if is_quick() else 60

lock = CountedRLock()
rounds = {"write": 0, "read": 0, "nested": 0}
end = time.monotonic() + SECONDS


def write():
    while time.monotonic() < end:
        with lock:
            rounds["write"] += 1
            time.sleep(0.010)
        time.sleep(0.001)


def read():
    while time.monotonic() < end:
        with lock:
            rounds["read"] += 1
            time.sleep(0.001)


def nest():
    while time.monotonic() < end:
        with lock:
            with lock:
                with lock:
                    rounds["nested"] += 1
                    time.sleep(0.005)
        time.sleep(0.002)


run_all(
    [(f"Writer-{i}", write) for i in range(3)]
    + [(f"Reader-{i}", read) for i in range(8)]
    + [(f"Nested-{i}", nest) for i in range(4)]
)
expected = rounds["write"] + rounds["read"] + 3 * rounds["nested"]
finish({"shared_object": lock}, lock.acquisitions == expected)
