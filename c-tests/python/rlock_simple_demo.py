"""The smallest demo of threading.RLock: ten threads, five simple and five re-entrant, count to 1000 under one lock."""

import time

from rlock_truth import CountedRLock, finish, run_all

THREADS_OF_A_KIND, EXPECTED = 5, 1000

counter_lock = CountedRLock()
counter = 0


def simple_worker():
    global counter
    for _ in range(100):
        with counter_lock:
            counter += 1
            time.sleep(0.001)
        time.sleep(0.001)


def reentrant_worker():
    global counter
    for _ in range(50):
        with counter_lock:
            counter += 1
            with counter_lock:
                counter += 1
                time.sleep(0.001)
        time.sleep(0.001)


run_all(
    [(f"Simple-{i}", simple_worker) for i in range(THREADS_OF_A_KIND)]
    + [(f"Reentrant-{i}", reentrant_worker) for i in range(THREADS_OF_A_KIND)]
)
finish({"counter_lock": counter_lock}, counter == EXPECTED)
