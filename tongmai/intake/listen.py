"""Listen on sockets that connectors open: an event is answered once it is committed; a socket that ends is opened again."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from connectors import registry
from connectors.sdk.listening import Listening, Told
from connectors.sdk.settings import CONNECTION_NAME
from connectors.sdk.webhook import Event, told_events
from tongmai.core.errors import ConfigurationError, RetryableError, TongmaiError
from tongmai.core.secrets import EnvironmentSecrets, Secrets
from tongmai.intake.journal import Row
from tongmai.intake.writer import Writer
from tongmai.sync.specs import load_connections

if TYPE_CHECKING:
    from connectors.sdk.webhook.model import Webhook

STORE_SECONDS = 15.0
LOOK_SECONDS = 0.5
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
STEADY_SECONDS = 30.0
log = logging.getLogger("tongmai.intake")


class Listener:
    """One connection's socket, in a thread of its own. ``error``: why it ended, when it was not told to."""

    def __init__(self, connection: str, socket: Listening, webhook: Webhook, writer: Writer) -> None:
        self.connection = connection
        self.opened = threading.Event()
        self.ended = threading.Event()
        self.error: TongmaiError | None = None
        self._socket = socket
        self._webhook = webhook
        self._writer = writer
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"listen-{connection}", daemon=True)

    @property
    def streams(self) -> frozenset[str]:
        """The streams that its events are about."""
        return self._webhook.streams

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End; an event that is being stored is answered before."""
        self._stop.set()
        self._thread.join(STORE_SECONDS + 5)

    def _run(self) -> None:
        wait = FIRST_WAIT
        try:
            while not self._stop.is_set():
                since = time.monotonic()
                try:
                    self._listen()
                except RetryableError as error:
                    if time.monotonic() - since > STEADY_SECONDS:
                        wait = FIRST_WAIT
                    pause = error.after if error.after is not None else wait * random.uniform(0.5, 1.5)  # noqa: S311
                    log.warning(
                        "socket ended connection=%s wait=%.1f code=%s: %s", self.connection, pause, error.code, error
                    )
                    wait = min(LONGEST_WAIT, wait * 2)
                    self._stop.wait(max(pause, 0.05))
                finally:
                    self._socket.close()
        except TongmaiError as error:
            self.error = error
            log.error("no socket connection=%s code=%s: %s", self.connection, error.code, error)
        finally:
            self.ended.set()

    def _listen(self) -> None:
        self._socket.open()
        log.info("listening connection=%s", self.connection)
        self.opened.set()
        while not self._stop.is_set():
            told = self._socket.receive(LOOK_SECONDS)
            if told is not None:
                self._socket.answer(told, stored=self._stored(told))

    def _stored(self, told: Told) -> bool:
        rows = [Row(self.connection, self._socket.webhook, event) for event in self._events(told)]
        unknown = [row for row in rows if not row.event.stream]
        if unknown:
            log.warning("no route for %d event(s) connection=%s", len(unknown), self.connection)
        if not rows:
            return True
        try:
            self._writer.put(rows).result(STORE_SECONDS)
        except (TongmaiError, TimeoutError):  # the writer has logged it; the system sends it again
            return False
        return True

    def _events(self, told: Told) -> tuple[Event, ...]:
        return told_events(self._webhook, told.event)


def listener(connection: str, writer: Writer, secrets: Secrets | None = None) -> Listener:
    """The listener of a connection. Raises ``ConfigurationError`` when there is none or it cannot listen."""
    known = load_connections().connections
    spec = known.get(connection)
    if spec is None:
        raise ConfigurationError(
            f"connection `{connection}`",
            f"there is no such connection (there are: {', '.join(sorted(known)) or '-'})",
            "correct the name, or declare it in connections.yaml",
            code="unknown-connection",
        )
    module = registry.module(spec.connector, "stream")
    if module is None:
        raise ConfigurationError(
            f"connection `{connection}`",
            f"connector `{spec.connector}` opens no socket to listen on",
            "receive its events by webhook, if it has some: tongmai intake without --stream",
            code="no-stream",
        )
    manifest = registry.manifest(spec.connector)
    given = (secrets or EnvironmentSecrets()).get(connection)
    settings: Mapping[str, Any] = {
        **registry.settings_for(connection, spec.connector, spec.settings, given),
        CONNECTION_NAME: connection,
    }
    listen: Callable[[Mapping[str, Any], Any], Listening] = module.listen
    socket = listen(settings, manifest)
    return Listener(connection, socket, manifest.webhooks[socket.webhook], writer)
