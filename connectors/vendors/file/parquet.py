"""Rows of a Parquet file, one part of a row group at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from connectors.sdk import wire
from connectors.sdk.plain import UnreadableError, plain
from connectors.vendors.file.rows import Row, bad_file, check_columns
from connectors.vendors.file.streams import FileStream

_AT_ONCE: Final = 1000


def read_parquet(file: BinaryIO, path: str, stream: FileStream, most: int) -> Iterator[Row]:
    """Every row; its line is its number in the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file)
        size = sum(table.metadata.row_group(n).total_byte_size for n in range(table.metadata.num_row_groups))
        if size > most:
            raise bad_file(
                path, f"{size} bytes unpacked, allowed are {most}", "split it, or raise `max_unpacked_bytes`"
            )
        names = list(table.schema_arrow.names)
        check_columns(path, stream, names)
        number = 0
        for batch in table.iter_batches(batch_size=_AT_ONCE):
            columns = [_values(column) for column in batch.columns]
            for values in zip(*columns, strict=True):
                number += 1
                yield _row(number, names, values)
    except (pa.ArrowException, OSError) as error:
        raise bad_file(path, f"not readable as Parquet: {str(error).splitlines()[0]}", "write the file again") from None


def _row(line: int, names: list[str], values: tuple[Any, ...]) -> Row:
    try:
        data = {name: plain(value) for name, value in zip(names, values, strict=True)}
    except UnreadableError as error:
        raw = wire.canonical({name: str(value) for name, value in zip(names, values, strict=True)})
        return Row(line, raw, problem=str(error))
    return Row(line, wire.canonical(data), data)


def _values(column: Any) -> list[Any]:
    """Python's times end at microseconds: nanoseconds come as text."""
    import pyarrow as pa

    kind = column.type
    if (pa.types.is_timestamp(kind) or pa.types.is_duration(kind) or pa.types.is_time(kind)) and kind.unit == "ns":
        values: list[Any] = column.cast(pa.string()).to_pylist()
        return values
    found: list[Any] = column.to_pylist()
    return found
