"""nginx's configuration, in front of two servers that fail where it hurts."""

import contextlib
import functools
import http.client
import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from report import DEPLOY, Report

CONFIG = DEPLOY / "compose/nginx.conf"
# Also how long a stream waits for its next part: what is withheld until its end comes too late.
WAIT_SECONDS = 3


class Backend:
    """A server for one request a connection: notes what it is sent, then does as it is told."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.requests: list[str] = []
        self.fails = False
        self.next_part = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        # Closed while somebody waits at it, the socket's number would go to another server, with whoever waits.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            # A body is sent here in the end of a request, of known length: what is not read would reset the connection.
            came = connection.makefile("rb")
            head = b"".join(iter(came.readline, b"\r\n"))
            came.read(next((int(line[15:]) for line in head.splitlines() if line.startswith(b"Content-Length:")), 0))
            self.requests.append(head.decode("latin-1"))
            # The request has come and may have been done; its answer is lost.
            if self.fails:
                return
            if b"/stream" not in head:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nfirst\r\n")
            self.next_part.wait(2 * WAIT_SECONDS)
            connection.sendall(b"4\r\nlast\r\n0\r\n\r\n")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def rendered(text: str, folder: pathlib.Path, port: int, ports: list[int]) -> str:
    """The configuration with this machine's places."""
    changes = {
        "/tmp/": f"{folder}/",
        "listen 8443 ssl": f"listen 127.0.0.1:{port} ssl",
        "node-1:8787": f"127.0.0.1:{ports[0]}",
        "node-2:8787": f"127.0.0.1:{ports[1]}",
        "/run/secrets/tls-cert": f"{folder}/cert.pem",
        "/run/secrets/tls-key": f"{folder}/key.pem",
        "/dev/stdout": f"{folder}/access.log",
        "/dev/stderr": f"{folder}/error.log",
    }
    for before, after in changes.items():
        assert before in text, f"{before} is not in the configuration"
        text = text.replace(before, after)
    return text


class Proxy:
    """nginx with a configuration, in front of two servers."""

    def __init__(self, text: str, folder: pathlib.Path) -> None:
        self.backends = [Backend(), Backend()]
        self.port = free_port()
        self.folder = folder
        self.config = folder / "nginx.conf"
        self.config.write_text(rendered(text, folder, self.port, [one.port for one in self.backends]))
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        make += ["-subj", "/CN=localhost", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]
        subprocess.run(make, check=True, capture_output=True)

    def command(self, *more: str) -> list[str]:
        return ["nginx", "-e", f"{self.folder}/error.log", "-p", str(self.folder), "-c", str(self.config), *more]

    @contextlib.contextmanager
    def running(self):
        server = subprocess.Popen(self.command("-g", "daemon off;"), stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + WAIT_SECONDS
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                    break
                time.sleep(0.02)
            yield self
        finally:
            server.terminate()
            server.wait(WAIT_SECONDS)
            for backend in self.backends:
                backend.stop()

    def open(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None):
        trusting = ssl.create_default_context(cafile=f"{self.folder}/cert.pem")
        trusting.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS, context=trusting)
        connection.request(method, path, body=body, headers=headers or {})
        return connection.getresponse()

    def status(self, *arguments, **named) -> int:
        answer = self.open(*arguments, **named)
        answer.read()
        return answer.status

    def seen(self) -> list[int]:
        return [len(one.requests) for one in self.backends]


def turns(proxy: Proxy) -> list[str]:
    problems = []
    forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    for _ in range(4):
        proxy.status("GET", "/v1/a%2Fb?key=never-in-a-log", headers=forged)
    if proxy.seen() != [2, 2]:
        problems.append(f"requests go to the nodes as {proxy.seen()}, not in turn")
    for request in (text for one in proxy.backends for text in one.requests):
        if "203.0.113.9" in request or "\r\nX-Forwarded-For: 127.0.0.1\r\n" not in request:
            problems.append("a client can say where it comes from")
        if not request.startswith("GET /v1/a%2Fb?key=never-in-a-log HTTP/1.1\r\n"):
            problems.append("the path does not pass as it came")
    if "never-in-a-log" in (proxy.folder / "access.log").read_text():
        problems.append("the log has queries, in which somebody may have put a key")
    return problems


def not_sent_twice(method: str, proxy: Proxy) -> list[str]:
    for one in proxy.backends:
        one.fails = True
    # Without a body, which nginx might still be passing on: it repeats nothing then, whatever it is told.
    status, sent = proxy.status(method, "/v1/ai_secret", body=b""), sum(proxy.seen())
    return [] if (status, sent) == (502, 1) else [f"a {method} is sent {sent} times, and answered {status}"]


def tried_elsewhere(proxy: Proxy) -> list[str]:
    proxy.backends[0].fails = True
    statuses = [proxy.status("GET", "/v1/ai_secret") for _ in range(2)]
    was_tried = statuses == [200, 200] and proxy.seen()[0] > 0
    return [] if was_tried else [f"a GET that a node does not answer is not tried at the other: {statuses}"]


def another_when_one_is_gone(proxy: Proxy) -> list[str]:
    """Nothing was sent to it: this is safe for a POST as well."""
    proxy.backends[0].stop()
    statuses = [proxy.status("POST", "/v1/ai_secret", body=b"{}") for _ in range(2)]
    return [] if statuses == [200, 200] else [f"with one node gone, two POSTs are answered {statuses}"]


def streams(proxy: Proxy) -> list[str]:
    answer = proxy.open("GET", "/v1/proxy/stream")
    first = answer.read(5)
    for one in proxy.backends:
        one.next_part.set()
    return [] if (first, answer.read()) == (b"first", b"last") else ["a stream does not come as it is sent"]


# Each with an nginx of its own: one that has seen a node fail leaves it out for a while.
BEHAVIOURS = [
    turns,
    functools.partial(not_sent_twice, "POST"),
    functools.partial(not_sent_twice, "PATCH"),
    tried_elsewhere,
    another_when_one_is_gone,
    streams,
]


def run_with(text: str) -> list[str]:
    """The first behaviour that is not as it should be."""
    for behaviour in BEHAVIOURS:
        with tempfile.TemporaryDirectory(prefix="keyholt-nginx-") as name:
            folder = pathlib.Path(name)
            # Its workers are another user's when root starts it.
            folder.chmod(0o755)
            proxy = Proxy(text, folder)
            tested = subprocess.run(proxy.command("-t"), capture_output=True, text=True)
            if tested.returncode:
                return [tested.stderr.strip()]
            with proxy.running():
                try:
                    problems = behaviour(proxy)
                except (OSError, http.client.HTTPException) as problem:
                    problems = [f"a request fails: {problem!r}"]
            if problems:
                return problems
    return []


def run(report: Report) -> None:
    if not report.has("nginx", "nginx passes requests as it should"):
        return
    text = CONFIG.read_text()
    problems = run_with(text)
    report.holds("nginx passes requests as it should", problems)
    if problems:
        return
    changes = [
        ("proxy_next_upstream error timeout;", "proxy_next_upstream error timeout non_idempotent;"),
        ("X-Forwarded-For $remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for"),
        ("proxy_next_upstream error timeout;", "proxy_next_upstream off;"),
        ("proxy_buffering off;", "proxy_buffering on;"),
        ("$uri $status", "$request_uri $status"),
    ]
    missed = []
    for before, after in changes:
        assert before in text, before
        if not run_with(text.replace(before, after)):
            missed.append(f"nothing is found wrong with: {after}")
    report.holds("broken configurations of nginx are found", missed)
