"""Python's locks, which are semaphores underneath: as many takings and as long a hold as the test expects."""

import os
import threading
import time

THREADS, PLAIN, RECURSIVE = 3, 113, 71

plain, recursive, long_held = threading.Lock(), threading.RLock(), threading.Lock()
counts = {"plain": 0, "recursive": 0}


def truth(key, value):
    with open(os.environ["TESTING_TRUTH"], "a", encoding="ascii") as file:
        file.write(f"{key} {value}\n")


def work():
    truth("worker", threading.get_native_id())
    for _ in range(PLAIN):
        with plain:
            counts["plain"] += 1
    for _ in range(RECURSIVE):
        # Its depth is counted by Python: one taking underneath.
        with recursive, recursive:
            counts["recursive"] += 1


def wait_for_it(started):
    truth("waiter", threading.get_native_id())
    started.set()
    begin = time.monotonic_ns()
    with long_held:
        truth("waited_ns", time.monotonic_ns() - begin)


def hold_long():
    started = threading.Event()
    with long_held:
        truth("holder", threading.get_native_id())
        waiter = threading.Thread(target=wait_for_it, args=[started])
        waiter.start()
        started.wait()
        begin = time.monotonic_ns()
        time.sleep(0.3)
        truth("held_ns", time.monotonic_ns() - begin)
    waiter.join()


threads = [threading.Thread(target=work) for _ in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
hold_long()
truth("plain", THREADS * PLAIN)
truth("recursive", THREADS * RECURSIVE)
print(counts)
print("EXIT-SUCCESS")
