"""Threads that read while one writes, over one connection of SQLite or over one each: reads a second."""

import random
import sqlite3
import sys
import threading
import time

ROWS = 100_000
READERS = 4


def connect(path):
    # check_same_thread=False is what makes sharing possible, and what tutorials advise.
    connection = sqlite3.connect(path, check_same_thread=False, timeout=60, isolation_level=None)
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=full")
    return connection


def name_thread(name):
    """Tells the kernel, and so profilers; Python does so itself from 3.14 on."""
    with open(f"/proc/self/task/{threading.get_native_id()}/comm", "w") as file:
        file.write(name)


def prepare(path):
    connection = connect(path)
    connection.execute("create table item (id integer primary key, name text)")
    connection.execute("create table event (id integer primary key, at real)")
    connection.execute("begin")
    connection.executemany("insert into item values (?, ?)", ((i, f"item {i}") for i in range(ROWS)))
    connection.execute("commit")
    connection.close()


def read(connection, end, counts, reader):
    name_thread(f"reader-{reader}")
    draw = random.Random(reader)
    while time.monotonic() < end:
        first = draw.randrange(ROWS - 100)
        connection.execute("select count(name) from item where id between ? and ?", (first, first + 100)).fetchall()
        counts[reader] += 1


def write(connection, end, writes):
    name_thread("writer")
    while time.monotonic() < end:
        connection.execute("insert into event (at) values (?)", (time.time(),))
        writes[0] += 1


def main(path, seconds, sharing):
    shared = connect(path) if sharing == "shared" else None
    end = time.monotonic() + seconds
    counts, writes = [0] * READERS, [0]
    threads = [threading.Thread(target=read, args=(shared or connect(path), end, counts, i)) for i in range(READERS)]
    threads.append(threading.Thread(target=write, args=(shared or connect(path), end, writes)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{sum(counts) / seconds:.0f} reads\n{writes[0] / seconds:.0f} writes")


if sys.argv[1] == "prepare":
    prepare(sys.argv[2])
else:
    main(sys.argv[2], float(sys.argv[3]), sys.argv[1])
