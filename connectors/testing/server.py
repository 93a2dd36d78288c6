"""Serve a simulator over HTTP/1.1 with keep-alive on the loopback interface."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from connectors.testing.disturb import disturb
from connectors.testing.fault import Fault
from connectors.testing.simulator import CONTROL, Reply, Request, Vendor, control, json_reply

_LARGEST_BODY = 64 * 1024 * 1024
_DRIPS = 20
_LONGEST_LINE = 8192
_HTML = "<!DOCTYPE html><html><head><title>登录</title></head><body>Please log in</body></html>".encode()


class SimulatorServer:
    """A simulator being served. Use as a context manager, or ``start`` and ``stop``; it may start again with its state."""

    def __init__(self, vendor: Vendor, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.vendor = vendor
        self._port = port
        self._tls = tls
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address to call."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def running(self) -> bool:
        """False once stopped, or once a ``die`` fault struck."""
        return self._server is not None and not self._server.dead.is_set()

    def start(self) -> SimulatorServer:
        """Listen. A port of 0 chooses a free one, which is kept for later starts."""
        server = _Server(("127.0.0.1", self._port), _Connection)
        server.vendor = self.vendor
        if self._tls:
            server.socket = self._tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self._port = int(server.server_address[1])
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.die()
            self._server = None
        if self._thread is not None:
            self._thread.join(10)

    def control(self, path: str, body: Any = None) -> Any:
        """Call the control API: GET without a body, else POST."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + CONTROL + path, data=data)  # noqa: S310
        context = ssl._create_unverified_context() if self._tls else None  # noqa: S323 (our own loopback server)
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:  # noqa: S310
            return json.loads(answer.read())

    def __enter__(self) -> SimulatorServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    vendor: Vendor

    def __init__(self, *args: Any) -> None:
        self.dead = threading.Event()
        self._closed = threading.Event()
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is normal; anything else is a bug of the simulator and is shown."""
        import sys

        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError, ssl.SSLError, ValueError)):
            super().handle_error(request, client_address)

    def die(self) -> None:
        """Refuse new connections and drop the open ones, as a killed process would."""
        with self._guard:
            first = not self.dead.is_set()
            self.dead.set()
        if not first:
            self._closed.wait(10)
            return
        self.shutdown()
        self.server_close()
        with self._guard:
            sockets = list(self._open)
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._closed.set()


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """The request counts say what was called."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET

    def _serve(self) -> None:
        body = self._received()
        if body is None:
            self.close_connection = True
            return
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        vendor = self.server.vendor
        state = vendor.state
        if path.startswith(CONTROL):
            with state.lock:
                reply = control(vendor, Request(self.command, path, query, headers, body))
            self._write(reply)
            return
        with state.lock:
            others = state.in_flight[path]
            state.requests[path] += 1
            state.in_flight[path] += 1
            state.hear(self.command, path)
        faults = {fault.kind: fault for fault in state.faults.take(path, body)}
        try:
            answer = self._answer(Request(self.command, path, query, headers, body, others), faults)
        finally:
            # Before the answer goes out: the caller's next request must not meet this one.
            with state.lock:
                state.in_flight[path] -= 1
        if answer is not None:
            self._send(answer, faults)

    def _received(self) -> bytes | None:
        """The request's body, also one sent in chunks; None when it is too large."""
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            length = int(self.headers.get("Content-Length") or 0)
            return self.rfile.read(length) if length <= _LARGEST_BODY else None
        chunks: list[bytes] = []
        left = _LARGEST_BODY
        while size := int(self.rfile.readline(20).split(b";")[0], 16):
            left -= size
            if left < 0:
                return None
            chunks.append(self.rfile.read(size))
            self.rfile.readline(2)
        while self.rfile.readline(_LONGEST_LINE).strip():
            """Trailers say nothing that a simulator needs."""
        return b"".join(chunks)

    def _answer(self, request: Request, faults: dict[str, Fault]) -> Reply | None:
        """The answer to send; None when the connection is to be closed without one."""
        vendor = self.server.vendor
        if "die" in faults:
            self.close_connection = True
            threading.Thread(target=self.server.die, daemon=True).start()
            self.server.dead.wait(5)
            return None
        if "latency" in faults:
            time.sleep(faults["latency"].seconds)
        reply = _instead(faults)
        if reply is None and "timeout_before" in faults:
            self._hold(faults["timeout_before"])
            return None
        if reply is None and "late_accept" in faults:
            self._accept_later(request, faults["late_accept"])
            return None
        if reply is None:
            with vendor.state.lock:
                reply = self._ask(request, faults)
        if "timeout_after" in faults:
            self._hold(faults["timeout_after"])
            return None
        return reply

    def _ask(self, request: Request, faults: dict[str, Fault]) -> Reply:
        """The system's own answer, with what its users do just before and just after it."""
        vendor = self.server.vendor
        if "expired_token" in faults:
            vendor.expire_sessions()
        for kind in ("page_shift", "tie"):
            if kind in faults and not disturb(vendor, faults[kind], request):
                vendor.state.faults.give_back(faults[kind])
        reply = vendor.answer(request)
        if "late_commit" in faults and not disturb(vendor, faults["late_commit"], request):
            vendor.state.faults.give_back(faults["late_commit"])
        return reply

    def _accept_later(self, request: Request, fault: Fault) -> None:
        """As a gateway that gave up on a call which its back end still does. A system that died does not."""
        server = self.server

        def accept() -> None:
            if not server.dead.wait(fault.seconds):
                with server.vendor.state.lock:
                    server.vendor.answer(request)

        threading.Thread(target=accept, daemon=True).start()
        self.close_connection = True

    def _send(self, reply: Reply, faults: dict[str, Fault]) -> None:
        if "reset_body" in faults:
            self._reset(reply)
        elif "truncate" in faults:
            half = reply.body[: len(reply.body) // 2]
            self._write(Reply(half, reply.status, reply.content_type, reply.headers))
        elif "slow_drip" in faults:
            self._drip(reply, faults["slow_drip"])
        else:
            self._write(reply)

    def _hold(self, fault: Fault) -> None:
        self.server.dead.wait(fault.seconds)
        self.close_connection = True

    def _drip(self, reply: Reply, fault: Fault) -> None:
        whole = self._head(reply) + reply.body
        size = max(1, -(-len(whole) // _DRIPS))
        for start in range(0, len(whole), size):
            self.wfile.write(whole[start : start + size])
            self.wfile.flush()
            self.server.dead.wait(fault.seconds / _DRIPS)

    def _reset(self, reply: Reply) -> None:
        self.wfile.write(self._head(reply) + reply.body[: len(reply.body) // 2])
        self.wfile.flush()
        # Linger 0 makes close() send RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _write(self, reply: Reply) -> None:
        # One write for head and body: two would wait for the client's delayed acknowledgement.
        body = b"" if self.command == "HEAD" else reply.body
        self.wfile.write(self._head(reply) + body)

    def _head(self, reply: Reply) -> bytes:
        lines = [f"HTTP/1.1 {reply.status} {self.responses.get(reply.status, ('',))[0]}"]
        lines += [f"Content-Type: {reply.content_type}", f"Content-Length: {len(reply.body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _instead(faults: dict[str, Fault]) -> Reply | None:
    """The answer that a fault puts in place of the system's."""
    if "status" in faults:
        fault = faults["status"]
        headers = (("Retry-After", str(fault.retry_after)),) if fault.retry_after is not None else ()
        body = {"error": fault.status} if fault.body is None else fault.body
        return json_reply(body, fault.status, headers)
    if "error_body" in faults:
        body = faults["error_body"].body
        return Reply(body.encode(), content_type="text/plain") if isinstance(body, str) else json_reply(body)
    if "html" in faults:
        return Reply(_HTML, faults["html"].status, "text/html; charset=utf-8", (("Location", "/login"),))
    return None
