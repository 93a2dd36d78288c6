"""Files that people hand over: what is read, and what each mistake says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tongmai.core.csvfile import CsvFile
from tongmai.core.errors import ConfigurationError


def _file(folder: Path, raw: bytes) -> Path:
    (folder / "f.csv").write_bytes(raw)
    return folder / "f.csv"


def test_rows_with_the_lines_they_begin_on(tmp_path: Path) -> None:
    file = _file(tmp_path, '\ufeffid,名称,\n1,"a\nb",x\n\n2,c\n3,d,,,\n'.encode())
    assert CsvFile(file).header() == ["id", "名称", ""]
    assert list(CsvFile(file).rows()) == [
        (2, {"id": "1", "名称": "a\nb"}),
        (5, {"id": "2", "名称": "c"}),
        (6, {"id": "3", "名称": "d"}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_first_line_says_the_separator(delimiter: str, tmp_path: Path) -> None:
    file = _file(tmp_path, f"id{delimiter}name\n1{delimiter}a\n".encode())
    assert list(CsvFile(file).rows()) == [(2, {"id": "1", "name": "a"})]


@pytest.mark.parametrize(
    ("raw", "code", "says"),
    [
        (b"", "empty-file", "f.csv is empty"),
        (b"\n\n", "empty-file", "f.csv is empty"),
        (b"a,b,a\n", "double-column", "f.csv:1"),
        (b"a,b\n1,2\n1,2,3\n", "ragged-row", "f.csv:3: the row has 3 values"),
        (b'a,b\n1,"2\n3,4\n', "bad-csv", "f.csv:2: the row that begins here"),
        (b"a,b\n1,\xff2\n", "wrong-encoding", "f.csv:2: the line is not utf-8: some bytes are broken"),
        ("a,b\n1,客户\n".encode("gb18030"), "wrong-encoding", "f.csv:2: .* reads as gb18030"),
        ("a,b\n1,客户\n".encode("utf-16"), "wrong-encoding", "f.csv:1: .* reads as utf-16"),
        (b"a,b\n" + b"1,2\n" * 100_000 + "1,客\n".encode("gb18030"), "wrong-encoding", "f.csv:100002: "),
    ],
)
def test_mistakes_have_a_place(raw: bytes, code: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        list(CsvFile(_file(tmp_path, raw)).rows())
    assert caught.value.code == code


def test_another_encoding_is_told(tmp_path: Path) -> None:
    for encoding in ("gb18030", "utf-16", "big5"):
        file = _file(tmp_path, "id,名稱\n1,客戶\n".encode(encoding))
        assert list(CsvFile(file, encoding).rows()) == [(2, {"id": "1", "名稱": "客戶"})]


@settings(deadline=None)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_mistake_that_names_the_file(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(raw)
    try:
        header, rows = CsvFile(file).header(), list(CsvFile(file).rows())
    except ConfigurationError as error:
        assert error.what.startswith("any.csv") and (error.why or error.next_step)
    else:
        assert all(set(row) == {name for name in header if name} for _, row in rows)
