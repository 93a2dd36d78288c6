"""The seeded business data: repeatable, valid codes, the proportions its docstring promises."""

from __future__ import annotations

from collections import Counter

import pytest
from stdnum.cn import uscc

from connectors.testing.seed import generate
from connectors.testing.systems import simulator


def test_same_seed_same_data() -> None:
    assert generate(5, 300) == generate(5, 300)
    assert generate(5, 300) != generate(6, 300)


def test_codes_are_valid_and_names_unique() -> None:
    seed = generate(1, 2000)
    assert all(uscc.is_valid(company.code) for company in seed.companies)
    assert (
        len({company.code for company in seed.companies}) == len({company.name for company in seed.companies}) == 2000
    )


def _close(got: int, of: int, wanted: float) -> None:
    assert got / of == pytest.approx(wanted, abs=0.015)


def test_proportions() -> None:
    seed = generate(3, 10000)
    total = len(seed.companies)
    copies = Counter(view.copy for view in seed.crm)
    assert copies[0] == total
    _close(copies[1], total, 0.12)
    _close(copies[2], total, 0.03)
    _close(sum(not v.code for v in seed.crm if v.copy == 0), total, 0.15)
    _close(sum(not v.code for v in seed.crm if v.copy), copies[1] + copies[2], 0.60)
    _close(len(seed.erp), total, 0.30)
    _close(sum(not v.code for v in seed.erp), len(seed.erp), 0.20)
    _close(sum(v.name != v.company.name for v in seed.erp), len(seed.erp), 0.25)
    _close(sum(bool(c.head) for c in seed.companies), total, 0.03)
    assert all(v.name != v.company.name for v in seed.crm if v.copy)


def test_both_simulators_know_the_same_companies() -> None:
    crm = simulator("fxiaoke", seed=9, customers=200).state.truth["companies"]
    erp = simulator("kingdee", seed=9, customers=200).state.truth["companies"]
    assert len(crm) == 200 and set(erp) < set(crm)
    assert all(crm[number]["code"] == erp[number]["code"] for number in erp)
