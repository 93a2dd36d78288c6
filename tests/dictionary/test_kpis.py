"""KPIs count real rows; mistakes in their files are found where they stand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.dictionary.conftest import Golden
from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content


def test_the_products_kpis_count_real_rows(golden: Golden) -> None:
    deals = [
        ("a", "signed", "2026-01-01", "2026-01-11", 100),
        ("b", "signed", "2026-01-01", "2026-01-31", 300),
        ("c", "lost", "2026-01-01", "2026-01-20", 500),
        ("d", "lost", "2026-02-01", "2026-02-20", None),
        ("e", "following", "2026-02-01", None, 70),
    ]
    for name, stage, opened, closed, amount in deals:
        golden.put("opportunity", name, stage=stage, opened_on=opened, closed_on=closed, amount=amount)
    golden.put("opportunity", "off", stage="signed", closed_on="2026-01-05", amount=1, status="inactive")
    month = "select period, value, records from bi.kpi_{} order by 1"
    assert golden.rows(month.format("win_rate")) == [
        (date(2026, 1, 1), pytest.approx(Decimal(2) / 3), 3),
        (date(2026, 2, 1), 0, 1),
    ]
    assert golden.rows(month.format("average_sales_cycle")) == [(date(2026, 1, 1), 20, 2)]
    assert golden.rows("select value from bi.kpi_average_deal") == [(200,)]
    assert golden.rows("select stage, value from bi.kpi_open_pipeline") == [("following", 70)]


def test_overdue_receivables_and_forecast_accuracy(golden: Golden) -> None:
    golden.put("customer", "c", legal_name="甲")
    late, early = date.today() - timedelta(days=40), date.today() + timedelta(days=40)
    for name, due, amount, still in (
        ("r1", late, 100, None),
        ("r2", late, 100, 30),
        ("r3", late, 9, 0),
        ("r4", early, 7, 7),
    ):
        golden.put("receivable", name, number=name, customer_id="c", due_on=due, amount=amount, open_amount=still)
    assert golden.rows("select value, records from bi.kpi_receivables_overdue") == [(130, 2)]
    for name, amount, actual in (("f1", 80, 100), ("f2", 130, 100), ("f3", 50, None)):
        golden.put("forecast", name, number=name, period_from="2026-03-01", amount=amount, actual_amount=actual)
    assert golden.rows("select value from bi.kpi_forecast_accuracy") == [(Decimal("0.75"),)]


def test_every_kpi_is_listed_with_its_view(golden: Golden) -> None:
    listed = golden.rows("select kpi, view, owner from bi.kpi order by 1")
    assert {"win_rate", "average_sales_cycle", "receivables_overdue", "forecast_accuracy"} <= {row[0] for row in listed}
    for _, view, owner in listed:
        assert owner and golden.rows(f"select count(*) from {view}")


GOOD = """kpi: late
label: {zh: 迟, en: Late}
of: opportunity
measure: {count: stage == "lost"}
owner: {zh: 甲, en: A}
"""


WRONG = [
    (GOOD.replace("of: opportunity", "of: oportunity"), "kpi.unknown-entity", (3, 5), "opportunity"),
    (GOOD.replace('"lost"', '"lots"'), "mapping.unknown-term", (4, 27), "lost"),
    (GOOD.replace("stage ==", "stag =="), "mapping.unknown-field", (4, 18), "stage"),
    (GOOD + "by: {of: closed, per: month}\n", "kpi.unknown-field", (6, 10), "closed_on"),
    (GOOD.replace("count:", "average:"), "mapping.not-in-sql", (4, 20), ""),
    (GOOD.replace('stage == "lost"', 'name | upper == "A"'), "mapping.not-in-sql", (4, 18), ""),
    (GOOD.replace("count:", "cuont:"), "kpi.unknown-key", (4, 11), "count"),
    (GOOD + "unit: euro\n", "kpi.bad-value", (6, 7), ""),
    (GOOD.replace("kpi: late", "kpi: lat"), "kpi.name", (1, 6), "late"),
]


def test_mistakes_are_found_where_they_stand(site: Path) -> None:
    (site / "kpis").mkdir()
    for number, (text, *_) in enumerate([(GOOD,), *WRONG]):
        stem = f"late{number}"
        own = text.replace("kpi: late\n", f"kpi: {stem}\n")
        (site / "kpis" / f"{stem}.yaml").write_text(own)
    found = [f for f in check_content(load_content()) if "kpis" in f.mark.file]
    assert not [f for f in found if f.mark.file.endswith("late0.yaml")]
    for number, (_, code, place, suggestion) in enumerate(WRONG, 1):
        own = [f for f in found if f.mark.file.endswith(f"late{number}.yaml") and f.code == code]
        better = suggestion.replace("late", f"late{number}")
        assert own and (own[0].mark.line, own[0].mark.column, own[0].suggestion) == (*place, better), number


def test_a_site_replaces_a_kpi_only_when_it_says_so(site: Path) -> None:
    (site / "kpis").mkdir()
    text = GOOD.replace("kpi: late", "kpi: win_rate")
    (site / "kpis" / "win_rate.yaml").write_text(text)
    assert [f.code for f in check_content(load_content())] == ["kpi.exists"]
    (site / "kpis" / "win_rate.yaml").write_text(text + "replaces: true\n")
    content = load_content()
    assert check_content(content) == [] and "lost" in content.kpi_queries["win_rate"]
