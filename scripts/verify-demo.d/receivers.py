"""Who gets profiles while a demo is checked: Datadog's test agent, and an intake that is strict about what it takes."""

import contextlib
import http.server
import json
import pathlib
import socket
import ssl
import subprocess
import threading
import time
import urllib.request

from pprof import read

INTAKE_PATH = "/api/v2/profile"


class Upload:
    """One upload, as tests/support/datadog/unpack.py has taken it apart."""

    def __init__(self, folder):
        self.request = (folder / "request").read_text().strip()
        lines = (folder / "headers").read_text().splitlines()
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        leaves = (folder / "event").read_text().splitlines()
        tags = next(leaf for leaf in leaves if leaf.startswith("tags_profiler=")).partition("=")[2]
        self.tags = dict(tag.split(":", 1) for tag in json.loads(tags).split(","))
        self.rows = read(folder / "profile.pprof")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Agent:
    """Datadog's own test agent; ended with the context."""

    def __init__(self, tools, unpack, home):
        self.unpack, self.home, self.port = unpack, home, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = ["timeout", "--kill-after=5", "900", tools / "ddapm-test-agent", "--port", self.port]
        command += ["--otlp-http-port", free_port(), "--otlp-grpc-port", free_port()]
        self.log = open(home / "agent.log", "wb")
        self.process = subprocess.Popen(
            [str(word) for word in command], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, cwd=home
        )

    def __enter__(self):
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/info", timeout=5).close()
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.__exit__()
        raise SystemExit(f"verify-demo: the test agent does not answer: {(self.home / 'agent.log').read_text()}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def has_got_something(self):
        with urllib.request.urlopen(f"{self.url}/test/session/requests", timeout=20) as answer:
            return any(one["url"].endswith("/profiling/v1/input") for one in json.load(answer))

    def forget(self):
        """As if nothing had come."""
        urllib.request.urlopen(f"{self.url}/test/session/clear", timeout=20).close()

    def uploads(self, python, folder):
        subprocess.run([python, self.unpack, "agent", self.url, folder], check=True)
        return [Upload(one) for one in sorted(folder.glob("*"))]


class Intake:
    """Datadog's intake as it is described: TLS, a key, one path; all else is refused."""

    def __init__(self, unpack, home, key):
        self.unpack, self.home, self.key, self.faults, self.count = unpack, home, key, [], 0
        self.certificate = home / "certificate.pem"
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
        command += " -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE"
        files = ["-keyout", home / "key.pem", "-out", self.certificate]
        subprocess.run(command.split() + files, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, home / "key.pem")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}{INTAKE_PATH}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def handler(self):
        intake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 20

            def do_POST(self):
                self.send_response(intake.take(self))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        return Handler

    def take(self, request):
        """Keeps one request; says the status it is answered with."""
        head = f"POST {request.path} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        if request.path != INTAKE_PATH:
            self.faults.append(f"asked for {request.path}")
            return 404
        if request.headers.get("dd-api-key") != self.key:
            self.faults.append("a wrong key, or none")
            return 403
        (self.home / f"{self.count}.head").write_text(head, newline="")
        (self.home / f"{self.count}.body").write_bytes(body)
        self.count += 1
        return 202

    def uploads(self, python):
        uploads = []
        for number in range(self.count):
            files = [self.home / f"{number}.{part}" for part in ("head", "body", "upload")]
            subprocess.run([python, self.unpack, "request", *files], check=True)
            uploads.append(Upload(files[2]))
        return uploads
