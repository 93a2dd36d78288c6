"""DAGs from sync and flow files: one per sync, group and flow. The same files always give the same DAGs; nothing is read but files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from airflow.sdk import DAG, Param

from tongmai.core.errors import ConfigurationError
from tongmai.flows.compiled import compile_flow
from tongmai.flows.spec import Flow, load_flow
from tongmai.on_airflow import flow_words, words
from tongmai.on_airflow.notify import notifiers
from tongmai.on_airflow.operator import SyncOperator
from tongmai.sync.content import load_content
from tongmai.sync.guarantee import Promise, promise
from tongmai.sync.specs import Connection, Group, Spec, Specs, flow_files, load_connections, load_sync, sync_files

BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)


def build_dags(wanted: str | None = None) -> dict[str, DAG]:
    """DAGs of every sound file, by name; only ``wanted`` and only from its own file when a task process asks for it.

    A file with mistakes gives no DAG and disturbs no other one: ``refuse_mistakes`` shows it.
    """
    if wanted:
        return _only(wanted)
    content = load_content()
    specs, flows = content.specs, content.flows
    broken = broken_names(specs)
    dags = {
        name: build_dag(name, spec, specs.files[name], specs.connections, promise(content, name))
        for name, spec in sorted(specs.syncs.items())
        if name not in broken
    }
    for name, flow in sorted(flows.flows.items()):
        if not compile_flow(content, name)[1]:
            dags[name] = build_flow(name, flow, Path(flows.documents[name].file), promise(content, name))
    return dags


def refuse_mistakes() -> None:
    """Raise one error with every mistake as file:line:column. Called by a DAG file that has no DAG of its own."""
    content = load_content()
    findings = [*content.specs.findings, *content.flows.findings]
    for name in content.flows.flows:
        findings += compile_flow(content, name)[1]
    if findings:
        raise ConfigurationError(
            f"{len({finding.mark.file for finding in findings})} file(s) give no DAG",
            f"{len(findings)} mistake(s); every other DAG runs on",
            "mend them as shown, then `tongmai check`",
            findings=findings,
        )


def broken_names(specs: Specs) -> set[str]:
    """Names of syncs whose own file has mistakes."""
    return {name for name, document in specs.documents.items() if document.findings}


def build_dag(
    name: str, spec: Spec, file: Path, connections: Mapping[str, Connection], found: Promise | None = None
) -> DAG:
    """One DAG. A group has one task per member, in order; a sync is one task. ``found``: what it can really promise."""
    with DAG(
        dag_id=name,
        description=words.describe(name, spec),
        doc_md=words.page(name, spec, file, found),
        tags=words.tags(spec, connections),
        schedule=words.every(spec),
        start_date=BEGINNING,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        params=_params(),
        render_template_as_native_obj=False,
    ) as dag:
        before: SyncOperator | None = None
        for member in spec.syncs if isinstance(spec, Group) else (name,):
            task = SyncOperator(task_id=member, sync=member, on_failure_callback=notifiers(spec.notify))
            if before is not None:
                before >> task
            before = task
    return dag


def build_flow(name: str, flow: Flow, file: Path, found: Promise | None = None) -> DAG:
    """The DAG of a flow: one task that serves its due instances."""
    with DAG(
        dag_id=name,
        description=words.describe(name, flow),
        doc_md=flow_words.page(name, flow, file, found),
        tags=sorted({*flow.tags, "flow", flow.entity, flow.guarantee}),
        schedule=flow.every,
        start_date=BEGINNING,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        params={"dry_run": _params()["dry_run"]},
        render_template_as_native_obj=False,
    ) as dag:
        SyncOperator(task_id=name, sync=name, on_failure_callback=notifiers(flow.notify))
    return dag


def _only(name: str) -> dict[str, DAG]:
    file = sync_files().get(name)
    if file is None:
        return _only_flow(name)
    spec, document = load_sync(file)
    if spec is None or document.findings:
        raise ConfigurationError(
            f"sync {name}", "its file has mistakes", "mend them as shown", findings=document.findings
        )
    return {name: build_dag(name, spec, file, load_connections().connections)}


def _only_flow(name: str) -> dict[str, DAG]:
    file = flow_files().get(name)
    if file is None:
        return {}
    flow, document = load_flow(file)
    if flow is None or document.findings:
        raise ConfigurationError(
            f"flow {name}", "its file has mistakes", "mend them as shown", findings=document.findings
        )
    return {name: build_flow(name, flow, file)}


def _params() -> dict[str, Param]:
    """The form that Airflow shows when a person triggers the DAG."""
    return {
        "full": Param(
            False,
            type="boolean",
            title="Full read 全量读取",
            description="Read every record, whatever the checkpoint says. 不看断点，读取全部记录。",
        ),
        "since": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="Since 起始时间",
            description="Read what changed since then, with a time zone. 读取此时间之后的变更，须带时区。",
        ),
        "keys": Param(
            [],
            type="array",
            items={"type": "string"},
            title="Only these keys 仅这些主键",
            description="One key a line; empty means all. 每行一个主键；留空表示全部。",
        ),
        "accept_deletes": Param(
            False,
            type="boolean",
            title="Accept deletes 确认删除",
            description="Believe a whole listing in which most records are missing, a changed mapping that leaves out most of"
            " them. 确认全量清单中大部分记录确已删除，或更改后的映射确要排除大部分记录。",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run 演练",
            description="Do everything, write nothing. 全程演练，不写入任何数据。",
        ),
    }
