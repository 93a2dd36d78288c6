"""A few of the fuzzed manifests with every run of the tests; the rest by ``python -m tests.connectors.declared.fuzz``."""

from __future__ import annotations

from tests.connectors.declared.fuzz import run
from tongmai.core import yamlfile


def test_bad_manifests_give_findings_and_never_a_traceback() -> None:
    counts = run(150, seed=20261122)
    assert sum(counts.values()) == 150 and counts["refused"] > 75


def test_a_file_nested_without_end_is_a_finding() -> None:
    for depth in (100, 5000):
        (document,) = yamlfile.loads("a: " + "[" * depth + "]" * depth)
        assert [each.code for each in document.findings][:1] == ["yaml.too-deep"]
