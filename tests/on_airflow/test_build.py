"""DAGs from sync files, in a real DagBag."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tongmai.core.settings import product_root

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("airflow")]
DAGS = product_root() / "dags"
DAILY = "master_data_daily"
"""What is done once a day whatever comes in."""


def bag() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=DAGS, bundle_path=DAGS)


def test_every_sync_file_of_the_product_and_the_site_is_a_dag(content: Path) -> None:
    found = bag()
    folders = (DAGS / "syncs", DAGS / "flows", content / "syncs")
    names = {file.stem for folder in folders for file in folder.glob("*.yaml")}
    assert found.import_errors == {}
    assert set(found.dags) == names | {DAILY}
    assert {"probe_in", "probe_out", "probe_group"} <= names


def test_a_sync_has_schedule_tags_and_one_task(content: Path) -> None:
    dag = bag().dags["probe_in"]
    assert dag.tags == {"in", "probe_crm", "crm", "customer", "effectively-once", "pilot"}
    assert dag.schedule == timedelta(minutes=5)
    assert (dag.max_active_runs, dag.catchup, dag.is_paused_upon_creation) == (1, False, False)
    assert [task.task_id for task in dag.tasks] == ["probe_in"]
    assert set(dag.params) == {"full", "since", "keys", "dry_run", "accept_deletes"}
    assert dag.description == "试验读入 · Probe in"


def test_a_sync_out_shows_what_it_promises(content: Path) -> None:
    dag = bag().dags["probe_out"]
    assert dag.tags == {"out", "probe_crm", "crm", "customer", "at-least-once, detectable"}
    assert dag.timetable.can_be_scheduled is False
    kinds = [type(notifier).__name__ for notifier in dag.tasks[0].on_failure_callback]
    assert kinds == ["MailNotice", "WebhookNotice"]


def test_a_direct_sync_is_one_task_and_says_what_it_promises(content: Path) -> None:
    (content / "connections.yaml").write_text(
        "probe_crm: {connector: file, role: crm, settings: {path: /nowhere, streams: {orders: {file: o.jsonl, key: no}}}}\n",
        encoding="utf-8",
    )
    (content / "mappings" / "kingdee").mkdir()
    (content / "mappings" / "kingdee" / "probe.yaml").write_text(
        "mapping: kingdee/probe\nfrom: probe_crm.orders\nto: kingdee.SAL_SaleOrder\nfields: {FBillNo: no}\nsearch: [FBillNo]\n",
        encoding="utf-8",
    )
    (content / "syncs" / "probe_direct.yaml").write_text(
        "sync: probe_direct\nread: {connection: probe_crm, stream: orders, every: 5 minutes}\n"
        "write: {connection: erp_main, object: SAL_SaleOrder}\nmap: kingdee/probe\n",
        encoding="utf-8",
    )
    dag = bag().dags["probe_direct"]
    assert dag.tags == {"direct", "probe_crm", "crm", "erp_main", "erp", "effectively-once"}
    assert dag.schedule == timedelta(minutes=5)
    assert [task.task_id for task in dag.tasks] == ["probe_direct"]
    assert "the target keeps our key in `FBillNo` and refuses a second one" in dag.doc_md
    assert "`orders` of connection `probe_crm`" in dag.doc_md


def test_a_group_runs_its_members_in_order(content: Path) -> None:
    dag = bag().dags["probe_group"]
    first, second = dag.get_task("probe_in"), dag.get_task("probe_out")
    assert second.upstream_task_ids == {"probe_in"} and not first.upstream_task_ids
    assert "group" in dag.tags


def test_the_page_says_it_all_in_both_languages(content: Path) -> None:
    dags = bag().dags
    page = dags["probe_out"].doc_md
    for word in (
        "**Writes**",
        "`accounts` of connection `probe_crm`",
        "连接 `probe_crm` 的 `accounts`",
        "at least once: a doubt is looked up",
        "至少一次，可核对",
        "switched off, never erased",
        "停用，不清除",
        "started by hand",
        "`syncs/probe_out.yaml`",
        "read = unchanged + echo",
        "读到 = 未变 + 回声",
        '`status == "active" | x`',
    ):
        assert word in page, word
    assert "every 5 minutes" in dags["probe_in"].doc_md and "每 5 分钟" in dags["probe_in"].doc_md
    assert "`probe_in` → `probe_out`" in dags["probe_group"].doc_md


def test_a_flow_is_a_dag_whose_page_shows_its_steps_and_its_guarantee(content: Path) -> None:
    dag = bag().dags["order_to_cash"]
    assert dag.tags == {"flow", "opportunity", "effectively-once"}
    assert [task.task_id for task in dag.tasks] == ["order_to_cash"]
    for word in (
        "effectively once",
        "效果恰好一次",
        "mint the number `contract_number`",
        "生成号码",
        "within 3 days",
        "期限 3 天",
    ):
        assert word in dag.doc_md, word


def test_the_guarantee_is_the_one_that_is_computed_with_its_reason(content: Path) -> None:
    page = bag().dags["erp_orders"].doc_md
    assert "`erp_main.SAL_SaleOrder` — the target keeps our key in `FBillNo` and refuses a second one" in page
    assert "拒绝重复" in page


def test_the_same_files_give_the_same_dag_in_every_process(content: Path) -> None:
    code = (
        "import json\n"
        "from airflow.serialization.serialized_objects import DagSerialization\n"
        "from tongmai.on_airflow.build import build_dags\n"
        "dags = build_dags()\n"
        "print(json.dumps({n: json.dumps(DagSerialization.to_dict(d), sort_keys=True, default=str) for n, d in dags.items()}))"
    )
    said = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        answer = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
        )
        said.append(json.loads(answer.stdout.splitlines()[-1]))
    assert said[0] == said[1]
    assert "probe_group" in said[0]


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("bad_key.yaml", "sync: bad_key\nread: {connection: probe_crm, stream: a}\nmapp: x\n", "bad_key.yaml:3:1"),
        ("bad_link.yaml", "sync: bad_link\nread: {connection: nobody, stream: a}\nmap: x\n", "bad_link.yaml:2:20"),
        ("bad_yaml.yaml", "sync: [bad_yaml\n", "bad_yaml.yaml:2:1"),
    ],
)
def test_a_bad_file_is_an_import_error_with_its_place_and_harms_no_other_dag(
    content: Path, file: str, text: str, place: str
) -> None:
    before = set(bag().dags)
    (content / "syncs" / file).write_text(text, encoding="utf-8")
    found = bag()
    assert set(found.dags) == before
    assert list(found.import_errors) == ["tongmai_mistakes.py"]
    assert place in found.import_errors["tongmai_mistakes.py"]


def test_a_bad_member_takes_its_group_with_it_and_nothing_else(content: Path) -> None:
    (content / "syncs" / "probe_out.yaml").write_text("sync: probe_out\n", encoding="utf-8")
    found = bag()
    assert "probe_in" in found.dags
    assert not {"probe_out", "probe_group"} & set(found.dags)
    assert "probe_group.yaml:2:19" in found.import_errors["tongmai_mistakes.py"]


def test_a_task_process_reads_its_own_file_only(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tongmai.on_airflow import build

    def apart(dag: Any) -> str:
        """Without the page: what a sync can promise is worked out only where the page is shown."""
        found = DagSerialization.to_dict(dag)
        found["dag"].pop("doc_md")
        return json.dumps(found, sort_keys=True, default=str)

    from airflow.serialization.serialized_objects import DagSerialization

    whole = apart(build.build_dags()["probe_group"])
    (content / "syncs" / "probe_in.yaml").write_text("sync: [", encoding="utf-8")
    monkeypatch.setattr(build, "load_content", lambda: pytest.fail("it read every file"))
    alone = build.build_dags("probe_group")
    assert list(alone) == ["probe_group"]
    assert apart(alone["probe_group"]) == whole
    assert list(build.build_dags("order_to_cash")) == ["order_to_cash"]
    assert build.build_dags("not_a_sync") == {}


def test_loader_files_stay_thin() -> None:
    for file in DAGS.glob("*.py"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 20
