"""Programs that end by themselves: packers, interpreters and their test suites, a debugger, a browser."""

import re
import shutil
from pathlib import Path

from place import DEBIAN_PYTHON, Result


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
