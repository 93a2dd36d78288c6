"""Events sent out: HTTP callbacks with their deadline and repeats, frames over WebSockets with their acks."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from connectors.sdk.webhook import cipher
from connectors.sdk.webhook.model import Decrypt
from connectors.testing.simulator import State
from connectors.vendors.dingtalk.simulator_base import Row
from connectors.vendors.dingtalk.simulator_data import CORP

DEADLINE = 2.5
AGAIN = (10.0, 30.0)
_HOW = Decrypt(kind="aes-owner", text=("body.encrypt",), key="key", owner="owner")
_TICK = 0.02


@dataclass
class Callback:
    """A registered address, and what it is encrypted with."""

    url: str
    token: str
    key: str
    owner: str

    def send(self, event: Row, now: float) -> str:
        """Push one event; why it failed, empty when it was answered as it must be."""
        settings = {"key": self.key, "owner": self.owner}
        stamp, nonce = str(int(now * 1000)), secrets.token_hex(4)
        text = cipher.encrypt(_HOW, settings, json.dumps(event, ensure_ascii=False).encode(), secrets.token_bytes)
        sign = _signature(self.token, stamp, nonce, text)
        query = urlencode({"msg_signature": sign, "signature": sign, "timestamp": stamp, "nonce": nonce})
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}?{query}", json.dumps({"encrypt": text}).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:  # noqa: S310 (the address a test gave)
                said = json.loads(answer.read())
            good = said["msg_signature"] == _signature(
                self.token, str(said["timeStamp"]), said["nonce"], said["encrypt"]
            )
            told = cipher.decrypt(_HOW, settings, said["encrypt"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            return f"{type(error).__name__}: {error}"
        return "" if good and told == b"success" else "the answer is not an encrypted success"


@dataclass
class Pushed:
    """One event on its way. ``due``: when it is tried again, by the simulated clock."""

    event: Row
    first: float
    due: float
    tries: int = 0
    problem: str = ""


@dataclass
class Waiting:
    """One event for the sockets. ``sent``: when, to be sent again without an ack."""

    frame: Row
    sent: float | None = None
    tries: int = 0


@dataclass
class Push:
    """All pushing of one simulated company. Its threads begin with the first listener."""

    state: State
    callback: Callback | None = None
    queue: list[Pushed] = field(default_factory=list)
    failed: list[Pushed] = field(default_factory=list)
    log: list[Row] = field(default_factory=list)
    frames: dict[str, Waiting] = field(default_factory=dict)
    acks: list[Row] = field(default_factory=list)
    sockets: list[ServerConnection] = field(default_factory=list)
    _tickets: set[str] = field(default_factory=set)
    _server: Server | None = None
    _numbers: int = 0
    _runs: bool = False

    # -- what happens ----------------------------------------------------------------------------------------------------

    def tell(self, kind: str, data: Row) -> None:
        """Something happened. Called with the state's lock held."""
        self._numbers += 1
        now = self.state.clock.now()
        event_id = f"ev-{self._numbers:06d}"
        self.log.append({"EventType": kind, "eventId": event_id, **data})
        if self.callback is not None:
            event = {"EventType": kind, "CorpId": CORP, "EventTime": str(int(now * 1000)), "BizId": event_id}
            self.queue.append(Pushed({**event, "eventId": event_id, **data}, now, now))
        if self._server is not None:
            headers = {"messageId": f"m-{event_id}", "topic": "*", "contentType": "application/json", "time": str(int(now * 1000)),
                       "eventId": event_id, "eventType": kind, "eventCorpId": CORP, "eventBornTime": str(int(now * 1000)),
                       "eventUnifiedAppId": "app-1"}  # fmt: skip
            frame = {
                "specVersion": "1.0",
                "type": "EVENT",
                "headers": headers,
                "data": json.dumps(data, ensure_ascii=False),
            }
            self.frames[headers["messageId"]] = Waiting(frame)

    def register(self, callback: Callback) -> str:
        """Take an address once it has answered the test; else why not."""
        problem = callback.send({"EventType": "check_url"}, self.state.clock.now())
        if not problem:
            self.callback = callback
            self._begin()
        return problem

    def take_failed(self) -> Row:
        """Up to 200 events that were given up, each told once."""
        some, self.failed = self.failed[:200], self.failed[200:]
        rows = [{"event_time": int(each.first * 1000), "call_back_tag": each.event["EventType"],
                 each.event["EventType"]: each.event} for each in some]  # fmt: skip
        return {"has_more": bool(self.failed), "failed_list": rows}

    # -- sockets ---------------------------------------------------------------------------------------------------------

    def open(self) -> Row:
        """An address and a ticket for one connection."""
        if self._server is None:
            self._server = serve(self._talk, "127.0.0.1", 0)
            threading.Thread(target=self._server.serve_forever, daemon=True).start()
            self._begin()
        port = self._server.socket.getsockname()[1]
        ticket = secrets.token_hex(12) + "+/="  # must be escaped in a URL
        self._tickets.add(ticket)
        return {"endpoint": f"ws://127.0.0.1:{port}/connect", "ticket": ticket}

    def system(self, topic: str) -> None:
        """Send a SYSTEM frame to every socket."""
        data = json.dumps({"opaque": secrets.token_hex(4)})
        frame = {"specVersion": "1.0", "type": "SYSTEM", "data": data,
                 "headers": {"messageId": secrets.token_hex(8), "topic": topic, "contentType": "application/json"}}  # fmt: skip
        self._write(frame)

    def drop(self) -> None:
        """Close every socket, as a gateway that restarts."""
        for each in list(self.sockets):
            each.close_socket() if hasattr(each, "close_socket") else each.close()

    def _talk(self, connection: ServerConnection) -> None:
        ticket = parse_qs(urlsplit(connection.request.path if connection.request else "").query).get("ticket", [""])[0]
        with self.state.lock:
            known = ticket in self._tickets
            self._tickets.discard(ticket)
            if known:
                self.sockets.append(connection)
        if not known:
            connection.close(4001, "ticket")
            return
        try:
            for text in connection:
                self._acked(json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            with self.state.lock:
                self.sockets.remove(connection)
                for waiting in self.frames.values():
                    waiting.sent = None  # whoever connects next gets what was not acknowledged

    def _acked(self, ack: Row) -> None:
        """``code`` decides; the client of the vendor sends the event's own data back instead of a status."""
        with self.state.lock:
            self.acks.append(ack)
            key = ack.get("headers", {}).get("messageId", "")
            data = ack.get("data")
            told = json.loads(data) if isinstance(data, str) and data else {}
            later = isinstance(told, dict) and told.get("status") == "LATER"
            if key in self.frames and ack.get("code") == 200 and not later:
                del self.frames[key]
            elif key in self.frames:
                self.frames[key].sent = self.state.clock.now() - self.state.switches["ack_seconds"] + 1

    # -- the pump --------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if not self._runs:
            self._runs = True
            threading.Thread(target=self._pump, daemon=True).start()

    def _pump(self) -> None:
        pause = threading.Event()
        while not pause.wait(_TICK):
            with self.state.lock:
                now = self.state.clock.now()
                due = [each for each in self.queue if each.due <= now]
                callback = self.callback
                frames = [each for each in self.frames.values() if self._unsent(each, now)] if self.sockets else []
                for each in frames:
                    each.sent, each.tries = now, each.tries + 1
            for waiting in frames:
                self._write(waiting.frame)
            for pushed in due:
                problem = callback.send(pushed.event, now) if callback else "no address"
                with self.state.lock:
                    self._book(pushed, problem)

    def _unsent(self, each: Waiting, now: float) -> bool:
        return each.sent is None or now - each.sent >= float(self.state.switches["ack_seconds"])

    def _book(self, pushed: Pushed, problem: str) -> None:
        pushed.tries += 1
        pushed.problem = problem
        if problem and pushed.tries <= len(AGAIN):
            pushed.due = pushed.first + AGAIN[pushed.tries - 1]
            return
        self.queue.remove(pushed)
        if problem:
            self.failed.append(pushed)

    def _write(self, frame: Row) -> None:
        text = json.dumps(frame, ensure_ascii=False)
        for each in list(self.sockets):
            with contextlib.suppress(ConnectionClosed):  # its own thread takes it from the list
                each.send(text)


def _signature(token: str, stamp: str, nonce: str, text: str) -> str:
    return hashlib.sha1("".join(sorted([token, stamp, nonce, text])).encode()).hexdigest()  # noqa: S324 (the vendor's)
