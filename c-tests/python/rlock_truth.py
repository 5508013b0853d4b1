"""What the Python demos share: a re-entrant lock that counts what is done with it, and threads that are run to their end."""

import os
import sys
import threading
import time


class CountedRLock:
    """threading.RLock with its own truth; written only by whoever holds it."""

    def __init__(self):
        self.lock = threading.RLock()
        self.depth = self.acquisitions = self.nested = self.waited_ns = self.held_ns = 0
        self.taken_ns = 0

    def __enter__(self):
        asked_ns = time.monotonic_ns()
        self.lock.acquire()
        self.acquisitions += 1
        self.depth += 1
        if self.depth > 1:
            self.nested += 1
            return
        self.taken_ns = time.monotonic_ns()
        self.waited_ns += self.taken_ns - asked_ns

    def __exit__(self, *_):
        self.depth -= 1
        if self.depth == 0:
            self.held_ns += time.monotonic_ns() - self.taken_ns
        self.lock.release()


def number(place, default, least, most):
    """An argument that is a number; --quick allows smaller ones."""
    words = [word for word in sys.argv[1:] if word != "--quick"]
    if len(words) <= place:
        return default
    value = int(words[place]) if words[place].isdigit() else -1
    if not (0 if is_quick() else least) < value + 1 <= most + 1:
        sys.exit(f"{sys.argv[0]}: {words[place]} is no number from {least} to {most}")
    return value


def is_quick():
    return "--quick" in sys.argv[1:]


def named(name, body):
    """The body of a thread that tells the kernel its name, which Python does by itself from 3.14 on."""

    def run():
        with open(f"/proc/self/task/{threading.get_native_id()}/comm", "w", encoding="ascii") as comm:
            comm.write(name)
        body()

    return threading.Thread(target=run, name=name)


def run_all(bodies):
    """Runs threads by name until all have ended."""
    threads = [named(name, body) for name, body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def finish(locks, right):
    """Prints the truth; for who compares, also its sums into the file that TESTING_TRUTH names."""
    print(f"{'truth':16} {'acquisitions':>12} {'nested':>8} {'held ms':>11} {'waited ms':>11}")
    for name, lock in locks.items():
        print(
            f"{name:16} {lock.acquisitions:12} {lock.nested:8} {lock.held_ns / 1e6:11.1f} {lock.waited_ns / 1e6:11.1f}"
        )
    print("the sums are", "as they must be" if right else "WRONG")
    if "TESTING_TRUTH" in os.environ:
        with open(os.environ["TESTING_TRUTH"], "a", encoding="ascii") as file:
            for column in ("acquisitions", "nested", "held_ns", "waited_ns"):
                file.write(f"{column} {sum(getattr(lock, column) for lock in locks.values())}\n")
    sys.exit(not right)
