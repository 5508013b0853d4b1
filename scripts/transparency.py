"""Runs real programs without and with the library and compares what anybody could notice; called by scripts/transparency."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

DEBIAN_PYTHON = "/usr/bin/python3"
LINE = "lockprof: "
# Of a machine that is busy, or of a million acquisitions that were all to be kept: shown, no fault.
TOO_LATE = "the last profile was not finished within 2 s"


class Case:
    """A program to try: its command, or a function that serves and loads it."""

    def __init__(self, name, run, quick=False, same_output=True, limit=60):
        self.name, self.run, self.quick = name, run, quick
        self.same_output, self.limit = same_output, limit


class Place:
    """Where one run takes place: a folder, an environment, and a bound in time."""

    def __init__(self, tools, library, sample, limit):
        self.tools, self.limit = tools, limit
        self.folder = Path(tempfile.mkdtemp(prefix="transparency-"))
        self.profiles = self.folder / "profiles"
        self.profiles.mkdir()
        self.folder.chmod(0o755)
        self.profiles.chmod(0o1777)
        self.own = {k: v for k, v in os.environ.items() if not k.startswith(("LOCKPROF_", "DD_"))}
        self.own |= {"HOME": str(self.folder), "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        self.own["LD_LIBRARY_PATH"] = ":".join(map(str, tools.glob("*/usr/lib/x86_64-linux-gnu")))
        self.environment = dict(self.own)
        if library:
            self.environment |= {"LD_PRELOAD": str(library), "LOCKPROF_OUTPUT": str(self.profiles)}
            # Waiting periods of the load are shorter than the usual interval.
            self.environment["LOCKPROF_INTERVAL"] = "5s"
            if sample:
                self.environment["LOCKPROF_SAMPLE"] = sample

    def program(self, package, path):
        """A program that may be unpacked and not installed."""
        unpacked = self.tools / package / path.lstrip("/")
        return str(unpacked if unpacked.exists() else path)

    def command(self, *arguments, plain=False, stdin=None, **more):
        """Runs a command to its end; answers its status and what it wrote."""
        done = subprocess.run(
            [str(a) for a in arguments],
            cwd=more.pop("cwd", self.folder),
            env=(self.own if plain else self.environment) | more.pop("env", {}),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=self.limit,
            **more,
        )
        return done.returncode, done.stdout, done.stderr

    def start(self, *arguments, **more):
        """Starts a server; the caller ends it with `stop`."""
        log = open(self.folder / "log", "ab")
        return subprocess.Popen(
            [str(a) for a in arguments],
            cwd=self.folder,
            env=self.environment | more.pop("env", {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **more,
        )

    def until(self, server, ask):
        """Asks until there is an answer, while the server lives."""
        end = time.monotonic() + self.limit
        while time.monotonic() < end:
            try:
                answer = ask()
                if answer:
                    return answer
            except (OSError, subprocess.SubprocessError):
                pass
            if server.poll() is not None:
                raise RuntimeError("server ended: " + (self.folder / "log").read_text(errors="replace")[-400:])
            time.sleep(0.05)
        raise RuntimeError("server does not answer")

    def left_in(self, server):
        """Threads of ours and descriptors of a server that is at rest, by name."""
        task = Path(f"/proc/{server.pid}/task")
        names = {(t / "comm").read_text().strip() for t in task.iterdir()}
        threads = sorted(n for n in names if not n.startswith("lockprof"))
        files = self.files_of(server)
        ours = [f for f in files if "lockprof" in f or "FOLDER/profiles" in f]
        # Kinds and names, not numbers: a server keeps some for a while, or not.
        kinds = sorted({re.sub(r"\[?\d+\]?", "", f) for f in files})
        return f"{threads} {kinds}", ours

    def files_of(self, server):
        """What its descriptors stand for."""
        links = []
        for link in Path(f"/proc/{server.pid}/fd").iterdir():
            try:
                links.append(os.readlink(link).replace(str(self.folder), "FOLDER"))
            except FileNotFoundError:
                continue
        return links

    def stop(self, server, how=signal.SIGTERM):
        """Ends a server as its administrator would; answers its status."""
        if server.poll() is None:
            server.send_signal(how)
        try:
            return server.wait(self.limit)
        finally:
            self.kill(server)

    @staticmethod
    def kill(server):
        """Leaves nothing of a server that hangs, nor of its group, which is its own."""
        try:
            os.killpg(server.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        server.wait()


class Result:
    """What a run showed."""

    def __init__(self, status, output="", ours=(), errors=b""):
        self.status, self.output, self.ours = status, output, list(ours)
        self.messages = [l for l in errors.decode(errors="replace").splitlines() if LINE in l]
        self.seconds = 0.0
        self.profiles, self.acquired = 0, 0
        self.left = []


def steady(text):
    """Output without what differs from run to run: times, process ids, addresses."""
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    text = re.sub(r"0x[0-9a-f]+", "ADDRESS", text)
    return re.sub(r"\d+(\.\d+)?\s*(m?s|secs?|seconds|ms)\b", "TIME", text)


# --- programs that end by themselves -----------------------------------------------------


def sample_text(place):
    path = place.folder / "text"
    line = b"Every lock has an owner, a queue and a history; %d.\n"
    path.write_bytes(b"".join(line % (n * 2654435761 % 1000003) for n in range(300_000)))
    return path


def packer(package, path, pack, unpack):
    """Packs, unpacks and compares; what it packs is the same for the same threads."""

    def run(place):
        text, program = sample_text(place), place.program(package, path)
        status, packed, errors = place.command(program, *pack, stdin=text.read_bytes())
        status2, plain, errors2 = place.command(program, *unpack, stdin=packed)
        same = plain == text.read_bytes()
        return Result((status, status2), f"{len(packed)} {same}", errors=errors + errors2)

    return run


def simple(*arguments):
    """One command, whose output is to be the same."""

    def run(place):
        status, output, errors = place.command(*arguments)
        errors = [l for l in errors.splitlines() if LINE.encode() not in l]
        output = steady(output) + steady(b"\n".join(errors))
        return Result(status, output, errors=b"")

    return run


def python_tests(*names, extra=()):
    """Suites of CPython's own; of their output, how each test ended."""

    def run(place):
        lib = place.program("libpython3.11-testsuite", "/usr/lib/python3.11/test")
        shadow = place.folder / "lib"
        shadow.mkdir()
        # Debian splits the package `test`; the halves are joined here.
        tests = shadow / "test"
        shutil.copytree("/usr/lib/python3.11/test", tests)
        shutil.copytree(lib, tests, dirs_exist_ok=True)
        modules = [f"test.{n}" for n in names]
        status, output, errors = place.command(
            DEBIAN_PYTHON, "-m", "unittest", "-v", *extra, *modules, env={"PYTHONPATH": str(shadow)}
        )
        text = (output + errors).decode(errors="replace")
        ends = sorted(l for l in text.splitlines() if re.search(r" \.\.\. (ok|FAIL|ERROR|skipped)", l))
        failed = [l for l in ends if " ok" not in l and "skipped" not in l]
        return Result(status, f"{len(ends)} tests, not ok: {failed}", errors=errors)

    return run


def java(place):
    source = place.folder / "Locks.java"
    source.write_text(JAVA)
    status, output, errors = place.command("java", "-Xmx256m", source)
    return Result(status, output.decode(), errors=errors)


JAVA = """
import java.util.concurrent.*;
public class Locks {
    static long total;
    static synchronized void add(long n) { total += n; }
    public static void main(String[] a) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(8);
        for (int i = 0; i < 64; i++) {
            final int n = i;
            pool.submit(() -> { for (int j = 0; j < 20000; j++) { add(n); byte[] b = new byte[512]; } });
        }
        pool.shutdown();
        pool.awaitTermination(1, TimeUnit.MINUTES);
        System.gc();
        System.out.println(total);
    }
}
"""

NODE = """
const { Worker, isMainThread, parentPort } = require('worker_threads');
const zlib = require('zlib');
if (isMainThread) {
  let left = 4, sum = 0;
  for (let i = 0; i < 4; i++) {
    new Worker(__filename).on('message', n => { sum += n; }).on('exit', () => { if (--left === 0) console.log(sum); });
  }
} else {
  let done = 0, sum = 0;
  for (let i = 0; i < 50; i++) zlib.deflate(Buffer.alloc(100000, 'abc' + i), (e, b) => {
    sum += b.length;
    if (++done === 50) { parentPort.postMessage(sum); }
  });
}
"""

RUBY = """
m = Mutex.new; q = Queue.new; n = 0
ts = 8.times.map { Thread.new { 2000.times { m.synchronize { n += 1 }; q << 1 } } }
16000.times { q.pop }
ts.each(&:join)
pid = fork { exit!(3) }
Process.wait(pid)
puts n, $?.exitstatus, IO.popen("echo child").read
"""


def script(program, name, text):
    def run(place):
        path = place.folder / name
        path.write_text(text)
        status, output, errors = place.command(program, path)
        return Result(status, output.decode(), errors=errors)

    return run


def debugger(place):
    """gdb runs a program with threads to a breakpoint and on to its end."""
    source, program = place.folder / "t.c", place.folder / "t"
    source.write_text(
        "#include <pthread.h>\nstatic pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER; int n;\n"
        "void step(void) { n++; }\n"
        "static void *body(void *a) { for (int i = 0; i < 1000; i++) { pthread_mutex_lock(&m); step();"
        " pthread_mutex_unlock(&m); } return a; }\n"
        "int main(void) { pthread_t t[4]; for (int i = 0; i < 4; i++) pthread_create(t + i, 0, body, 0);\n"
        " for (int i = 0; i < 4; i++) pthread_join(t[i], 0); return n == 4000 ? 42 : 1; }\n"
    )
    place.command("gcc", "-g", "-o", program, source, "-lpthread", plain=True)
    status, output, errors = place.command(
        "gdb", "-nx", "-batch", "-ex", "break step if n == 1999", "-ex", "run", "-ex", "print n",
        "-ex", "bt 2", "-ex", "delete", "-ex", "continue", program,
    )
    kept = [l for l in output.decode(errors="replace").splitlines()
            if re.match(r"\$1 = |#0 |#1 |\[Inferior", l)]
    return Result(status, re.sub(r"process \d+|0x[0-9a-f]+|a=\w+", "", "\n".join(kept)), errors=errors)


def glib_tests(place):
    folder = Path(place.program("libglib2.0-tests", "/usr/libexec/installed-tests/glib"))
    ends = []
    errors = b""
    for name in ("mutex", "rec-mutex", "rwlock", "cond", "once", "private", "thread", "thread-pool",
                 "asyncqueue", "mainloop", "spawn-singlethread"):
        status, output, said = place.command(folder / name, cwd=folder)
        passed = len(re.findall(rb"^ok ", output, re.M))
        ends.append((name, status, passed))
        errors += said
    return Result([e[1] for e in ends], str(ends), errors=errors)


def chromium(place):
    page = place.folder / "page.html"
    page.write_text("<script>document.write('sum ' + [1,2,3].reduce((a,b) => a+b))</script>")
    status, output, errors = place.command(
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
        f"--user-data-dir={place.folder}/user", "--virtual-time-budget=2000", page.as_uri(),
    )
    return Result(status, output.decode(), errors=errors)


# --- servers and their load ---------------------------------------------------------------


def serve(place, server, load, end=signal.SIGTERM):
    """Loads a server that answers, looks at it, and ends it."""
    try:
        output = load()
        left, ours = place.left_in(server)
        status = place.stop(server, end)
        log = (place.folder / "log").read_bytes()
        return Result(status, f"{output}; {left}", ours, errors=log)
    finally:
        place.kill(server)


def memcached(place):
    folder = place.folder
    socket = folder / "socket"
    server = place.start("memcached", "-s", socket, "-t", "4", "-u", "root")
    place.until(server, socket.exists)

    def load():
        code = (
            "import socket,threading\n"
            "def work(n):\n"
            f" s=socket.socket(socket.AF_UNIX); s.connect({str(socket)!r}); f=s.makefile('rwb')\n"
            " for i in range(3000):\n"
            "  k=b'k%d' % (i%100); f.write(b'set '+k+b' 0 0 4\\r\\nabcd\\r\\nget '+k+b'\\r\\n'); f.flush()\n"
            "  assert f.readline()==b'STORED\\r\\n'; f.readline(); assert f.readline()==b'abcd\\r\\n'; f.readline()\n"
            "t=[threading.Thread(target=work,args=(n,)) for n in range(8)]\n"
            "[x.start() for x in t]; [x.join() for x in t]; print('24000 pairs')\n"
        )
        status, output, errors = place.command(DEBIAN_PYTHON, "-c", code, plain=True)
        return f"{status} {output.decode().strip()}{errors.decode()[-300:]}"

    return serve(place, server, load)


def redis(place):
    socket = place.folder / "socket"
    program = place.folder / "redis-server"
    program.symlink_to(place.program("redis-tools", "/usr/bin/redis-check-rdb"))
    benchmark = place.program("redis-tools", "/usr/bin/redis-benchmark")
    client = place.program("redis-tools", "/usr/bin/redis-cli")
    server = place.start(program, "--port", "0", "--unixsocket", socket, "--io-threads", "4",
                         "--io-threads-do-reads", "yes", "--save", "", "--appendonly", "yes", "--dir", place.folder)
    ping = lambda: b"PONG" in place.command(client, "-s", socket, "ping", plain=True)[1]
    place.until(server, ping)

    def load():
        status, _, errors = place.command(benchmark, "-s", socket, "-n", "10000", "-c", "40", "-P", "4", "-t",
                                          "set,get,lpush,lrange_100", "-q", plain=True)
        forked = place.command(client, "-s", socket, "bgrewriteaof", plain=True)[1]
        done = lambda: b"aof_rewrite_in_progress:0" in place.command(client, "-s", socket, "info", plain=True)[1]
        place.until(server, done)
        return f"{status} {forked.decode().strip()}"

    return serve(place, server, load)


def nginx(place):
    folder = place.folder
    (folder / "page").write_text("hello from nginx\n" * 500)
    (folder / "conf").write_text(
        f"daemon off; user root; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log;\n"
        "thread_pool default threads=4; events { worker_connections 256; }\n"
        "http { access_log off; client_body_temp_path " + str(folder) + "/b; proxy_temp_path " + str(folder) + "/p;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"server {{ listen unix:{folder}/socket; root {folder}; aio threads; directio 1; }} }}\n"
    )
    program = place.program("nginx", "/usr/sbin/nginx")
    server = place.start(program, "-p", folder, "-e", folder / "error.log", "-c", folder / "conf")
    place.until(server, (folder / "socket").exists)

    def load():
        code = (
            "import socket,threading\n"
            "done=[]\n"
            "def work():\n"
            " for i in range(200):\n"
            f"  s=socket.socket(socket.AF_UNIX); s.connect({str(folder / 'socket')!r})\n"
            "  s.sendall(b'GET /page HTTP/1.0\\r\\n\\r\\n'); d=b''\n"
            "  while True:\n"
            "   p=s.recv(65536)\n"
            "   if not p: break\n"
            "   d+=p\n"
            "  done.append(len(d.split(b'\\r\\n\\r\\n',1)[1])); s.close()\n"
            "t=[threading.Thread(target=work) for n in range(6)]\n"
            "[x.start() for x in t]; [x.join() for x in t]; print(len(done), set(done))\n"
        )
        status, output, errors = place.command(DEBIAN_PYTHON, "-c", code, plain=True)
        workers = lambda: set(Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split())
        before = workers()
        server.send_signal(signal.SIGHUP)
        # Its new workers serve, the old ones are gone, and it has read what it was to read.
        place.until(server, lambda: len(workers() - before) == 2 and not workers() & before
                    and "FOLDER/conf" not in place.files_of(server))
        return f"{status} {output.decode().strip()}{errors.decode()[-300:]}"

    return serve(place, server, load, signal.SIGQUIT)


def mariadb(place):
    folder = place.folder
    data, socket = folder / "data", folder / "socket"
    status, output, errors = place.command(
        "mariadb-install-db", f"--datadir={data}", "--user=root", "--auth-root-authentication-method=normal",
        "--skip-test-db", plain=True)
    if status:
        return Result(("install", status), errors.decode()[-300:])
    server = place.start("mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={socket}", "--skip-networking",
                         "--user=root", f"--pid-file={folder}/pid", "--innodb-buffer-pool-size=64M")
    sql = lambda text: place.command("mariadb", "--no-defaults", f"--socket={socket}", "-u", "root", "-Ne", text, plain=True)
    place.until(server, lambda: sql("select 1")[0] == 0)
    bench = place.program("sysbench", "/usr/bin/sysbench")
    scripts = Path(place.program("sysbench", "/usr/share/sysbench"))
    options = [scripts / "oltp_read_write.lua", "--db-driver=mysql", f"--mysql-socket={socket}", "--mysql-user=root",
               "--mysql-db=bench", "--tables=2", "--table-size=2000", "--threads=8", "--time=0", "--events=2000"]

    def load():
        sql("create database bench")
        # The client is profiled too.
        prepared = place.command(bench, *options, "prepare", cwd=scripts)[0]
        status, output, errors = place.command(bench, *options, "run", cwd=scripts)
        events = re.search(rb"transactions:\s+(\d+)", output)
        return f"{prepared} {status} {events and events[1].decode()} {sql('select count(*) from bench.sbtest1')[1].decode().strip()}"

    return serve(place, server, load)


def postgresql(place):
    folder = place.folder
    where = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    data = folder / "data"
    shutil.chown(folder, "postgres")
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    status, _, errors = place.command(*as_postgres, where / "initdb", "-D", data, "-A", "trust", "-U", "postgres", plain=True)
    if status:
        return Result(("initdb", status), errors.decode()[-300:])
    server = place.start(*as_postgres, where / "postgres", "-D", data, "-k", folder, "-h", "")
    at = ["-h", folder, "-U", "postgres"]
    ready = lambda: place.command(where / "pg_isready", *at, plain=True)[0] == 0
    place.until(server, ready)

    def load():
        prepared = place.command(where / "pgbench", *at, "-i", "-q", "postgres")[0]
        status, output, _ = place.command(where / "pgbench", *at, "-c", "8", "-j", "2", "-t", "200", "postgres")
        done = re.search(rb"actually processed: (\S+)", output)
        return f"{prepared} {status} {done and done[1].decode()}"

    return serve(place, server, load, signal.SIGINT)


# Not ThreadJoinOnShutdown: its test_4_daemon_threads does not always end, without us either.
THREADING = ("ThreadTests", "SubinterpThreadingTests", "ThreadingExceptionTests", "LockTests",
             "PyRLockTests", "CRLockTests", "EventTests", "ConditionAsRLockTests", "ConditionTests",
             "SemaphoreTests", "BoundedSemaphoreTests", "BarrierTests", "TimerTests")
# Those with processes and locks; the others take minutes and test pickling.
FORKING = ("WithProcessesTestLock", "WithProcessesTestSemaphore", "WithProcessesTestBarrier",
           "WithProcessesTestQueue", "WithThreadsTestLock")

CASES = [
    Case("xz -T4", packer("xz-utils", "/usr/bin/xz", ["-T4", "-1", "--block-size=1MiB", "-c"], ["-T4", "-dc"]), True),
    Case("zstd -T4", packer("zstd", "/usr/bin/zstd", ["-T4", "-q", "-c"], ["-dqc"]), True),
    Case("pigz -p4", packer("pigz", "/usr/bin/pigz", ["-p4", "-c", "-n"], ["-dc"]), True),
    Case("pbzip2 -p4", packer("pbzip2", "/usr/bin/pbzip2", ["-p4", "-c"], ["-p4", "-dc"])),
    Case("python test_queue", python_tests("test_queue")),
    Case("python test_thread", python_tests("test_thread"), True),
    Case("python test_threading", python_tests(*(f"test_threading.{c}" for c in THREADING)), limit=240),
    Case("python test_multiprocessing_fork", python_tests(*(f"test_multiprocessing_fork.{c}" for c in FORKING)), limit=400),
    Case("gdb", debugger, True),
    Case("ruby", script("ruby", "t.rb", RUBY), True),
    Case("node", script("node", "t.js", NODE), True),
    Case("OpenJDK", java),
    Case("GLib's test suite", glib_tests, limit=120),
    Case("memcached", memcached),
    Case("Redis, 4 I/O threads", redis, limit=200),
    Case("nginx, thread pool", nginx),
    Case("MariaDB + sysbench", mariadb, limit=120),
    Case("PostgreSQL + pgbench", postgresql, limit=120),
    Case("chromium, headless page", chromium, limit=90),
]


# --- comparing ----------------------------------------------------------------------------


def run_once(case, tools, library, sample, command):
    place = Place(tools, library, sample, case.limit)
    begin = time.monotonic()
    try:
        try:
            result = case.run(place)
        except subprocess.TimeoutExpired:
            result = Result("HUNG")
        except (OSError, RuntimeError) as error:
            result = Result(f"{type(error).__name__}: {error}"[:200])
        result.seconds = time.monotonic() - begin
        result.output = str(result.output).replace(str(place.folder), "FOLDER")
        result.left = left_over(place)
        files = sorted(place.profiles.iterdir())
        result.profiles = len(files)
        for file in files:
            if not file.name.endswith(".pb.gz"):
                result.left.append(file.name)
        if files and library:
            status, output, errors = place.command(command, "report", "--format", "json", *files, plain=True)
            result.acquired = acquired(output) if status == 0 else errors.decode()[-200:]
        return result
    finally:
        shutil.rmtree(place.folder, ignore_errors=True)


def acquired(output):
    """Acquisitions in a report, which must be readable."""
    report = json.loads(output)
    rows = report if isinstance(report, list) else report.get("rows", report.get("locks", []))
    return round(sum(row.get("acquired", row.get("acquisitions", 0)) for row in rows))


def left_over(place):
    """Processes that still work in the run's folder: none should."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if os.readlink(process / "cwd").startswith(str(place.folder)):
                    found.append((process / "comm").read_text().strip())
            except OSError:
                continue
    return found


def verdict(case, alone, under):
    """What differs; nothing is what is wanted."""
    faults = []
    # Two failures that are alike say nothing.
    statuses = alone.status if isinstance(alone.status, (tuple, list)) else [alone.status]
    if any(status != 0 for status in statuses):
        faults.append(f"does not run alone: {alone.status} {alone.output[:300]}")
    if under.status != alone.status:
        faults.append(f"status {alone.status} -> {under.status}")
    if case.same_output and under.output != alone.output:
        faults.append(f"output {alone.output[:300]!r} -> {under.output[:300]!r}")
    if under.ours:
        faults.append(f"descriptors of ours: {under.ours}")
    if under.left != alone.left:
        faults.append(f"left over: {under.left}")
    messages = [m for m in under.messages if TOO_LATE not in m]
    if messages:
        faults.append(f"said: {messages[:2]}")
    if not isinstance(under.acquired, int):
        faults.append(f"profile: {under.acquired}")
    return faults


def main():
    library, command, tools = (Path(a).absolute() for a in sys.argv[1:4])
    options = sys.argv[4:]
    wanted = [o for o in options if not o.startswith("--")]
    cases = [c for c in CASES if ("--quick" not in options or c.quick) and (not wanted or any(w in c.name for w in wanted))]
    if not cases:
        sys.exit("scripts/transparency: no such program")
    print(f"{'program':<34} {'sample':>6}  {'status':<8} {'alone':>7} {'with':>7} {'profiles':>8} {'acquired':>12}  differs")
    failed = 0
    for case in cases:
        alone = run_once(case, tools, None, None, command)
        for sample in ("100", "1"):
            under = run_once(case, tools, library, sample, command)
            faults = verdict(case, alone, under)
            failed += bool(faults)
            status = str(under.status if under.status == alone.status else "DIFFERS")
            count = f"{under.acquired:,}" if isinstance(under.acquired, int) else "?"
            late = any(TOO_LATE in m for m in under.messages)
            remark = "nothing, but the last profile took too long" if late else "nothing"
            print(f"{case.name:<34} {sample:>6}  {status:<8} {alone.seconds:>6.1f}s {under.seconds:>6.1f}s"
                  f" {under.profiles:>8} {count:>12}  {'; '.join(faults) or remark}", flush=True)
    print(f"{2 * len(cases) - failed} of {2 * len(cases)} runs as without us")
    sys.exit(failed != 0)


main()
