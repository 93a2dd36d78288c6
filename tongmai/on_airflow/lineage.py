"""Column lineage of a sync's task in the OpenLineage provider's own classes. Nothing where the provider is not installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tongmai.sync.content import load_content
from tongmai.sync.lineage import Edge, Road, road


def operator_lineage(sync: str, *, rehearsed: bool) -> Any:
    """An ``OperatorLineage`` with what the sync reads and writes; None without the provider.

    A dry run wrote nothing, so it has no outputs. A flow has neither: it makes records by what people and systems answer,
    not by one mapping.
    """
    try:
        from airflow.providers.openlineage.extractors import OperatorLineage
        from openlineage.client.event_v2 import Dataset
    except ImportError:
        return None
    found = road(load_content(), sync)
    if found is None:
        return OperatorLineage()
    source, target = (Dataset(namespace=one[0], name=one[1]) for one in (found.source, found.target))
    if not rehearsed:
        target.facets = _facets(found)
    return OperatorLineage(inputs=[source], outputs=[] if rehearsed else [target])


def _facets(found: Road) -> dict[str, Any]:
    from openlineage.client.facet_v2 import column_lineage_dataset, schema_dataset

    fields = [schema_dataset.SchemaDatasetFacetFields(name=one.field) for one in found.edges]
    columns = {
        one.field: column_lineage_dataset.Fields(inputFields=_inputs(found.source, one))
        for one in found.edges
        if one.others
    }
    return {
        "schema": schema_dataset.SchemaDatasetFacet(fields=fields),
        "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(fields=columns),
    }


def _inputs(source: tuple[str, str], one: Edge) -> Sequence[Any]:
    from openlineage.client.facet_v2 import column_lineage_dataset

    return [
        column_lineage_dataset.InputField(
            namespace=source[0],
            name=source[1],
            field=name,
            transformations=[
                column_lineage_dataset.Transformation(type="DIRECT", subtype=one.subtype(name), description=one.rule)
            ],
        )
        for name in one.others
    ]
