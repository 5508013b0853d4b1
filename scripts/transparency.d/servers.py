"""Servers on a socket in a temporary folder, and the load for each."""

import re
import shutil
import signal
from pathlib import Path

from place import DEBIAN_PYTHON, Result


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
