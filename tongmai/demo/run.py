"""The demo's story: start everything, run the syncs as DAG runs, show what went where."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from masterdata.store import connect, upgrade
from tongmai.core.settings import database_url, home
from tongmai.core.text import Text, language
from tongmai.demo import simulators
from tongmai.demo.airflow_api import AirflowApi
from tongmai.demo.deals import COUNT, Clerks, Sellers
from tongmai.demo.simulators import Simulator
from tongmai.demo.table import table
from tongmai.stack import airflow, keys, postgres
from tongmai.sync.content import load_content
from tongmai.sync.guarantee import GUARANTEE_WORDS, SHORT, promise
from tongmai.sync.report import SyncReport
from tongmai.sync.runs import load_report

FILES, CHAIN, FLOW = "crm_sales_opportunities", "lead_to_cash", "order_to_cash"
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
        api.wait_for_dags({FILES, CHAIN}, PATIENCE)
        act = partial(_act, say, api, story)
        act(Text("1. A CRM data set from files becomes golden records", "1. 文件中的 CRM 数据集进入主数据"), FILES)
        sellers, clerks = Sellers(vendors["crm_main"]), Clerks(vendors["erp_main"])
        sellers.open_deals()
        act(
            Text(
                "2. Customers, products and deals of CRM and ERP are read and matched; the ERP gets the customers it lacks",
                "2. 读取并匹配 CRM 与 ERP 的客户、产品、商机；ERP 补齐缺少的客户",
            ),
            CHAIN,
        )
        _order_to_cash(say, act, sellers, clerks)
        _systems(say, vendors)
        story.good = _table(say) and story.good
        _golden(say)
        say(_where(running.url))
        say(_look_around(stay))
        if stay:
            _wait_for_interrupt(say)
    return story.good


def _order_to_cash(say: Say, act: Callable[[Text, str], None], sellers: Sellers, clerks: Clerks) -> None:
    sellers.sign()
    act(
        Text(
            f"3. {COUNT} deals are signed in the CRM: contracts and orders get their numbers, the ERP gets the orders",
            f"3. CRM 中签约 {COUNT} 个商机：生成合同号、订单号，订单提交 ERP",
        ),
        CHAIN,
    )
    sellers.change(1, 99)
    sellers.lose(2)
    act(
        Text(
            "4. One deal is agreed anew and one falls through before the ERP has approved them",
            "4. ERP 审核之前，一个商机重新议定、一个丢单",
        ),
        CHAIN,
    )
    approved = clerks.act("approve")
    for name in ("deliver", "bill", "invoice"):
        clerks.act(name)
    clerks.act("receive", part="0.4", numbers=approved[:3])
    clerks.act("receive", part="1", numbers=approved[3:])
    say(
        "\n"
        + str(
            Text(
                f"the ERP's clerks approve {len(approved)} orders, deliver, bill and receive money, for three of them only a part",
                f"ERP 文员审核 {len(approved)} 张订单，发货、开应收、开票、收款，其中三张只收到部分款",
            )
        )
    )
    act(
        Text("5. Receivables and receipts travel to the orders and to the CRM", "5. 应收与收款汇总到订单并回写 CRM"),
        CHAIN,
    )
    clerks.act("receive", part="1", numbers=approved[:2])
    act(Text("6. The rest is paid, but for one", "6. 余款到账，仍有一张未付清"), CHAIN)
    act(Text("7. The flow, once more: what is paid is done", "7. 再次推进流程：已付清的完成"), FLOW)


def _table(say: Say) -> bool:
    """The table from signing to payment, and what the flow promises."""
    with connect(database_url()) as database, database.transaction() as cursor:
        text = table(cursor, FLOW)
        cursor.execute("select state, count(*) from hub.flow_instance group by 1")
        states = {row[0]: row[1] for row in cursor}
    found = promise(load_content(), FLOW)
    title = Text("From signing to payment (times since the signing was heard of)", "从签约到回款（时间自获知签约起算）")
    say(f"\n{title}\n{text}")
    if found is not None:
        say(f"\n{FLOW}: {GUARANTEE_WORDS[found.guarantee]} · {SHORT[found.guarantee]}")
    return states == {"done": COUNT - 2, "cancelled": 1, "running": 1}


def _act(say: Say, api: AirflowApi, story: Story, title: Text, dag: str) -> None:
    say(f"\n{title}")
    run, state = api.run(dag, PATIENCE)
    report = load_report(f"{dag}/{run}")
    say(_summary(report) if report else str(Text("the run left no report", "该次运行没有留下报告")))
    story.good = story.good and state == "success" and report is not None and report.ok


def _summary(report: SyncReport) -> str:
    return replace(report, members=[]).in_words(language())


def _systems(say: Say, vendors: dict[str, Simulator]) -> None:
    for connection, vendor in vendors.items():
        totals = vendor.ledger()["totals"]
        counted = ", ".join(f"{name} {count:,}" for name, count in sorted(totals.items())) or "0"
        say(f"  {connection} ({vendor.name}): " + str(Text("writes it accepted", "接受的写入")) + f": {counted}")


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


def _look_around(running: bool) -> str:
    """How the hub that the demo made is looked into from a shell: it has a state folder of its own."""
    up = "" if running else "\n  tongmai up --only postgres"
    lines = f"\n  export TONGMAI_HOME={shlex.quote(os.environ['TONGMAI_HOME'])}{up}"
    lines += "\n  tongmai review list\n  tongmai search find customer shanghai\n  tongmai quality run"
    what = Text("Look around in this hub:", "在这个枢纽里看看：")
    return f"{what}{lines}"


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
