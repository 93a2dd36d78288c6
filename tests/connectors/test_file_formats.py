"""The file connector: Excel and Parquet without loss, patterns, drop folders, a file for each record."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors import registry
from connectors.sdk import Acknowledging, Connector, Page, ReadRequest
from tongmai.core.errors import ConfigurationError, RemoteRefusedError

OLD = 1_700_000_000


def opened(folder: Path, streams: Any, writes: Any = None, **more: Any) -> Connector:
    given = {"path": str(folder), "streams": streams, "writes": writes or {}, **more}
    return registry.open_connection("files", "file", registry.settings_for("files", "file", given, None))


def rows(connection: Connector, stream: str = "s", **request: Any) -> tuple[list[dict[str, Any]], list[Page]]:
    pages = list(connection.read(ReadRequest(stream, **request)))
    records = [record for page in pages for record in page.records]
    return [
        connection.decode(stream, one.raw) if one.op != "broken" else {"problem": one.problem} for one in records
    ], pages


def workbook(path: Path, change: Callable[[Any], None]) -> None:
    book = openpyxl.Workbook()
    change(book)
    book.save(path)


def test_excel_cells_keep_their_type(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        sheet.title = "说明"
        data = book.create_sheet("订单 2026")
        for line in (
            ["客户订单"],
            ["no", "qty", "price", "day", "at", "paid", "text", None],
            [1001, 3, 1.25, date(2026, 1, 31), datetime(2026, 1, 31, 8, 30), True, "007"],
            [None] * 7,
            ["A-2", 2**53, 0.1, None, None, False, "多行\n文本"],
            [1003, None, None, None, None, None, None, "homeless"],
            [None, 1],
        ):
            data.append(line)
        data.merge_cells("A8:A9")
        data["A8"], data["B8"], data["B9"] = "M", 1, 2

    workbook(tmp_path / "订单 一.xlsx", fill)
    stream = {"file": "订单 一.xlsx", "format": "excel", "key": ["no", "qty"], "sheet": "订单 2026", "header_row": 2}
    found, pages = rows(opened(tmp_path, {"s": stream}), full=True)
    assert found[0] == {
        "no": 1001, "qty": 3, "price": "1.25", "day": "2026-01-31", "at": "2026-01-31T08:30:00", "paid": True, "text": "007",
    }  # fmt: skip
    assert (found[1]["no"], found[1]["paid"], found[1]["text"], found[1]["price"]) == (
        "A-2",
        False,
        "多行\n文本",
        "0.1",
    )
    assert found[2] == {"problem": "column 8 has a value and no header"}
    assert "no usable key" in found[3]["problem"]
    assert [(one["no"], one["qty"]) for one in found[4:]] == [("M", 1), ("M", 2)]
    assert not pages[-1].complete
    for wrong, why in (
        ({"sheet": "订单"}, "there is no sheet `订单`"),
        ({"sheet": 3}, "`3`"),
        ({"header_row": 99}, "no row 99"),
    ):
        with pytest.raises(ConfigurationError, match=why):
            rows(opened(tmp_path, {"s": {**stream, **wrong}}), full=True)


def test_an_excel_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    workbook(tmp_path / "far.xlsx", lambda book: book.active.cell(1_048_576, 16_384, "far"))
    workbook(tmp_path / "packed.xlsx", lambda book: [book.active.append(["id", "x" * 30_000]) for _ in range(100)])
    (tmp_path / "no.xlsx").write_bytes(b"PK\x03\x04 torn")
    (tmp_path / "text.xlsx").write_bytes(b"id,n\n1,2\n")
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    for name, why in (
        ("far.xlsx", "1048576 rows and 16384 columns"),
        ("packed.xlsx", "unpacked, allowed are 20000"),
        ("no.xlsx", "not readable as Excel"),
        ("text.xlsx", "not readable as Excel"),
        ("other.xlsx", "not readable as Excel"),
    ):
        stream = {"file": name, "format": "excel", "key": "id"}
        with pytest.raises(ConfigurationError, match=why):
            rows(
                opened(tmp_path, {"s": stream}, max_unpacked_bytes=20_000 if name.startswith("packed") else 10**9),
                full=True,
            )


def test_parquet_keeps_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([1, 2, 3], pa.int64()),
            "price": pa.array(
                [Decimal("1.10"), None, Decimal("99999999999999999999.0000000001")], pa.decimal128(38, 10)
            ),
            "at": pa.array([datetime(2026, 1, 31, tzinfo=UTC), None, None], pa.timestamp("us", "UTC")),
            "fine": pa.array([1_700_000_000_123_456_789, None, None], pa.timestamp("ns")),
            "tags": pa.array([["a", "二"], [], None], pa.list_(pa.string())),
            "ratio": pa.array([0.1, float("nan"), None], pa.float64()),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    connection = opened(tmp_path, {"s": {"file": "a.parquet", "format": "parquet", "key": "id"}})
    found, _ = rows(connection, full=True)
    assert found[0] == {
        "id": 1, "price": "1.1000000000", "at": "2026-01-31T00:00:00+00:00", "fine": "2023-11-14 22:13:20.123456789",
        "tags": ["a", "二"], "ratio": "0.1",
    }  # fmt: skip
    assert found[1] == {"problem": "nan is no number"}
    assert found[2]["price"] == "99999999999999999999.0000000001"
    small = opened(tmp_path, {"s": {"file": "a.parquet", "format": "parquet", "key": "id"}}, max_unpacked_bytes=10)
    with pytest.raises(ConfigurationError, match="unpacked, allowed are 10"):
        rows(small, full=True)
    (tmp_path / "a.parquet").write_bytes(b"PAR1 torn PAR1")
    with pytest.raises(ConfigurationError, match="not readable as Parquet"):
        rows(connection, full=True)


def test_a_huge_cell_and_a_huge_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,n\n1,ok\n2," + "x" * 1_200_000 + "\n3,ok\n")
    connection = opened(tmp_path, {"s": {"file": "a.csv", "key": "id"}})
    found, pages = rows(connection, full=True)
    assert [one.get("id") for one in found] == ["1", None, "3"] and "field larger" in found[1]["problem"]
    assert not pages[-1].complete
    with pytest.raises(ConfigurationError, match="allowed are 1000"):
        rows(opened(tmp_path, {"s": {"file": "a.csv", "key": "id"}}, max_file_bytes=1000), full=True)


def test_a_pattern_without_an_archive_is_one_listing(tmp_path: Path) -> None:
    for n, text in enumerate(["id,v\n1,a\n2,b\n", "id,v\n2,again\n3,c\n"]):
        (tmp_path / f"part_{n}.csv").write_text(text)
        os.utime(tmp_path / f"part_{n}.csv", (OLD + n, OLD + n))
    (tmp_path / "other.csv").write_text("id,v\n9,z\n")
    found, pages = rows(opened(tmp_path, {"s": {"file": "part_*.csv", "key": "id"}}), full=True)
    assert [one.get("id") for one in found] == ["1", "2", None, "3"] and pages[-1].complete
    assert "already on part_0.csv line 3" in found[2]["problem"]


def drop(folder: Path, **more: Any) -> Connector:
    return opened(folder, {"s": {"file": "orders_*.csv", "key": "id", "archive": "archive", **more}})


def place(folder: Path, name: str, text: str, age: int = 0) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    os.utime(folder / name, (OLD - age, OLD - age))


def test_drop_files_are_taken_oldest_first_and_moved_when_stored(tmp_path: Path) -> None:
    place(tmp_path, "orders_b 新.csv", "id\n3\n", age=100)
    place(tmp_path, "orders_a.csv", "id\n1\n2\n", age=50)
    connection = drop(tmp_path)
    assert isinstance(connection, Acknowledging)
    found, pages = rows(connection, full=True)
    assert [one["id"] for one in found] == ["3", "1", "2"]
    *read, end = pages
    assert not any(page.complete for page in pages) and all(page.checkpoint for page in read) and end.ended
    assert len(list(tmp_path.glob("*.csv"))) == 2, "nothing is moved before it is stored"
    assert rows(drop(tmp_path), full=True)[0] == found
    for page in pages:
        connection.stored(page.checkpoint or "")
    assert not list(tmp_path.glob("*.csv"))
    archived = sorted(one.name for one in (tmp_path / "archive").iterdir())
    assert len(archived) == 2 and archived[1].startswith("orders_b 新.20") and archived[1].endswith("Z.csv")
    connection.stored(pages[0].checkpoint or "")
    assert rows(connection, full=True)[0] == []


def test_only_whole_files_are_taken(tmp_path: Path) -> None:
    (tmp_path / "orders_new.csv").write_text("id\n1\n")
    assert rows(drop(tmp_path), full=True)[0] == [], "it was changed a moment ago"
    assert rows(drop(tmp_path, ready={"quiet": 0}), full=True)[0] == [{"id": "1"}]
    marked = drop(tmp_path, ready={"marker": ".done"})
    assert rows(marked, full=True)[0] == []
    (tmp_path / "orders_new.csv.done").touch()
    found, pages = rows(marked, full=True)
    assert found == [{"id": "1"}]
    marked.stored(pages[0].checkpoint or "")  # type: ignore[attr-defined]
    assert [one.name for one in tmp_path.iterdir()] == ["archive"]
    (tmp_path / "orders_x.csv.tmp").write_text("id\n1\n")
    every = {"file": "orders_*", "format": "csv", "key": "id", "archive": "a", "ready": {"temporary": ".tmp"}}
    renamed = opened(tmp_path, {"s": every})
    assert rows(renamed, full=True)[0] == []
    (tmp_path / "orders_x.csv.tmp").rename(tmp_path / "orders_x.csv")
    assert rows(renamed, full=True)[0] == [{"id": "1"}]


def test_a_file_that_grows_while_it_is_read_stays(tmp_path: Path) -> None:
    place(tmp_path, "orders_a.csv", "id\n" + "".join(f"{n}\n" for n in range(2500)))
    connection = drop(tmp_path)
    pages = connection.read(ReadRequest("s", full=True))
    next(pages)
    place(tmp_path, "orders_a.csv", "id\n" + "".join(f"{n}\n" for n in range(2600)), age=-10)
    rest = list(pages)
    assert [page.checkpoint for page in rest] == [None] * len(rest)


def test_a_file_that_cannot_be_read_goes_to_error_with_the_reason(tmp_path: Path) -> None:
    place(tmp_path, "orders_a.csv", "nr\n1\n", age=9)
    place(tmp_path, "orders_b.csv", "id\n2\n\n", age=5)
    connection = drop(tmp_path)
    found, pages = rows(connection, full=True)
    assert found == [{"id": "2"}]
    for page in pages:
        connection.stored(page.checkpoint or "")  # type: ignore[attr-defined]
    names = sorted(one.name for one in (tmp_path / "error").iterdir())
    assert len(names) == 2 and names[1].endswith(".csv.error.txt")
    text = (tmp_path / "error" / names[1]).read_text(encoding="utf-8")
    assert "no column `id` for the key" in text and "文件表头" in text and "header of a file" in text
    assert len(list((tmp_path / "archive").iterdir())) == 1


OUT = {"file": "out/order_*.jsonl", "format": "jsonl", "key": "no"}
WRITE = {"stream": "s", "file": "out/order_{date}_{key}.jsonl", "our_key": "no", "search": ["no"]}


def test_a_record_is_one_file_however_often_it_is_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = opened(tmp_path, {"s": OUT}, {"orders": WRITE})
    writer = connection.writer("orders")
    assert writer.find("no", ["甲/1"]) == {}
    assert writer.create({"no": "甲/1", "v": "1.10"}, "甲/1").key == "甲/1"
    from tongmai.core import clock

    tomorrow = datetime(2031, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    writer.create({"no": "甲/1", "v": "1.10"}, "甲/1")
    writer.create({"no": "1", "v": "2"}, "1")
    names = sorted(one.name for one in (tmp_path / "out").iterdir())
    assert len(names) == 2 and names[1] == "order_20310101_1.jsonl", names
    assert "甲%2F1" in names[0] and "2031" not in names[0]
    writer.update("甲/1", {"w": None})
    assert [one.fields for one in writer.find("no", ["甲/1"])["甲/1"]] == [{"no": "甲/1", "v": "1.10", "w": None}]
    found, pages = rows(connection, full=True)
    assert {one["no"] for one in found} == {"甲/1", "1"} and pages[-1].complete
    for file in (tmp_path / "out").iterdir():
        file.unlink()
    writer.update("1", {"v": "3"})
    assert rows(connection, full=True)[0] == [{"no": "1", "v": "3"}]
    with pytest.raises(RemoteRefusedError, match="too long"):
        writer.create({}, "k" * 300)


def test_a_record_as_csv(tmp_path: Path) -> None:
    stream = {"file": "order_*.csv", "key": "no", "encoding": "gb18030", "delimiter": ";"}
    write = {
        "stream": "s",
        "file": "order_{key}.csv",
        "format": "csv",
        "our_key": "no",
        "columns": ["no", "名称", "ok"],
    }
    connection = opened(tmp_path, {"s": stream}, {"orders": write})
    writer = connection.writer("orders")
    writer.create({"名称": '一;"二', "ok": True}, "K1")
    writer.update("K1", {"ok": None})
    assert (tmp_path / "order_K1.csv").read_bytes().decode("gb18030") == 'no;名称;ok\r\nK1;"一;""二";\r\n'
    assert rows(connection, full=True)[0] == [{"no": "K1", "名称": '一;"二', "ok": ""}]
    with pytest.raises(ConfigurationError, match="`other` is not among its columns"):
        writer.create({"other": 1}, "K2")


def test_mistakes_of_writes_are_said(tmp_path: Path) -> None:
    for change, why in (
        ({"file": "order.jsonl"}, "needs {key} once"),
        ({"file": "{key}_{no}.jsonl"}, "needs {key} once"),
        ({"format": "csv"}, "csv needs `columns`"),
        ({"search": ["v"]}, "by `our_key` only"),
        ({"stream": "x"}, "there is no stream `x`"),
    ):
        with pytest.raises(ConfigurationError, match=why):
            opened(tmp_path, {"s": OUT}, {"orders": {**WRITE, **change}})
    with pytest.raises(ConfigurationError, match="give it the key `other`"):
        opened(tmp_path, {"s": OUT}, {"orders": {**WRITE, "our_key": "other", "search": []}}).writer("orders")


def test_openpyxl_and_calamine_agree_on_an_empty_sheet(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", lambda _: None)
    with pytest.raises(ConfigurationError, match="there is no row 1"):
        rows(opened(tmp_path, {"s": {"file": "a.xlsx", "format": "excel", "key": "id"}}), full=True)
