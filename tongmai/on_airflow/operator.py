"""The task that runs one sync, and how its failures are treated: retried when waiting can help, red otherwise."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from tongmai.core.errors import ConfigurationError, RetryableError, TongmaiError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tongmai.sync.report import SyncReport

log = logging.getLogger(__name__)

RETRIES = 3
DELAY = timedelta(minutes=1)


class SyncFailed(AirflowFailException):
    """A run that failed or does not balance. ``zh`` says the same in Chinese, for notices."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.zh = zh


class SyncAway(AirflowException):
    """The other side is busy or away. ``after``: seconds it asked us to wait, if it said so."""

    def __init__(self, en: str, after: float | None = None) -> None:
        super().__init__(en)
        self.zh = en
        self.after = after


class ByErrorKind(RetryPolicy):
    """Wait as long as the other side asked; our own delay when it did not say. What waiting cannot mend is not retried."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        if not isinstance(exception, SyncAway):
            return RetryDecision.fail("only a busy or absent system is worth another try")
        if exception.after is None:
            return RetryDecision.default()
        return RetryDecision.retry(timedelta(seconds=exception.after), "the system asked for this pause")


class SyncOperator(BaseOperator):
    """Runs the sync named ``sync`` with the parameters of the DAG run."""

    ui_color = "#d6ecff"

    def __init__(self, *, sync: str, **more: Any) -> None:
        more.setdefault("retries", RETRIES)
        more.setdefault("retry_delay", DELAY)
        more.setdefault("retry_exponential_backoff", 2.0)
        super().__init__(retry_policy=ByErrorKind(), **more)
        self.sync = sync
        self.rehearsed = False

    def get_openlineage_facets_on_complete(self, task_instance: object) -> Any:
        """Where the OpenLineage provider is installed, it asks for the fields that this task reads and writes."""
        from tongmai.on_airflow.lineage import operator_lineage

        return operator_lineage(self.sync, rehearsed=self.rehearsed)

    def execute(self, context: Context) -> dict[str, Any]:
        """Run, log the ledger, return counts and the ledger in plain words; raise when the run is not well."""
        from tongmai.on_airflow.secrets import AirflowSecrets
        from tongmai.sync.run import SyncOptions, run_sync

        run = context["dag_run"]
        try:
            options = SyncOptions(
                **chosen(context["params"]),
                trigger="airflow",
                external_id=f"{run.dag_id}/{run.run_id}",
                in_group=self.sync != run.dag_id,
            )
            self.rehearsed = options.dry_run
            report = run_sync(self.sync, options, AirflowSecrets())
        except RetryableError as error:
            raise SyncAway(str(error), error.after) from error
        except TongmaiError as error:
            raise SyncFailed(str(error), str(error)) from error
        words = report.in_words("en")
        log.info("ledger of sync %s\n%s", self.sync, words)
        if report.retryable:
            raise SyncAway(words, report.retry_after)
        if not report.ok:
            raise SyncFailed(words, report.in_words("zh"))
        return counts(report)


def chosen(params: Any) -> dict[str, Any]:
    """The options a person chose in the trigger form, as ``SyncOptions`` takes them. A flow's form has only some."""
    since = params.get("since")
    return {
        "full": bool(params.get("full", False)),
        "since": _aware(str(since)) if since else None,
        "keys": tuple(str(key) for key in params.get("keys") or ()),
        "dry_run": bool(params.get("dry_run", False)),
        "accept_deletes": bool(params.get("accept_deletes", False)),
    }


def counts(report: SyncReport) -> dict[str, Any]:
    """What goes to XCom: ids, counts and the ledger in words; never a record."""
    return {
        "sync": report.sync,
        "run": report.run,
        "in": dict(report.inbound),
        "again": dict(report.again),
        "out": dict(report.outbound),
        "balanced": report.balanced,
        "ledger": report.in_words("en"),
    }


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ConfigurationError(
            f"parameter since: {text}",
            "a time zone is missing",
            "write it like 2026-01-31T08:00:00+08:00",
            code="since",
        )
    return moment
