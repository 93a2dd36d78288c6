"""Anything may be sent to the receiver: ``python -m tests.intake.fuzz --inputs 10000``.

Random methods, paths, headers, parameters and bodies, half of them properly signed so that they get behind the signature. Every
answer is one that the documents name: no 5xx but the declared 503, no traceback in the log, nothing stored that was not signed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

ALLOWED = {200, 400, 401, 404, 405, 408, 413}
WORDS = [
    "id",
    "type",
    "changed",
    "touched",
    "removed",
    "keys",
    "customer",
    "version",
    "encrypt",
    "EventType",
    "UserId",
    "C1",
]

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40), st.sampled_from(WORDS), st.just("\x00"),
    st.just("9" * 5_000),
)  # fmt: skip
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=20,
)
likely = st.fixed_dictionaries(
    {"type": st.sampled_from(["changed", "touched", "removed", "chatter", "new"])},
    optional={"id": trees, "keys": trees, "version": trees, "customer": st.dictionaries(st.sampled_from(WORDS), trees)},
)
bodies = st.one_of(
    (likely | trees).map(lambda tree: json.dumps(tree).encode()),
    st.binary(max_size=300),
    st.sampled_from(
        [
            b"",
            b"[" * 5_000,
            b'{"id":"\\ud800"}',
            b"\xff\xfe",
            b"{}",
            b"null",
            b"[" * 200 + b"]" * 200,
            b'{"a":1e999999}',
        ]
    ),
    st.integers(1, 3_000).map(lambda size: b"x" * size),
)
names = st.sampled_from(
    [
        "x-time",
        "x-signature",
        "authorization",
        "content-type",
        "content-encoding",
        "webhook-id",
        "cookie",
        "x-forwarded-for",
    ]
)
values = (
    (
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
        | st.sampled_from(["1700000000", "-1", "9" * 40, "1e9", "٣", "Basic !!!"])
    )
    .filter(str.isascii)
    .map(str.strip)
)
paths = st.one_of(
    st.sampled_from(
        ["/in/desk/signed", "/in/desk/ding", "/in/desk", "/in/", "/in/desk/signed/x", "/", "/health", "/in/%00/%ff"]
    ),
    st.text(max_size=30).map(lambda text: "/in/" + text.encode("utf-8", "replace").hex()),
    st.text(max_size=20).map(lambda text: "/in/desk/" + httpx.URL("http://h", params={"x": text}).query.decode()),
)
parameters = st.dictionaries(
    st.sampled_from(["msg_signature", "signature", "timestamp", "nonce", "echostr"]) | st.text(max_size=8),
    st.text(max_size=40),
    max_size=5,
)
methods = st.sampled_from(["POST"] * 6 + ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"])


def run(base: str, world: Any, inputs: int, seed: int) -> Counter[int]:
    """Send ``inputs`` random requests; returns the answers by status. Raises AssertionError with the smallest bad one."""
    found: Counter[int] = Counter()

    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.sampled_from(["signed", "ding", "raw", "raw"]),
        methods,
        paths,
        parameters,
        st.dictionaries(names, values, max_size=4),
        bodies,
    )
    def attack(kind: str, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> None:
        if kind != "raw":
            request = world.signed(body, kind)
            method, path, body = request.method, request.path, request.body
            query, headers = {**query, **request.query}, {**headers, **request.headers}
        answer = client.request(method, base + path, params=query, headers=headers, content=body)
        found[answer.status_code] += 1
        assert answer.status_code in ALLOWED, (answer.status_code, answer.text[:500])
        if (
            answer.status_code >= 400
            and path.startswith("/in/desk/signed")
            and method in ("GET", "POST")
            and path.count("/") == 3
        ):
            error = answer.json()["error"]
            assert error["code"].startswith("webhook-") and error["en"] and error["zh"]

    from hypothesis import seed as seeded

    with httpx.Client(timeout=30) as client:
        seeded(seed)(attack)()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    from masterdata.store import upgrade
    from tests.intake.world import World, environment, receiver
    from tongmai.stack import postgres

    with tempfile.TemporaryDirectory(prefix="tm-fuzz-") as folder:
        Path(folder).chmod(0o711)
        os.environ["TONGMAI_HOME"] = folder
        os.environ.update(environment(Path(folder, "desk.json")))
        server = postgres.start()
        try:
            url = server.url("tongmai")
            upgrade(url)
            os.environ["TONGMAI_DATABASE_URL"] = url
            world = World(url, Path(folder, "desk.json"))
            log = Path(folder, "intake.log")
            began = time.monotonic()
            with receiver("--max-body", "2000", log=log) as (base, process):
                answers = run(base, world, options.inputs, options.seed)
                assert process.poll() is None
            text = log.read_text(encoding="utf-8")
            assert "Traceback" not in text, text[text.index("Traceback") - 500 :][:4_000]
            stored = world.query("select state, count(*) from hub.webhook_event group by 1 order by 1")
            seconds = time.monotonic() - began
            print(
                f"{sum(answers.values()):,} requests in {seconds:.0f} s: {dict(sorted(answers.items()))}; stored {dict(stored)}"
            )
        finally:
            postgres.stop()


if __name__ == "__main__":
    sys.exit(main())
