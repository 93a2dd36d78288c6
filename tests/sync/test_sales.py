"""The public CRM data set, whole: the wanted result, and a second run that does nothing."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from tongmai.core.settings import product_root
from tongmai.sync.run import run_sync

DATA = Path(os.environ.get("CRM_SALES_DIR", product_root().parent / "shared" / "data" / "crm_sales_opportunities"))


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Path:
    if not (DATA / "sales_pipeline.csv").is_file():
        pytest.skip(f"the public data set is not at {DATA}; name its folder in CRM_SALES_DIR")
    monkeypatch.setenv("CRM_SALES_DIR", str(DATA))
    return DATA


def test_the_whole_set(data: Path, hub_url: str) -> None:
    report = run_sync("crm_sales_opportunities")
    assert report.ok
    assert report.inbound["quarantined"] == report.inbound["filtered"] == 0
    with psycopg.connect(hub_url) as hub:
        stages = dict(hub.execute("select stage, count(*) from golden.opportunity group by 1").fetchall())
        assert stages == {"signed": 4238, "lost": 2473, "following": 2089}
        assert hub.execute("select count(*) from golden.opportunity where customer_id is null").fetchone() == (1425,)
        found = hub.execute("select count(*) from hub.finding where code = 'expected-empty' and field = 'customer'")
        assert found.fetchone() == (1425,)
        assert hub.execute("select count(*) from hub.finding").fetchone() == (1425,)
        assert hub.execute("select count(*) from golden.opportunity where closed_on < opened_on").fetchone() == (0,)
        example = hub.execute(
            """select o.opened_on::text, o.closed_on::text from golden.opportunity o join hub.crosswalk c on c.entity_id = o.id
                where c.source_key = '5E14LG51'"""
        )
        assert example.fetchone() == ("2017-01-04", "2017-03-25")
        gtx = hub.execute(
            """select count(*), count(p.id) from golden.opportunity o join golden.product p on p.id = o.product_id
                where p.name = 'GTX Pro'"""
        ).fetchone()
        assert gtx == (1480, 1480)
        assert hub.execute("select count(*) from golden.product").fetchone() == (7,)
        parents = hub.execute(
            "select c.legal_name, p.legal_name from golden.customer c join golden.customer p on p.id = c.parent_id order by 1"
        ).fetchall()
        assert len(parents) == 15
        assert ("Codehow", "Acme Corporation") in parents
        before = hub.execute("select count(*), max(at) from hub.entity_version").fetchone()
    again = run_sync("crm_sales_opportunities")
    assert again.inbound["unchanged"] == again.inbound["read"] == 8927
    with psycopg.connect(hub_url) as hub:
        assert hub.execute("select count(*), max(at) from hub.entity_version").fetchone() == before
        assert hub.execute("select count(*) from hub.delivery").fetchone() == (0,)
