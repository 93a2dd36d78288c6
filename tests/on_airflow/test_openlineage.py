"""What a task tells the OpenLineage provider: the same lineage as `tongmai lineage`, in the provider's classes.

The provider is not among our libraries. Where it is installed, its own classes are used here; else bare records stand in for
them, with the members that the client declares.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tongmai.sync.content import load_content
from tongmai.sync.lineage import open_lineage

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("airflow")]

EXTRACTORS, EVENT, FACET = "airflow.providers.openlineage.extractors", "openlineage.client.event_v2", "openlineage.client.facet_v2"  # fmt: skip


def record(**members: Any) -> Callable[..., SimpleNamespace]:
    """A class with these members: ``...`` must be given, the others have a default. Unknown ones are refused."""

    def make(**given: Any) -> SimpleNamespace:
        assert set(given) <= set(members), set(given) - set(members)
        assert not [name for name, value in members.items() if value is ... and name not in given]
        return SimpleNamespace(**{**members, **given})

    return make


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("openlineage") is not None:
        return
    modules = {name: ModuleType(name) for name in (EXTRACTORS, EVENT, FACET)}
    modules[EXTRACTORS].OperatorLineage = record(inputs=[], outputs=[], run_facets={}, job_facets={})  # type: ignore[attr-defined]
    modules[EVENT].Dataset = record(namespace=..., name=..., facets={})  # type: ignore[attr-defined]
    modules[FACET].schema_dataset = SimpleNamespace(  # type: ignore[attr-defined]
        SchemaDatasetFacet=record(fields=...), SchemaDatasetFacetFields=record(name=..., type=None)
    )
    modules[FACET].column_lineage_dataset = SimpleNamespace(  # type: ignore[attr-defined]
        ColumnLineageDatasetFacet=record(fields=..., dataset=[]),
        Fields=record(inputFields=...),
        InputField=record(namespace=..., name=..., field=..., transformations=[]),
        Transformation=record(type=..., subtype=None, description=None),
    )
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    # so that the names above are found although the packages they lie in are not there
    for name in ("airflow.providers.openlineage", "openlineage", "openlineage.client"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))


def operator(sync: str) -> Any:
    from tongmai.on_airflow.operator import SyncOperator

    return SyncOperator(task_id=sync, sync=sync)


def plain(dataset: Any) -> dict[str, Any]:
    """A dataset as the design-time event of `tongmai lineage` has it, without the facets' own addresses."""
    facets = dataset.facets
    return {
        "namespace": dataset.namespace,
        "name": dataset.name,
        "schema": [one.name for one in facets["schema"].fields],
        "columns": {
            name: [
                (one.namespace, one.name, one.field, [(t.type, t.subtype, t.description) for t in one.transformations])
                for one in column.inputFields
            ]
            for name, column in facets["columnLineage"].fields.items()
        },
    }


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("sync", ["crm_customers", "crm_customers_back", "erp_orders"])
def test_a_task_tells_what_the_command_tells(sync: str) -> None:
    (event,) = [one for one in open_lineage(load_content(), "2026-01-01T00:00:00Z") if one["job"]["name"] == sync]
    told = operator(sync).get_openlineage_facets_on_complete(None)
    assert [{"namespace": one.namespace, "name": one.name} for one in told.inputs] == event["inputs"]
    (output,) = event["outputs"]
    facets = output.pop("facets")
    expected = {
        **output,
        "schema": [one["name"] for one in facets["schema"]["fields"]],
        "columns": {
            name: [
                (
                    one["namespace"], one["name"], one["field"],
                    [(t["type"], t["subtype"], t["description"]) for t in one["transformations"]],
                )
                for one in column["inputFields"]
            ]
            for name, column in facets["columnLineage"]["fields"].items()
        },
    }  # fmt: skip
    assert [plain(one) for one in told.outputs] == [expected]
    assert len(expected["columns"]) > 5


@pytest.mark.usefixtures("provider")
def test_a_dry_run_wrote_nothing(engine: Callable[..., list[Any]]) -> None:
    from tongmai.sync.report import SyncReport

    task = operator("crm_customers")
    for dry in (True, False):
        engine(SyncReport("crm_customers", "r"))
        context: Any = {"dag_run": SimpleNamespace(dag_id="crm_customers", run_id="1"), "params": {"dry_run": dry}}
        task.execute(context)
        told = task.get_openlineage_facets_on_complete(None)
        assert len(told.inputs) == 1
        assert len(told.outputs) == (0 if dry else 1)


@pytest.mark.usefixtures("provider")
def test_a_flow_tells_no_datasets() -> None:
    told = operator("order_to_cash").get_openlineage_facets_on_complete(None)
    assert (told.inputs, told.outputs) == ([], [])


def test_without_the_provider_there_is_nothing_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, EXTRACTORS, None)  # importing it fails, as where it is not installed
    assert operator("crm_customers").get_openlineage_facets_on_complete(None) is None
