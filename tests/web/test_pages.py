"""The pages, as Airflow serves them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from masterdata.store import connect
from tongmai.sync import runs
from tongmai.sync.report import SyncReport

pytestmark = [pytest.mark.airflow]
PAGES = ["/tongmai/", "/tongmai/flows", "/tongmai/quarantine", "/tongmai/dags/probe/ledger?run=manual__1"]
EVIL = "<script>alert('x')</script>"


def keep(url: str, report: SyncReport, external_id: str) -> None:
    """A run as the engine leaves it."""
    with connect(url) as database:
        with database.transaction() as cursor:
            cursor.execute("insert into hub.release (id, schema, content) values ('r', '', '') on conflict do nothing")
        report.run = runs.begin(database, report.sync, b"r", "airflow", external_id, 0)
        runs.end(database, report)


def report(sync: str, **counts: int) -> SyncReport:
    made = SyncReport(sync, "")
    made.inbound |= counts
    return made


def known_dags() -> None:
    """The product's DAGs stored as the DAG processor would."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    from tongmai.core.settings import product_root

    folder = product_root() / "dags"
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(DagBag(dag_folder=folder, bundle_path=folder), "dags-folder", None)


@pytest.mark.parametrize("path", PAGES)
def test_nobody_reads_without_logging_in(read: Callable[..., Any], path: str) -> None:
    answer = read(path, role=None)
    assert answer.status_code == 401
    assert "Tongmai" not in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_a_viewer_reads_in_the_browsers_language(read: Callable[..., Any], path: str) -> None:
    chinese, english = read(path, "zh-CN,zh;q=0.9,en;q=0.8"), read(path, "en-GB")
    assert (chinese.status_code, english.status_code) == (200, 200)
    assert chinese.headers["content-language"] == "zh-CN" and "总览" in chinese.text and "隔离区" in chinese.text
    assert english.headers["content-language"] == "en" and "Overview" in english.text
    assert '<html lang="zh-CN">' in chinese.text and '<html lang="en">' in english.text
    joint = "&" if "?" in path else "?"
    assert "总览" in read(f"{path}{joint}lang=zh", "en").text
    assert "Overview" in read(f"{path}{joint}lang=en", "zh").text


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_nothing_from_elsewhere_and_stay_in_our_frame(read: Callable[..., Any], path: str) -> None:
    answer = read(path)
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy and "default-src 'none'" in policy and "unsafe" not in policy
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert nonce is not None and f'<script nonce="{nonce[1]}">' in answer.text
    assert not re.search(r"""(src|href)=["'](https?:)?//""", answer.text)
    assert read(path).headers["content-security-policy"] != policy


def test_overview_shows_each_sync_with_its_last_run(read: Callable[..., Any], hub_url: str) -> None:
    known_dags()
    keep(hub_url, report("crm_contacts", read=2, applied=2), "a/1")
    red = report("crm_customers", read=2, applied=1)
    red.balanced = False
    keep(hub_url, red, "b/1")
    broken = report("erp_customers_in")
    broken.error = "refused"
    keep(hub_url, broken, "c/1")
    page = read("/tongmai/").text
    rows = {
        m[1]: m[0] for m in re.finditer(r"<tr>\s*<td><a data-airflow href=\"[^\"]*/dags/(\w+)\">.*?</tr>", page, re.S)
    }
    assert "balanced" in rows["crm_contacts"] and "mark good" in rows["crm_contacts"]
    assert "not balanced" in rows["crm_customers"] and "mark bad" in rows["crm_customers"]
    assert "failed" in rows["erp_customers_in"]
    assert "not run yet" in rows["crm_sales_teams"]
    assert "mark bad" in rows["crm_to_erp"], "a group is red when a member is"
    assert re.search(r'<b class="bad">4</b>red syncs', page)


def test_overview_counts_what_waits_and_shows_mistakes(read: Callable[..., Any], hub_url: str, site: Path) -> None:
    (site / "syncs" / "broken.yaml").write_text(
        f"sync: broken\nread: {{connection: crm_main, stream: a}}\nmap: x\n{'mapp'}: y\n"
    )
    quarantine(hub_url, "name is missing")
    page = read("/tongmai/").text
    assert re.search(r'<b>1</b><a href="[^"]*quarantine">records in quarantine', page)
    assert re.search(r"<b>0</b>changes waiting", page)
    assert "broken.yaml:4:1" in page and "unknown key `mapp`" in page
    assert "未知的键 `mapp`" in read("/tongmai/", "zh").text


def quarantine(url: str, reason: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into hub.stream (connection, stream, role, entity) values ('crm_main', 'AccountObj', 'crm', 'customer')"
            " on conflict do nothing"
        )
        connection.execute(
            "insert into hub.quarantined_record (stage, stream_id, source_key, code, field, reason, place, run_id)"
            " select 'map', id, %s, 'unknown-term', 'level', %s, 'account.yaml:9', 'r' from hub.stream",
            (EVIL, reason),
        )


def test_quarantine_lists_records_escaped(read: Callable[..., Any], hub_url: str) -> None:
    assert "Nothing in quarantine" in read("/tongmai/quarantine").text
    quarantine(hub_url, EVIL)
    page = read("/tongmai/quarantine").text
    assert EVIL not in page
    assert page.count("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") == 2
    assert "account.yaml:9" in page and "unknown-term" in page


def instance(url: str) -> str:
    """A flow's instance as the engine leaves it."""
    with psycopg.connect(url) as connection:
        connection.execute("insert into hub.release (id, schema, content) values ('r', '', '') on conflict do nothing")
        row = connection.execute(
            """insert into hub.flow_instance (id, flow, entity, subject, occurrence, release, digest, step, minted, note, run_id)
               values (gen_random_uuid(), 'order_to_cash', 'opportunity', gen_random_uuid(), 1, 'r', 'd', 5,
                       '{"contract_number": "HT-2026-000009"}', %s, 'r') returning id""",
            (EVIL,),
        ).fetchone()
        assert row is not None
        connection.execute(
            """insert into hub.minted_number (sequence, scope, number, text, instance)
               values ('contract_number', '2026', 9, 'HT-2026-000009', %s)""",
            (row[0],),
        )
        connection.execute(
            """insert into hub.flow_step (instance, position, name, state, detail, ended_at)
               values (%(id)s, 0, 'mint contract_number', 'done', 'HT-2026-000009', now()),
                      (%(id)s, 5, 'write erp_orders', 'waiting', '', null)""",
            {"id": row[0]},
        )
    return str(row[0])


def test_flows_show_how_their_instances_stand_and_an_instance_its_story(read: Callable[..., Any], hub_url: str) -> None:
    known_dags()
    assert "No instance yet" in read("/tongmai/flows").text
    key = instance(hub_url)
    page = read("/tongmai/flows").text
    assert "HT-2026-000009" in page and f"flows/{key}" in page and "6. <code>write erp_orders</code>" in page
    assert re.search(r"<b>1</b>under way", page) and "mark good" in page and EVIL not in page
    assert "进行中" in read("/tongmai/flows", "zh").text and "效果恰好一次" in read("/tongmai/flows", "zh").text
    for path in (f"/tongmai/flows/{key}", "/tongmai/flows/HT-2026-000009"):
        story = read(path).text
        assert "mint contract_number" in story and "…" in story and EVIL not in story
    missing = read("/tongmai/flows/HT-1", "zh")
    assert missing.status_code == 404 and "无法显示此页" in missing.text


def test_a_ledger_that_closes(read: Callable[..., Any], hub_url: str) -> None:
    made = report("probe", read=1234, unchanged=1000, quarantined=4, applied=230)
    keep(hub_url, made, "probe/manual__2026-01-01T00:00:00+00:00")
    page = read("/tongmai/dags/probe/ledger?run=manual__2026-01-01T00:00:00%2B00:00").text
    assert "1,234" in page and "= unchanged since last time" in page and "1,000" in page
    assert "every record is accounted for" in page and "DOES NOT CLOSE" not in page
    assert "mark bad" not in page
    assert "与上次相同" in read("/tongmai/dags/probe/ledger?run=manual__2026-01-01T00:00:00+00:00", "zh").text


def test_a_ledger_that_does_not_close_is_red_and_escaped(read: Callable[..., Any], hub_url: str) -> None:
    made = report("probe", read=3, applied=2)
    made.balanced, made.problems, made.error = False, [f"3 read, 2 accounted for {EVIL}"], f"broke off {EVIL}"
    keep(hub_url, made, "probe/manual__1")
    page = read("/tongmai/dags/probe/ledger?run=manual__1").text
    assert "DOES NOT CLOSE" in page and "The books do not balance" in page
    assert "3 read, 2 accounted for &lt;script&gt;" in page and "broke off &lt;script&gt;" in page
    assert EVIL not in page


def test_a_groups_ledger_has_its_members_and_their_last_try(read: Callable[..., Any], hub_url: str) -> None:
    away = report("one")
    away.error = "away for a while"
    keep(hub_url, away, "group/manual__1")
    keep(hub_url, report("one", read=5, applied=5), "group/manual__1")
    keep(hub_url, report("two", read=7, unchanged=7), "group/manual__1")
    page = read("/tongmai/dags/group/ledger?run=manual__1").text
    assert "Syncs of this group" in page
    assert re.search(r'read from the source</td><td class="number">12<', page)
    assert "away for a while" not in page


def test_a_run_without_a_ledger_says_so(read: Callable[..., Any]) -> None:
    answer = read("/tongmai/dags/probe/ledger?run=never")
    assert answer.status_code == 200 and "No ledger for this run" in answer.text


def test_an_absent_database_is_told_as_what_why_next(read: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGMAI_DATABASE_URL", "postgresql://me:s3cret@127.0.0.1:1/hub")
    answer = read("/tongmai/", "zh")
    assert answer.status_code == 503
    assert "无法显示此页" in answer.text and "tongmai up" in answer.text and "s3cret" not in answer.text


def test_the_plugin_is_light_and_hangs_in_two_places(api: Any) -> None:
    from airflow.plugins_manager import _get_plugins

    (plugin,) = [found for found in _get_plugins()[0] if found.name == "tongmai"]
    assert {view["destination"]: view["url_route"] for view in plugin.external_views} == {
        "nav": "tongmai",
        "dag_run": "tongmai_ledger",
    }
    from tongmai.core.settings import product_root

    assert len((product_root() / "plugins" / "tongmai_plugin.py").read_text().splitlines()) <= 30
    assert [file.name for file in (product_root() / "plugins").glob("*.py")] == ["tongmai_plugin.py"]
