"""``tongmai connector forecast``: how long reading everything takes by the vendor's limits."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import click

from connectors import registry
from connectors.sdk.forecast import Forecast
from connectors.sdk.forecast import forecast as of_stream
from masterdata.store import connect
from tongmai.cli.opening import JSON, declared_connection, example, say
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.settings import database_url
from tongmai.core.text import Text
from tongmai.sync.shared import shared_if_there


@click.command(
    "forecast",
    help=str(
        Text(
            "Tell how many calls reading all of STREAM of the connection NAME takes, and how long, by the limits its manifest "
            "declares. What other runs have used up of them is counted; calls that they still make are not. Without --records "
            "it takes as many as the hub knows of.",
            "按清单声明的限额，估算全量读取连接 NAME 的 STREAM 需要多少次调用、多长时间。其他运行已用掉的额度计入，尚未发出的调用不计。"
            "不给 --records 时，以中枢已知的条数为准。",
        )
    ),
    epilog=example("tongmai connector forecast crm_main AccountObj --records 200000"),
)
@click.argument("name")
@click.argument("stream")
@click.option("--records", type=click.IntRange(1), help=str(Text("How many records there are.", "记录条数。")))
@click.option(
    "--page-size",
    type=click.IntRange(1),
    default=None,
    help=str(Text("Records in one call, instead of the manifest's.", "每次调用的条数，代替清单中的值。")),
)
@JSON
def forecast(name: str, stream: str, records: int | None, page_size: int | None, as_json: bool) -> None:
    connection, settings = declared_connection(name)
    manifest = registry.manifest_of(name, connection.connector, settings)
    if stream not in manifest.streams:
        near = nearest(stream, manifest.streams)
        raise ConfigurationError(
            f"connection `{name}`: stream `{stream}`",
            f"there is no such stream (there are: {', '.join(manifest.streams) or '-'})",
            f"did you mean `{near}`?" if near else "correct the name",
            code="unknown-stream",
        )
    count = records if records is not None else _known(name, stream)
    with shared_if_there(say):
        found = of_stream(manifest, {**settings, "connection_name": name}, stream, count, page_size or 0)
    if as_json:
        click.echo(json.dumps(_machine(name, stream, found), ensure_ascii=False))
        return
    for line in _lines(found):
        click.echo(line)


def _known(name: str, stream: str) -> int:
    """How many live records the hub has of it."""
    with connect(database_url()) as database, database.transaction() as cursor:
        cursor.execute(
            """select count(*) from hub.source_record r join hub.stream s on s.id = r.stream_id
                where s.connection = %s and s.stream = %s and not r.deleted""",
            (name, stream),
        )
        row = cursor.fetchone()
    count = int(row[0]) if row else 0
    if not count:
        raise ConfigurationError(
            f"connection `{name}`: stream `{stream}`",
            "the hub has no record of it yet, so it does not know how many there are",
            "say it with --records",
            code="no-records",
        )
    return count


def _machine(name: str, stream: str, found: Forecast) -> dict[str, object]:
    parts = [{"path": part.path, "calls": part.calls, "seconds": round(part.seconds, 1)} for part in found.parts]
    return {
        "connection": name,
        "stream": stream,
        "records": found.records,
        "calls": found.calls,
        "seconds": round(found.seconds, 1),
        "limited": found.limited,
        "once_for_each": found.once_for_each,
        "parts": parts,
    }


def _lines(found: Forecast) -> list[str]:
    lines = [
        str(
            Text(
                f"{found.records:,} records in {found.calls:,} calls",
                f"{found.records:,} 条记录，{found.calls:,} 次调用",
            )
        )
    ]
    for part in found.parts:
        lines.append(f"  {part.path or '-'}  × {part.calls:,}  {_long(part.seconds)}")
    if found.limited:
        end = datetime.now(UTC).astimezone() + timedelta(seconds=found.seconds)
        shown = f"{end:%Y-%m-%d %H:%M}"
        long = _long(found.seconds)
        lines.append(
            str(
                Text(
                    f"as a backfill it takes {long} by the declared limits: until {shown} when nobody else calls",
                    f"作为回填，按声明的限额需要 {long}：若无其他调用，到 {shown} 完成",
                )
            )
        )
    else:
        lines.append(
            str(
                Text(
                    "no limit is declared for these calls: the system's own speed decides",
                    "这些调用没有声明限额：取决于系统自身的速度",
                )
            )
        )
    if found.once_for_each:
        lines.append(
            str(
                Text(
                    "the list exists for each of something and was counted once: add a call for each further one",
                    "该列表按某个范围分别存在，此处只计一次：每多一个范围至少加一次调用",
                )
            )
        )
    return lines


def _long(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {whole % 60:02} s"
