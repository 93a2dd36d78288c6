"""Direct syncs: from one real system into another without an entity, with all that a way through the hub promises."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sync.conftest import Systems, connection_text
from tests.sync.test_kill import half_done, start
from tongmai.sync.content import load_content
from tongmai.sync.guarantee import promise
from tongmai.sync.ledger import recount_all
from tongmai.sync.replaying import replay_entries
from tongmai.sync.run import SyncOptions, run_sync
from tongmai.sync.trace import story

pytestmark = pytest.mark.parametrize("systems", [40], indirect=True)
SYNC = "shop_to_erp"
MAPPING = """
mapping: kingdee/shop.direct
from: fxiaoke.AccountObj
to: kingdee.BD_Customer
only_if: not (name | contains("不要"))
fields:
  FNumber: "'S-' + _id"
  FName: name | company_name
  FShortName: {if: industry_level1, then: {from: industry_level1}, else: ""}
  FSOCIALCRECODE: uscc_code__c
  FTEL: tel | phone
search: [FNumber, FSOCIALCRECODE, FName]
create_only: [FNumber]
"""
FILES = {
    "connections.yaml": "shop:\n  connector: fxiaoke\n  role: shop\n",
    "mappings/kingdee/shop.direct.yaml": MAPPING,
    f"syncs/{SYNC}.yaml": f"sync: {SYNC}\nread: {{connection: shop, stream: AccountObj}}\n"
    "write: {connection: erp_main, object: BD_Customer}\nmap: kingdee/shop.direct\n",
}


class World:
    """The site with the direct sync, and both systems."""

    def __init__(self, site: Path, systems: Systems) -> None:
        self.site, self.systems = site, systems

    def write(self, name: str, text: str) -> None:
        (self.site / name).parent.mkdir(parents=True, exist_ok=True)
        (self.site / name).write_text(text.lstrip("\n"), encoding="utf-8")

    def run(self, **options: Any) -> Any:
        report = run_sync(SYNC, SyncOptions(**options))
        assert report.ok, report.as_json()
        return report

    def creates(self) -> list[dict[str, Any]]:
        return [one for one in self.systems.writes(self.systems.erp) if one["op"] == "create"]

    def updates(self) -> list[dict[str, Any]]:
        return [one for one in self.systems.writes(self.systems.erp) if one["op"] == "update"]

    def add(self, name: str, **fields: Any) -> str:
        """A new account, as somebody enters it in the shop's screens; its key."""
        before = set(self.systems.accounts())
        self.systems.crm.control("records/AccountObj", {"op": "insert", "fields": {"name": name, **fields}})
        (key,) = set(self.systems.accounts()) - before
        return key

    def remote(self, key: str) -> dict[str, Any]:
        """The ERP's record of a shop account."""
        rows = self.systems.query(
            """select t.remote_key from hub.target_state t join hub.source_record r on r.entity_id = t.entity_id
                 join hub.stream s on s.id = r.stream_id where s.stream = 'AccountObj' and r.source_key = %s""",
            key,
        )
        return self.systems.customers()[rows[0][0]]


@pytest.fixture
def world(site: Path, systems: Systems, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", connection_text(systems.crm))
    found = World(site, systems)
    for name, text in FILES.items():
        found.write(name, text)
    return found


def rows(world: World) -> list[str]:
    """The keys of the target's records that a shop account is linked to."""
    return [row[0] for row in world.systems.query("select remote_key from hub.target_state")]


def books_close(systems: Systems) -> None:
    from masterdata.store import connect

    with connect(systems.url) as database, database.transaction() as cursor:
        for row in recount_all(cursor):
            assert not row["problems"], row


def test_every_record_arrives_once_and_what_is_there_is_found(world: World) -> None:
    before = world.systems.customers()
    accounts = world.systems.accounts()
    report = world.run()
    assert report.inbound["read"] == len(accounts)
    assert report.inbound["applied"] == report.outbound["queued"]
    assert (
        report.outbound["queued"]
        == report.outbound["delivered"] + report.outbound["suppressed"] + report.outbound["quarantined"]
    )
    after = world.systems.customers()
    creates = world.creates()
    assert 0 < len(creates) < len(accounts), "some companies are in both systems"
    assert len(after) == len(before) + len(creates)
    numbers = Counter(one["payload"]["FNumber"] for one in creates)
    assert all(number.startswith("S-") and count == 1 for number, count in numbers.items())
    codes = Counter(row["FSOCIALCRECODE"] for row in after.values() if row.get("FSOCIALCRECODE"))
    old = Counter(row["FSOCIALCRECODE"] for row in before.values() if row.get("FSOCIALCRECODE"))
    assert all(count == max(1, old[code]) for code, count in codes.items()), "nobody's twin was made"
    doubles = world.systems.query("select count(*) from hub.quarantined_record where code = 'linked-elsewhere'")
    assert doubles == [(len(accounts) - len(set(rows(world))),)], "what the source has twice is said"
    again = world.run()
    assert again.inbound["unchanged"] == again.inbound["read"] and not again.outbound["queued"]
    assert len(world.creates()) == len(creates)
    books_close(world.systems)


def test_it_leaves_the_dictionary_and_the_golden_tables_alone(world: World) -> None:
    tables = "select tablename from pg_tables where schemaname = 'golden' order by 1"
    world.run()
    content = load_content()
    assert not [name for name in content.schema.entities if "/" in name]
    assert not [row for row in world.systems.query(tables) if "direct" in row[0]]
    assert world.systems.query("select count(*) from golden.customer") == [(0,)]
    assert world.systems.query("select count(*) from hub.match_key where kind not like 'own:%%'") == [(0,)]
    assert world.systems.query("select distinct stream from hub.stream order by 1") == [
        ("AccountObj",),
        (f"direct/{SYNC}",),
    ]


def test_a_change_is_sent_and_only_the_change(world: World) -> None:
    key = world.add("上海新月光学有限公司", tel="021-55551111")
    world.run()
    assert world.remote(key)["FTEL"] == "+862155551111"
    world.systems.edit_account(key, tel="021-55552222")
    report = world.run()
    assert report.outbound["delivered"] == 1
    assert world.updates()[-1]["payload"].keys() & {"FName", "FTEL", "FNumber"} == {"FTEL"}
    world.systems.edit_account(key, tel="")
    world.run()
    assert not world.remote(key).get("FTEL"), "what the source clears is cleared"


def test_a_changed_mapping_sends_what_it_changes(world: World) -> None:
    for name in ("上海新月光学有限公司", "上海旧月光学有限公司"):
        world.add(name, tel="")
    world.run()
    updates, creates = len(world.updates()), len(world.creates())
    world.write("mappings/kingdee/shop.direct.yaml", MAPPING.replace("tel | phone", "tel | phone | default('021')"))
    report = world.run()
    fresh = world.updates()[updates:]
    assert report.inbound["unchanged"] == report.inbound["read"], "nothing is read anew"
    assert len(world.creates()) == creates
    assert 2 <= len(fresh) < 10, "those without a number"
    assert all(one["payload"].get("FTEL") == "021" and "FName" not in one["payload"] for one in fresh)
    assert report.outbound["queued"] == len(fresh) + report.outbound["suppressed"] + report.outbound["quarantined"]


@pytest.mark.parametrize("deletes", ["deactivate", "ignore"])
def test_what_the_source_deletes(world: World, deletes: str) -> None:
    sync = FILES[f"syncs/{SYNC}.yaml"]
    world.write(f"syncs/{SYNC}.yaml", f"{sync}deletes: {deletes}\n")
    key = world.add("上海新月光学有限公司")
    world.run()
    assert world.remote(key)["FForbidStatus"] == "A"
    world.systems.crm.control("records/AccountObj", {"op": "delete", "key": key})
    report = world.run(full=True)
    assert world.remote(key)["FForbidStatus"] == ("B" if deletes == "deactivate" else "A")
    assert report.inbound["filtered"] == (deletes == "ignore")


def test_a_record_in_quarantine_is_mended_and_replayed(world: World) -> None:
    world.write("mappings/kingdee/shop.direct.yaml", MAPPING.replace("tel | phone\n", "tel | decimal\n"))
    good = world.add("上海新月光学有限公司", tel="12")
    bad = world.add("上海旧月光学有限公司", tel="abc")
    world.run(keys=(good, bad))
    ((number, key, code),) = world.systems.query(
        "select id, source_key, code from hub.quarantined_record where state = 'open'"
    )
    assert (key, code) == (bad, "not-a-number")
    from masterdata.store import connect
    from tongmai.sync.quarantine import edit

    with connect(world.systems.url) as database:
        edit(database, number, {"tel": "34"}, "tester")
    assert replay_entries((number,)).ok
    world.run()
    assert world.remote(bad)["FTEL"] == "34"
    assert world.remote(good)["FTEL"] == "12"
    books_close(world.systems)


def test_a_refusal_of_the_target_is_in_quarantine_and_can_be_replayed(world: World) -> None:
    world.write("mappings/kingdee/shop.direct.yaml", MAPPING.replace("name | company_name", "remark"))
    key = world.add("上海新月光学有限公司", remark="")
    report = world.run(keys=(key,))
    assert report.outbound["quarantined"] == 1
    world.write("mappings/kingdee/shop.direct.yaml", MAPPING)
    world.run(keys=(key,))
    assert world.remote(key)["FName"] == "上海新月光学有限公司"
    assert world.systems.query("select state from hub.quarantined_record") == [("solved",)]
    books_close(world.systems)


def test_what_the_condition_leaves_out_does_not_go(world: World) -> None:
    key = world.add("不要这一家有限公司")
    report = world.run(keys=(key,))
    assert (report.inbound["filtered"], report.outbound["queued"]) == (1, 0)


FAILPOINTS = (
    "ingest.inside-copy",
    "ingest.before-commit",
    "apply.before-commit",
    "deliver.frozen",
    "deliver.before-remote:7",
    "deliver.after-remote:7",
)


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_a_kill_loses_nothing_and_doubles_nothing(world: World, failpoint: str) -> None:
    before = set(world.systems.customers())
    process = start("sync", SYNC, TONGMAI_FAILPOINT=failpoint)
    assert process.wait(60) == -signal.SIGKILL, "the failpoint was not reached"
    assert half_done(world.systems)
    for _ in range(2):
        world.run()
    numbers = Counter(one["payload"]["FNumber"] for one in world.creates())
    assert numbers and max(numbers.values()) == 1, "doubled"
    assert len(world.systems.customers()) == len(before) + len(world.creates())
    rows = world.systems.query(
        """select r.source_key, t.remote_key, q.id from hub.source_record r join hub.stream s on s.id = r.stream_id
             left join hub.target_state t on t.entity_id = r.entity_id
             left join hub.quarantined_record q on q.entity_id = r.entity_id and q.state = 'open'
            where s.stream = 'AccountObj'"""
    )
    assert len(rows) == len(world.systems.accounts())
    assert not [key for key, remote, entry in rows if remote is None and entry is None], "lost"
    assert world.systems.query("select count(*) from hub.work") == [(0,)]
    assert world.systems.query("select count(*) from hub.outbox") == [(0,)]
    books_close(world.systems)


def test_our_own_key_is_written_where_the_mapping_gives_none(world: World) -> None:
    """A target that keeps a key of ours gets it, and a doubtful create is looked up by it."""
    assert promise(load_content(), SYNC).guarantee == "effectively-once"  # type: ignore[union-attr]
    text = MAPPING.replace("  FNumber: \"'S-' + _id\"\n", "").replace("[FNumber, ", "[").replace("[FNumber]", "[FName]")
    world.write("mappings/kingdee/shop.direct.yaml", text)
    found = promise(load_content(), SYNC)
    assert found is not None and (found.guarantee, found.hop) == ("effectively-once", "erp_main.BD_Customer")
    key = world.add("上海新月光学有限公司")
    process = start("sync", SYNC, "--key", key, TONGMAI_FAILPOINT="deliver.after-remote:1")
    assert process.wait(60) == -signal.SIGKILL
    world.run(keys=(key,))
    (create,) = world.creates()
    ((entity,),) = world.systems.query("select id::text from hub.entity")
    assert create["payload"]["FNumber"] == entity
    assert world.remote(key)["FNumber"] == entity


def test_a_dry_run_changes_nothing(world: World) -> None:
    report = world.run(dry_run=True)
    assert report.outbound["delivered"] and not world.creates()
    assert world.systems.query("select count(*) from hub.inbox") == [(0,)]


def test_the_command_line_tells_its_story(
    world: World, tongmai: Callable[..., tuple[int, dict[str, Any], str]]
) -> None:
    key = world.add("上海新月光学有限公司")
    status, line, _ = tongmai("sync", SYNC, "--key", key, "--json")
    assert status == 0 and line["in"]["applied"] == 1 and line["out"]["delivered"] == 1 and line["balanced"]
    status, told, _ = tongmai("trace", SYNC, key, "--json")
    assert status == 0
    assert told["fields"]["FName"]["value"] == "上海新月光学有限公司"
    assert (told["entity"], told["fields"]["FName"]["connection"]) == (f"direct/{SYNC}", "shop")
    assert [(one["operation"], one["outcome"]) for one in told["deliveries"]] == [("create", "delivered")]
    assert tongmai("guarantee", SYNC)[0] == 0
    given = world.site.parent / "one.jsonl"
    given.write_text(json.dumps(world.systems.accounts()[key], ensure_ascii=False) + "\n", encoding="utf-8")
    status, line, _ = tongmai("mapping", "preview", "kingdee/shop.direct", "--file", str(given), "--json")
    assert status == 0 and line["fields"]["FNumber"] == f"S-{key}"
    status, line, _ = tongmai("mapping", "preview", "kingdee/shop.direct", "--connection", "shop", "--json")
    assert status == 0 and line["fields"]["FNumber"].startswith("S-")
    status, line, _ = tongmai("mapping", "explain", "kingdee/shop.direct", "--json")
    assert status == 0 and line["direct"] and line["reads"][:2] == ["_id", "industry_level1"]


def test_a_status_in_the_payload_is_the_target_s_own(world: World, tmp_path: Path) -> None:
    """A payload may have fields `id` and `status`: they are values like others, not the hub's."""
    source, sent = tmp_path / "in.jsonl", tmp_path / "sent"
    sent.mkdir()
    world.write(
        "connections.yaml",
        f"box:\n  connector: file\n  role: shop\n  settings:\n    path: {tmp_path}\n    streams:\n"
        "      orders: {file: in.jsonl, key: no}\n      sent: {file: 'sent/*.jsonl', key: id}\n"
        "    writes:\n      orders: {stream: sent, file: 'sent/o_{key}.jsonl', our_key: id, search: [id]}\n",
    )
    world.write(
        "mappings/box/orders.yaml",
        "mapping: box/orders\nfrom: box.orders\nto: box.orders\nfields:\n  id: no\n  status: state\n  empty: gone\n"
        "  more: extra\n  lines:\n    each: items\n    fields:\n      sku: code\n      of: head.no\nsearch: [id]\n",
    )
    world.write(
        f"syncs/{SYNC}.yaml",
        f"sync: {SYNC}\nread: {{connection: box, stream: orders}}\nwrite: {{connection: box, object: orders}}\nmap: box/orders\n",
    )

    def orders(*records: dict[str, Any]) -> None:
        source.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records), encoding="utf-8")

    first = {"no": "A1", "state": "inactive", "gone": "", "extra": {"deep": [1, {"x": ""}]}, "items": [{"code": "k"}]}
    orders(first, {"no": "A2", "state": "open", "items": [], "extra": 2**80})
    world.run()
    files = {file.name: json.loads(file.read_text("utf-8")) for file in sent.iterdir()}
    assert files["o_A1.jsonl"]["status"] == "inactive"
    assert files["o_A1.jsonl"]["more"] == {"deep": [1, {"x": ""}]}
    assert files["o_A1.jsonl"]["lines"] == [{"sku": "k", "of": "A1"}]
    orders({**first, "state": "active", "items": []})
    world.run()
    again = json.loads((sent / "o_A1.jsonl").read_text("utf-8"))
    assert (again["status"], again["lines"]) == ("active", []), "an emptied list is an empty list"


def test_parts_of_records_go_directly_too(world: World, tmp_path: Path) -> None:
    """`key` and a place behind the stream: each line of an order is a record of the target."""
    source, sent = tmp_path / "in.jsonl", tmp_path / "sent"
    sent.mkdir()
    world.write(
        "connections.yaml",
        f"box:\n  connector: file\n  role: shop\n  settings:\n    path: {tmp_path}\n    streams:\n"
        "      orders: {file: in.jsonl, key: no}\n      sent: {file: 'sent/*.jsonl', key: id}\n"
        "    writes:\n      lines: {stream: sent, file: 'sent/o_{key}.jsonl', our_key: id, search: [id]}\n",
    )
    world.write(
        "mappings/box/orders.yaml",
        "mapping: box/orders\nfrom: box.orders\nto: box.lines\nfields:\n  id: no\nsearch: [id]\n",
    )
    world.write(
        "mappings/box/items.yaml",
        "mapping: box/items\nfrom: box.orders/items\nkey: sku\nowned: true\nto: box.lines\nfields:\n"
        "  id: head.no + '-' + sku\n  quantity: qty\nsearch: [id]\n",
    )
    for name, stream, mapping in (("one", "orders", "orders"), ("two", "orders/items", "items")):
        world.write(
            f"syncs/{name}.yaml",
            f"sync: {name}\nread: {{connection: box, stream: {stream}}}\n"
            f"write: {{connection: box, object: lines}}\nmap: box/{mapping}\n",
        )
    record = {"no": "A1", "items": [{"sku": "x", "qty": 1}, {"sku": "y", "qty": 2}]}
    source.write_text(json.dumps(record) + "\n", encoding="utf-8")
    for name in ("one", "two"):
        report = run_sync(name)
        assert report.ok, report.as_json()
    assert sorted(file.name for file in sent.iterdir()) == ["o_A1-x.jsonl", "o_A1-y.jsonl", "o_A1.jsonl"]


def test_where_nothing_can_be_looked_up_the_guarantee_says_so(world: World, tmp_path: Path) -> None:
    world.write(
        "connections.yaml",
        "shop:\n  connector: fxiaoke\n  role: shop\n"
        f"box:\n  connector: file\n  role: shop\n  settings:\n    path: {tmp_path}\n    streams:\n"
        "      sent: {file: 'sent/*.jsonl', key: id}\n"
        "    writes:\n      orders: {stream: sent, file: 'sent/o_{key}.jsonl', our_key: id}\n",
    )
    world.write(
        "mappings/box/accounts.yaml",
        "mapping: box/accounts\nfrom: fxiaoke.AccountObj\nto: box.orders\nfields:\n  id: _id\n  name: name\n",
    )
    text = (
        f"sync: {SYNC}\nread: {{connection: shop, stream: AccountObj}}\n"
        "write: {connection: box, object: orders}\nmap: box/accounts\n"
    )
    world.write(f"syncs/{SYNC}.yaml", text)
    found = promise(load_content(), SYNC)
    assert found is not None and found.guarantee == "at-least-once, blind"
    from tongmai.core.errors import ConfigurationError

    with pytest.raises(ConfigurationError) as refused:
        run_sync(SYNC)
    assert "sync.guarantee" in {one.code for one in refused.value.findings}
    world.write(f"syncs/{SYNC}.yaml", text + 'guarantee: "at-least-once, blind"\n')
    assert world.run().outbound["delivered"] == len(world.systems.accounts())


def test_the_story_is_found_by_the_target_s_key_too(world: World) -> None:
    from masterdata.store import connect

    key = world.add("上海新月光学有限公司")
    world.run(keys=(key,))
    with connect(world.systems.url) as database, database.transaction() as cursor:
        by_source = story(cursor, SYNC, key)
        assert by_source["id"] == story(cursor, SYNC, str(world.remote(key)["FCUSTID"]))["id"]


def test_records_do_not_change_over_to_another_way(world: World) -> None:
    """A stream that fed an entity is not passed on directly, nor by a direct sync of another name: ids would get mixed."""
    from tongmai.core.errors import ConfigurationError

    inbound = f"sync: {SYNC}\nread: {{connection: shop, stream: AccountObj}}\nmap: fxiaoke/account\n"
    world.write(f"syncs/{SYNC}.yaml", inbound)
    world.run()
    golden = world.systems.query("select * from golden.customer order by id")
    world.write(f"syncs/{SYNC}.yaml", FILES[f"syncs/{SYNC}.yaml"])
    with pytest.raises(ConfigurationError) as refused:
        run_sync(SYNC)
    assert refused.value.code == "other-way" and "`customer`" in str(refused.value)
    assert golden and world.systems.query("select * from golden.customer order by id") == golden
    assert not world.creates()


def test_a_renamed_direct_sync_is_refused(world: World) -> None:
    from tongmai.core.errors import ConfigurationError

    world.run(keys=(world.add("上海新月光学有限公司"),))
    (world.site / "syncs" / f"{SYNC}.yaml").rename(world.site / "syncs" / "renamed.yaml")
    world.write("syncs/renamed.yaml", FILES[f"syncs/{SYNC}.yaml"].replace(f"sync: {SYNC}", "sync: renamed"))
    with pytest.raises(ConfigurationError) as refused:
        run_sync("renamed")
    assert refused.value.code == "other-way"
    assert len(world.creates()) == 1


def test_a_record_that_comes_back_is_switched_on_again(world: World, tmp_path: Path) -> None:
    source = tmp_path / "firms.csv"
    world.write(
        "connections.yaml",
        f"list:\n  connector: file\n  role: shop\n  settings: {{path: {tmp_path}, streams: {{firms: {{file: firms.csv, key: no}}}}}}\n",
    )
    world.write(
        "mappings/kingdee/firms.yaml",
        "mapping: kingdee/firms\nfrom: list.firms\nto: kingdee.BD_Customer\nfields:\n  FNumber: no\n  FName: name\nsearch: [FNumber]\n",
    )
    world.write(
        f"syncs/{SYNC}.yaml",
        f"sync: {SYNC}\nread: {{connection: list, stream: firms}}\n"
        "write: {connection: erp_main, object: BD_Customer}\nmap: kingdee/firms\n",
    )
    for body, state in (("N1,甲\nN2,乙\n", "A"), ("N2,乙\n", "B"), ("N1,甲方\nN2,乙\n", "A")):
        source.write_text(f"no,name\n{body}", encoding="utf-8")
        world.run()
        firms = {one["FNumber"]: one for one in world.systems.customers().values() if one["FNumber"] in ("N1", "N2")}
        assert (firms["N1"]["FForbidStatus"], firms["N2"]["FForbidStatus"]) == (state, "A")
    assert firms["N1"]["FName"] == "甲方", "what changed meanwhile is sent too"
    assert len(world.creates()) == 2
