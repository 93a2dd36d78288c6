"""``tongmai match load``: a migration's records, with the clusters that were found before."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path

import click

from tongmai.cli.files import ENCODING
from tongmai.cli.options import BY, ENTITY, JSON_LINE
from tongmai.core.errors import ConfigurationError
from tongmai.core.text import Text, language


@click.command(
    "load",
    help=str(
        Text(
            "Read a stream of records by its sync, then let them belong together as a file says: where its clusters differ from "
            "what the rules find, the difference is kept as decisions that can be undone.",
            "通过同步读入一个流的记录，再按文件给定的聚类归并：与规则结果不同之处记为决定，可撤销。",
        )
    ),
    epilog=str(
        Text(
            'Example: tongmai match load --connection legacy --stream clients --clusters clusters.csv --why "cleaned in 2025"',
            '示例：tongmai match load --connection legacy --stream clients --clusters clusters.csv --why "2025 年清洗结果"',
        )
    ),
)
@ENTITY
@click.option("--connection", required=True, help=str(Text("Where they are read from.", "读取记录的连接。")))
@click.option("--stream", required=True, help=str(Text("The stream of the connection.", "连接中的流。")))
@click.option(
    "--clusters",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help=str(
        Text("CSV with `id` (the key in the stream) and `cluster_id`.", "含 `id`（流中的主键）和 `cluster_id` 的 CSV。")
    ),
)
@ENCODING
@click.option(
    "--why", required=True, help=str(Text("Where the clusters come from; it is kept.", "聚类的来源；会被记录。"))
)
@BY
@click.option(
    "--no-read", is_flag=True, help=str(Text("The records are in the hub already.", "记录已在枢纽中，不再读取。"))
)
@click.option(
    "--dry-run",
    is_flag=True,
    help=str(
        Text("Show what would be decided and keep nothing; reads nothing.", "只显示将作出的决定，不保存，也不读取。")
    ),
)
@JSON_LINE
def load(
    entity: str,
    connection: str,
    stream: str,
    clusters: Path,
    encoding: str,
    why: str,
    who: str,
    no_read: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from tongmai.cli.progress import bar
    from tongmai.sync.content import load_content
    from tongmai.sync.loading import decide, read_clusters
    from tongmai.sync.run import run_sync

    given = read_clusters(clusters, encoding)
    if not no_read and not dry_run:
        spec = load_content().inbound_of(connection, stream)
        if spec is None:
            raise ConfigurationError(
                f"{connection}.{stream}",
                "no sync reads it",
                "write one into syncs/, or give --no-read",
                code="unknown-sync",
            )
        with bar(enabled=not as_json) as progress:
            report = run_sync(spec.sync, progress=progress)
        if not as_json:
            click.echo(report.in_words(language()))
        if not report.ok:
            sys.exit(1)
    done = decide(entity, connection, stream, given, who=who or getpass.getuser(), why=why, dry_run=dry_run)
    if as_json:
        told = {name: value for name, value in vars(done).items() if name != "outcomes"}
        click.echo(json.dumps({**told, "acts": [one.plain() for one in done.outcomes]}, ensure_ascii=False))
    else:
        click.echo(
            str(
                Text(
                    f"{done.records:,} records, {done.clusters:,} clusters: {done.agreed:,} as the rules found them; "
                    f"decided: {done.joined:,} pairs the same, {done.parted:,} not",
                    f"{done.records:,} 条记录、{done.clusters:,} 个聚类：{done.agreed:,} 个与规则结果一致；"
                    f"决定：{done.joined:,} 对相同，{done.parted:,} 对不同",
                )
            )
        )
        if dry_run:
            click.echo(str(Text("Dry run: nothing was kept", "试运行：未保存")))
    if done.open and not dry_run:
        click.echo(
            str(
                Text(
                    f"{done.open:,} clusters are still not as given: records of other streams hold them together or apart; "
                    "see `tongmai review`",
                    f"仍有 {done.open:,} 个聚类与给定的不同：其他流的记录使其相连或分开；见 `tongmai review`",
                )
            ),
            err=True,
        )
        sys.exit(1)
