"""A pool of workers at four threading.RLocks, through three phases: contention, re-entrancy, and a mixture with a cache.

rlock_stress_test.py [seconds=60] [workers=10]
"""

import time

from rlock_truth import CountedRLock, finish, is_quick, number, run_all

SECONDS = number(0, 3 if is_quick() else 60, 60, 300)
WORKERS = number(1, 10, 10, 50)


class Stress:
    """What the workers share."""

    def __init__(self):
        self.shared_resource, self.counter = CountedRLock(), CountedRLock()
        self.cache, self.nested = CountedRLock(), CountedRLock()
        self.uses = self.count = self.hits = self.misses = self.depths = 0
        self.cached = {}

    def use_shared_resource(self):
        with self.shared_resource:
            self.uses += 1
            time.sleep(0.001)

    def increment_counter(self):
        with self.counter:
            self.count += 1
            time.sleep(0.0001)

    def look_up(self, key):
        with self.cache:
            if key in self.cached:
                self.hits += 1
            else:
                self.fill(key)
            if (self.hits + self.misses) % 16 == 0:
                self.cached.pop(key, None)

    def fill(self, key):
        with self.cache:
            self.misses += 1
            self.cached[key] = key
            time.sleep(0.0005)

    def level(self, left):
        with self.nested:
            self.depths += 1
            if left > 1:
                self.level(left - 1)
            else:
                time.sleep(0.0005)

    def is_right(self):
        return (
            self.shared_resource.acquisitions == self.uses
            and self.counter.acquisitions == self.count
            and self.cache.acquisitions == self.hits + 2 * self.misses
            and self.nested.acquisitions == self.depths
            and self.nested.nested * 3 == self.depths * 2
        )


stress = Stress()
begin = time.monotonic()


def goes_on(phase):
    return time.monotonic() - begin < SECONDS / 3 * phase


def mix(worker):
    kind = worker % 4
    for turn in range((5, 10, 3, 10)[kind]):
        if kind == 0:
            stress.use_shared_resource()
        elif kind == 1:
            stress.increment_counter()
        elif kind == 2:
            stress.level(3)
        else:
            stress.look_up((worker * 7 + turn * 3) % 64)


def work(worker):
    while goes_on(1):
        for _ in range(10 if is_quick() else 50):
            stress.use_shared_resource()
    while goes_on(2):
        for _ in range(4 if is_quick() else 20):
            stress.level(3)
    while goes_on(3):
        mix(worker)
        time.sleep(0.0001)


run_all([(f"Worker-{i}", lambda i=i: work(i)) for i in range(WORKERS)])
finish({name: getattr(stress, name) for name in ("shared_resource", "counter", "cache", "nested")}, stress.is_right())
