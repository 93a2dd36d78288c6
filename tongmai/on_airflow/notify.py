"""Tell people when a run is red: by mail (Airflow's SMTP connection) or to a chat robot's webhook."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import BaseNotifier

from tongmai.core.clock import now
from tongmai.core.errors import ConfigurationError, RetryableError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tongmai.sync.specs import Notify

MAIL_CONNECTION = "smtp_default"
TIMEOUT = 10
WECOM_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class Notice:
    """One message, both languages in it. ``link`` leads to the run."""

    title: str
    text: str
    dag_id: str
    run_id: str
    link: str


class MailNotice(BaseNotifier):
    """A mail to ``to`` over the Airflow connection ``smtp_default``. Nothing in it is taken for a template."""

    def __init__(self, to: Sequence[str]) -> None:
        super().__init__()
        self.to = list(to)

    def notify(self, context: Context) -> None:
        """Send it; an SMTP error goes up, to stand in the task's log."""
        from airflow.providers.smtp.hooks.smtp import SmtpHook

        message = notice(context)
        link = html.escape(message.link)
        body = f'<pre style="font-family:monospace">{html.escape(message.text)}</pre><p><a href="{link}">{link}</a></p>'
        with SmtpHook(smtp_conn_id=MAIL_CONNECTION) as hook:
            hook.send_email_smtp(to=self.to, subject=message.title, html_content=body, from_email=hook.from_email)


class WebhookNotice(BaseNotifier):
    """A POST to a robot. The Airflow connection holds the whole URL, which is a secret, as its password; ``extra`` may
    hold ``shape`` (plain, dingtalk, wecom, feishu) and ``signing_secret``."""

    def __init__(self, connection: str) -> None:
        super().__init__()
        self.connection = connection

    def notify(self, context: Context) -> None:
        """Send it; a refusal goes up without the URL in it."""
        from tongmai.on_airflow.secrets import AirflowSecrets

        found = AirflowSecrets().get(self.connection)
        if found is None or not found.get("password"):
            raise ConfigurationError(
                f"webhook connection {self.connection}",
                "Airflow has no such connection, or its password (the robot's URL) is empty",
                "make it under Admin > Connections",
                code="webhook-connection",
            )
        send(self.connection, found, notice(context))


def notifiers(spec: Notify) -> list[BaseNotifier]:
    """The notifiers a sync file asks for."""
    mail = [MailNotice(spec.mail)] if spec.mail else []
    return [*mail, *(WebhookNotice(connection) for connection in spec.webhook)]


def notice(context: Mapping[str, Any]) -> Notice:
    """What to say of the failed task in ``context``."""
    from airflow.sdk.configuration import conf

    task = context["ti"]
    error = context.get("exception")
    en = str(error) if error else "The task was stopped from outside; its log says more."
    zh = getattr(error, "zh", "") or ("" if error else "任务被外部终止，详见任务日志。")
    base = str(conf.get("api", "base_url")).rstrip("/")
    link = f"{base}/dags/{quote(task.dag_id)}/runs/{quote(task.run_id)}"
    title = f"[Tongmai 通脉] {task.task_id}: 运行失败 / run failed"
    parts = [part for part in (zh if zh != en else "", en) if part]
    text = "\n\n".join([f"DAG {task.dag_id} · {task.run_id}", *parts])
    return Notice(title, text, task.dag_id, task.run_id, link)


def send(name: str, connection: Mapping[str, Any], message: Notice) -> None:
    """POST ``message`` to the robot of ``connection`` and check that it took it."""
    import requests

    shape = str(connection.get("shape") or "plain")
    if shape not in SHAPES:
        raise ConfigurationError(
            f"webhook connection {name}",
            f"shape `{shape}` is not one of: {', '.join(SHAPES)}",
            "correct `shape` in its extra",
        )
    secret = str(connection.get("signing_secret") or "")
    url, body = SHAPES[shape](str(connection["password"]), message, secret)
    try:
        answer = requests.post(url, json=body, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:  # its text holds the URL, which is a secret
        raise RetryableError(
            f"webhook {name}", f"no answer ({type(error).__name__})", "is the address right?"
        ) from None
    said = _code(answer.text)
    if answer.status_code // 100 != 2 or said:
        raise RetryableError(
            f"webhook {name}",
            f"HTTP {answer.status_code}, code {said}",
            "see the robot's settings: address, keyword, signature",
        )


def _plain(url: str, message: Notice, secret: str) -> tuple[str, dict[str, Any]]:
    body = {
        "title": message.title,
        "text": message.text,
        "dag_id": message.dag_id,
        "run_id": message.run_id,
        "link": message.link,
    }
    return url, body


def _dingtalk(url: str, message: Notice, secret: str) -> tuple[str, dict[str, Any]]:
    if secret:
        stamp = str(int(now().timestamp() * 1000))
        sign = _hmac(secret.encode(), f"{stamp}\n{secret}".encode())
        url += f"{'&' if '?' in url else '?'}timestamp={stamp}&sign={quote(sign, safe='')}"
    return url, {"msgtype": "text", "text": {"content": _whole(message)}}


def _wecom(url: str, message: Notice, secret: str) -> tuple[str, dict[str, Any]]:
    raw = _whole(message).encode()
    if len(raw) > WECOM_LIMIT:  # its limit is 2048 bytes; the link stays
        raw = raw[: WECOM_LIMIT - 200].decode("utf-8", "ignore").encode() + f" …\n{message.link}".encode()
    return url, {"msgtype": "text", "text": {"content": raw.decode()}}


def _feishu(url: str, message: Notice, secret: str) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": _whole(message)}}
    if secret:
        stamp = str(int(now().timestamp()))
        body |= {"timestamp": stamp, "sign": _hmac(f"{stamp}\n{secret}".encode(), b"")}
    return url, body


Shape = Callable[[str, Notice, str], tuple[str, dict[str, Any]]]
SHAPES: dict[str, Shape] = {"plain": _plain, "dingtalk": _dingtalk, "wecom": _wecom, "feishu": _feishu}


def _whole(message: Notice) -> str:
    return f"{message.title}\n{message.text}\n{message.link}"


def _hmac(key: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def _code(text: str) -> int:
    """The robot's own answer code: they answer 200 even when they refuse. 0 when there is none."""
    try:
        answer = json.loads(text)
    except ValueError:
        return 0
    if not isinstance(answer, dict):
        return 0
    found = answer.get("errcode", answer.get("code", answer.get("StatusCode", 0)))
    return found if isinstance(found, int) else 0
