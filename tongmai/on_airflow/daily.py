"""The DAG of what has to be done once a day whatever comes in: close stewards' values that have expired, judge the data."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, BaseOperator, CronTriggerTimetable, Param

from tongmai.core.errors import RetryableError, TongmaiError
from tongmai.on_airflow.build import BEGINNING
from tongmai.on_airflow.operator import DELAY, RETRIES, ByErrorKind, SyncAway, SyncFailed

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

DAILY = "master_data_daily"
AT = "30 2 * * *"
ZONE = "Asia/Shanghai"
PAGE = """**Every day** at 02:30 (Asia/Shanghai):

* `expire_overrides` closes stewards' values whose time is over and chooses those golden records anew (`tongmai golden expire`);
* `data_quality` judges every record by the rules of `quality.yaml` and keeps the figures (`tongmai quality show`, view
  `bi.data_quality`). With the parameter `min` it is red where golden records score lower.

**每天** 02:30（北京时间）：

* `expire_overrides` 结束到期的人工取值并重新计算相应的黄金记录（`tongmai golden expire`）；
* `data_quality` 按 `quality.yaml` 的规则评估每条记录并保存结果（`tongmai quality show`、视图 `bi.data_quality`）。给出参数 `min` 时，
  黄金记录得分低于它则任务失败。
"""


def build_daily() -> dict[str, DAG]:
    """The one DAG, by name."""
    with DAG(
        dag_id=DAILY,
        description="每日主数据维护 · Daily care of the master data",
        doc_md=PAGE,
        tags=["master data", "quality"],
        schedule=CronTriggerTimetable(AT, timezone=ZONE),
        start_date=BEGINNING,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        params={
            "min": Param(
                None,
                type=["null", "number"],
                minimum=0,
                maximum=100,
                title="Least score 最低得分",
                description="Red where golden records of an entity score lower. 任一实体的黄金记录得分低于此值时任务失败。",
            )
        },
        render_template_as_native_obj=False,
    ) as dag:
        # One is no reason to leave the other undone, so neither waits for the other.
        ExpireOperator(task_id="expire_overrides")
        QualityOperator(task_id="data_quality")
    return {DAILY: dag}


class DailyOperator(BaseOperator):
    """A task of the hub's own: tried again when the database is away, red at once for anything else."""

    ui_color = "#e6f4ea"

    def __init__(self, **more: Any) -> None:
        more.setdefault("retries", RETRIES)
        more.setdefault("retry_delay", DELAY)
        more.setdefault("retry_exponential_backoff", 2.0)
        super().__init__(retry_policy=ByErrorKind(), **more)

    def execute(self, context: Context) -> dict[str, Any]:
        """Do it; returns counts only, never a record."""
        try:
            return self.work(context)
        except RetryableError as error:
            raise SyncAway(str(error), error.after) from error
        except TongmaiError as error:
            raise SyncFailed(str(error), str(error)) from error

    def work(self, context: Context) -> dict[str, Any]:
        """What the task is for."""
        raise NotImplementedError


class ExpireOperator(DailyOperator):
    """Closes stewards' values whose time is over."""

    def work(self, context: Context) -> dict[str, Any]:
        """Entity → how many golden records were chosen anew."""
        from tongmai.sync import overriding

        done = overriding.expire()
        log.info("overrides that had expired, by entity: %s", done or "none")
        return dict(done)


class QualityOperator(DailyOperator):
    """Judges the data of every entity that has rules."""

    def work(self, context: Context) -> dict[str, Any]:
        """Entity → its score; raises where one is lower than the parameter ``min``."""
        from masterdata.store import connect
        from tongmai.core.settings import database_url
        from tongmai.quality.run import run_quality
        from tongmai.quality.standing import GOLDEN, below, standing
        from tongmai.sync.content import load_content

        names = run_quality()
        with connect(database_url()) as database, database.transaction() as cursor:
            found = standing(cursor, load_content().schema, names, GOLDEN)
        scores = {one["entity"]: one["places"][0]["score"] for one in found}
        log.info("data quality of golden records: %s", scores)
        least = context["params"].get("min")
        low = below(found, float(least), GOLDEN) if least is not None else []
        if low:
            words = ", ".join(f"{one['entity']} {one['score']}" for one in low)
            raise SyncFailed(f"data quality under {least:g}: {words}", f"数据质量低于 {least:g}：{words}")
        return scores
