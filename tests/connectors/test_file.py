"""The file connector: encodings, broken rows, keys, completeness."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors import registry
from connectors.sdk import Connector, ReadRequest, Record
from connectors.vendors.file.streams import parse_streams, parse_writes
from tongmai.core.errors import ConfigurationError


def _open(folder: Path, **streams: Any) -> Connector:
    settings = registry.settings_for("files", "file", {"path": str(folder), "streams": streams}, None)
    return registry.open_connection("files", "file", settings)


def _read(folder: Path, data: bytes, **options: Any) -> tuple[list[Record], bool, Connector]:
    (folder / "a.txt").write_bytes(data)
    connection = _open(folder, s={"file": "a.txt", "format": "csv", "key": "id", **options})
    pages = list(connection.read(ReadRequest("s", full=True)))
    return [record for page in pages for record in page.records], pages[-1].complete, connection


def _good(records: list[Record]) -> list[str]:
    return [record.key for record in records if record.op == "upsert"]


def test_values_are_texts_exactly_as_in_the_file(tmp_path: Path) -> None:
    records, complete, connection = _read(tmp_path, 'id,a,b\r\n007, 1.50 ,""\r\n8,"多行\n文本, ""x""",x\r\n'.encode())
    assert complete
    assert [connection.decode("s", record.raw) for record in records] == [
        {"id": "007", "a": " 1.50 ", "b": ""},
        {"id": "8", "a": '多行\n文本, "x"', "b": "x"},
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    data = "id,名称\n1,镕基𠮷野家\n".encode(encoding)
    records, _, connection = _read(tmp_path, data, encoding="gb18030" if encoding == "gb18030" else "utf-8")
    assert connection.decode("s", records[0].raw) == {"id": "1", "名称": "镕基𠮷野家"}


def test_broken_rows_name_their_line_and_reading_goes_on(tmp_path: Path) -> None:
    data = b'id,n\n1,a\n2\n3,b,c\n4,\xff\xfe\n,e\n1,again\n"6\n6",two lines\n9,z\n'
    records, complete, _ = _read(tmp_path, data)
    assert _good(records) == ["1", "6\n6", "9"]
    broken = {record.key: record for record in records if record.op == "broken"}
    assert set(broken) == {"line 3", "line 4", "line 5", "line 6", "line 7"}
    assert "1 columns, the header has 2" in broken["line 3"].problem
    assert broken["line 5"].raw == b"4,\xff\xfe\n"
    assert "already on line 2" in broken["line 7"].problem
    assert not complete, "an unreadable row hides a key: its record must not be taken for deleted"


def test_a_row_without_a_usable_key_does_not_spoil_completeness(tmp_path: Path) -> None:
    records, complete, _ = _read(tmp_path, b"id,n\n1,a\n,b\n1,c\n")
    assert [record.op for record in records] == ["upsert", "broken", "broken"] and complete


def test_an_unclosed_quote_costs_one_row_only(tmp_path: Path) -> None:
    records, _, _ = _read(tmp_path, b'id,n\n1,a\n2,"oops\n3,c\n4,d\n')
    assert _good(records) == ["1", "3", "4"]
    assert [(record.key, record.raw) for record in records if record.op == "broken"] == [("line 3", b'2,"oops\n')]


def test_key_of_several_columns_and_delimiter(tmp_path: Path) -> None:
    records, _, _ = _read(tmp_path, b"id;line;n\nA;1;x\nA;2;y\n", key=["id", "line"], delimiter=";")
    assert _good(records) == ["A|1", "A|2"]


def test_jsonl(tmp_path: Path) -> None:
    data = '\ufeff{"id": 1, "n": "甲"}\n\n{"id": \n[1]\n{"n": 2}\n{"id": "x", "v": 1.10}\n'.encode()
    records, complete, connection = _read(tmp_path, data, format="jsonl")
    assert [(record.key, record.op) for record in records] == [
        ("1", "upsert"),
        ("line 3", "broken"),
        ("line 4", "broken"),
        ("line 5", "broken"),
        ("x", "upsert"),
    ]
    assert connection.decode("s", records[-1].raw) == {"id": "x", "v": "1.10"}
    assert not complete


def test_pages_keys_and_fingerprints(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("id,n\n" + "".join(f"{i},v\n" for i in range(2500)))
    connection = _open(tmp_path, s={"file": "a.txt", "format": "csv", "key": "id"})
    pages = list(connection.read(ReadRequest("s", full=True)))
    assert [len(page.records) for page in pages] == [1000, 1000, 500]
    assert [page.complete for page in pages] == [False, False, True]
    again = list(connection.read(ReadRequest("s", full=True)))
    assert [r.fingerprint for p in pages for r in p.records] == [r.fingerprint for p in again for r in p.records]
    some = list(connection.read(ReadRequest("s", keys=("7", "2499"))))
    assert [r.key for p in some for r in p.records] == ["7", "2499"] and not some[-1].complete


def test_empty_file_with_header_is_a_complete_listing_of_nothing(tmp_path: Path) -> None:
    records, complete, _ = _read(tmp_path, b"id,n\n")
    assert records == [] and complete


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"nr,n\n1,a\n", "no column `id` for the key; its columns: nr, n"),
        (b"", "none: the file is empty"),
        (b"id,n,n\n", "column `n` occurs twice"),
        ("id,名\n".encode("gb18030"), "the header is not utf-8"),
    ],
)
def test_a_bad_header_says_what_the_file_has(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _read(tmp_path, data)
    assert why in str(caught.value) and "a.txt" in str(caught.value)


def test_a_missing_file_says_what_the_folder_holds(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("id\n")
    connection = _open(tmp_path, s={"file": "custmers.csv", "key": "id"})
    with pytest.raises(ConfigurationError, match=r"the folder holds: customers\.csv"):
        connection.check()
    with pytest.raises(ConfigurationError, match="did you mean `s`"):
        list(connection.read(ReadRequest("ss")))


def test_stream_settings_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _open(
            tmp_path,
            a={"file": "x", "key": []},
            b={"file": "x", "key": "id", "fromat": "csv"},
            c={"key": "id", "encoding": "big5"},
        )
    for part in ("`streams.a.key`", "`streams.b.fromat`", "`streams.c.file`", "`streams.c.encoding`"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("a.csv", "csv"),
        ("in/A_*.CSV", "csv"),
        ("a.jsonl", "jsonl"),
        ("a.xlsx", "excel"),
        ("a.xls", "excel"),
        ("a.parquet", "parquet"),
    ],
)
def test_the_format_follows_from_the_suffix(file: str, kind: str) -> None:
    given: dict[str, Any] = {"file": file, "key": "id"}
    assert parse_streams("files", {"s": given})["s"].format == kind
    assert parse_streams("files", {"s": {**given, "format": "jsonl"}})["s"].format == "jsonl", "what is said counts"


@pytest.mark.parametrize("file", ["a.txt", "orders", "a.csv.gz", "orders_*"])
def test_an_unknown_suffix_is_an_error_that_lists_the_known(file: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_streams("files", {"s": {"file": file, "key": "id", "encoding": "big5"}})
    for part in ("`streams.s.format`", file, ".csv (csv), .jsonl (jsonl), .xlsx (excel)", ".parquet (parquet)"):
        assert part in str(caught.value)
    assert "`streams.s.encoding`" in str(caught.value), "all mistakes at once"
    streams = parse_streams("files", {"s": {"file": "a.jsonl", "key": "no"}})
    with pytest.raises(ConfigurationError, match=r"`writes\.w\.format`.*\.jsonl \(jsonl\), \.csv \(csv\)"):
        parse_writes("files", {"w": {"stream": "s", "file": "{key}.dat", "our_key": "no"}}, streams)


def test_real_sales_data_if_it_is_there(tmp_path: Path) -> None:
    folder = Path(__file__).resolve().parents[3] / "shared/data/crm_sales_opportunities"
    if not folder.is_dir():
        pytest.skip("the public sales data set is not beside the project")
    connection = _open(folder, deals={"file": "sales_pipeline.csv", "key": "opportunity_id"})
    pages = list(connection.read(ReadRequest("deals", full=True)))
    records = [record for page in pages for record in page.records]
    assert len(records) == 8800 and {record.op for record in records} == {"upsert"} and pages[-1].complete
    rows = [json.loads(record.raw) for record in records]
    assert sum(row["account"] == "" for row in rows) == 1425
