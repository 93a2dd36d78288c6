"""The demo's story: start everything, run the syncs as DAG runs, show what went where."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from masterdata.store import connect, upgrade
from tongmai.core.settings import database_url, home
from tongmai.core.text import Text, language
from tongmai.demo import simulators
from tongmai.demo.airflow_api import AirflowApi
from tongmai.demo.simulators import Simulator
from tongmai.stack import airflow, keys, postgres
from tongmai.sync.report import SyncReport
from tongmai.sync.runs import load_report

FILES, TWO_WAY = "crm_sales_opportunities", "crm_to_erp"
PATIENCE = 240.0
Say = Callable[[str], None]


@dataclass
class Story:
    """What the demo showed. ``good``: every run succeeded and every book balanced."""

    good: bool = True


def tell(say: Say, *, stay: bool, customers: int) -> bool:
    """Run the demo in a state folder of its own (below the usual one), made anew each time; True when all balanced."""
    os.environ["TONGMAI_HOME"] = str(home() / "demo")
    _clean()
    story = Story()
    with ExitStack() as stack:
        stack.callback(_down)
        say(str(Text("starting PostgreSQL", "启动 PostgreSQL")))
        postgres.start()
        upgrade(database_url())
        say(str(Text(f"starting the simulators: {customers:,} customers", f"启动模拟器：{customers:,} 个客户")))
        vendors = {}
        for connection, name in (("crm_main", "fxiaoke"), ("erp_main", "kingdee")):
            vendors[connection] = simulators.start(name, ["--customers", str(customers)])
            stack.callback(vendors[connection].stop)
            os.environ[f"AIRFLOW_CONN_{connection.upper()}"] = vendors[connection].airflow_conn
        say(str(Text("starting Airflow", "启动 Airflow")))
        running = airflow.start(None, lambda _: None)
        api = AirflowApi.login(running.url, keys.USER, keys.ui_password())
        api.wait_for_dags({FILES, TWO_WAY}, PATIENCE)
        _act(
            say,
            api,
            story,
            Text("1. A CRM data set from files becomes golden records", "1. 文件中的 CRM 数据集进入主数据"),
            FILES,
        )
        _act(say, api, story, Text("2. CRM → golden → ERP, and back", "2. CRM → 主数据 → ERP，并回写"), TWO_WAY)
        _systems(say, vendors)
        _edit_one(say, vendors["crm_main"])
        _act(
            say,
            api,
            story,
            Text("3. One customer changes in the CRM: only it travels", "3. CRM 中修改一个客户：只有它流动"),
            TWO_WAY,
        )
        _golden(say)
        say(_where(running.url))
        if stay:
            _wait_for_interrupt(say)
    return story.good


def _act(say: Say, api: AirflowApi, story: Story, title: Text, dag: str) -> None:
    say(f"\n{title}")
    run, state = api.run(dag, PATIENCE)
    report = load_report(f"{dag}/{run}")
    say(_summary(report) if report else str(Text("the run left no report", "该次运行没有留下报告")))
    story.good = story.good and state == "success" and report is not None and report.ok


def _summary(report: SyncReport) -> str:
    return report.in_words(language())


def _systems(say: Say, vendors: dict[str, Simulator]) -> None:
    for connection, vendor in vendors.items():
        totals = vendor.ledger()["totals"]
        counted = ", ".join(f"{name} {count:,}" for name, count in sorted(totals.items())) or "0"
        say(f"  {connection} ({vendor.name}): " + str(Text("writes it accepted", "接受的写入")) + f": {counted}")


def _edit_one(say: Say, crm: Simulator) -> None:
    first = crm.control("records/AccountObj")["records"][0]
    key = first["_id"]
    crm.control("records/AccountObj", {"op": "update", "key": key, "fields": {"tel": "021-55550100"}})
    say(
        "\n"
        + str(
            Text(
                f"someone changes the telephone of {first['name']} in the CRM",
                f"有人在 CRM 中修改了 {first['name']} 的电话",
            )
        )
    )


def _golden(say: Say) -> None:
    with connect(database_url()) as database, database.transaction() as cursor:
        cursor.execute("select entity, count(*) from hub.entity group by 1 order by 1")
        counted = ", ".join(f"{name} {count:,}" for name, count in cursor)
        cursor.execute("select count(*) from hub.quarantine")
        row = cursor.fetchone()
    say(
        "\n"
        + str(Text("golden records", "主数据"))
        + f": {counted}; "
        + str(Text("in quarantine", "隔离区"))
        + f": {row[0] if row else 0}"
    )


def _where(url: str) -> str:
    return "\n" + str(
        Text(
            f"Airflow: {url}   user: {keys.USER}   password: {keys.ui_password()}",
            f"Airflow：{url}   用户：{keys.USER}   密码：{keys.ui_password()}",
        )
    )


def _wait_for_interrupt(say: Say) -> None:
    say(str(Text("Everything runs until you press Ctrl-C.", "所有服务保持运行，按 Ctrl-C 结束。")))
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    done.wait()


def _down() -> None:
    airflow.stop(lambda _: None)
    postgres.stop()


def _clean() -> None:
    """A demo begins from nothing: what an earlier one left is stopped and removed."""
    folder = Path(os.environ["TONGMAI_HOME"])
    _down()
    postgres.discard()
    shutil.rmtree(folder, ignore_errors=True)
