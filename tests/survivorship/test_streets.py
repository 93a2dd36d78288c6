"""Streets that are called after cities."""

from __future__ import annotations

import pytest

from masterdata.normal.places import levels


@pytest.mark.parametrize("text", ["中山路18号", "南京西路1038号", "北京东一路2号", "上海路5号", "四川大道1号"])
def test_a_street_called_after_a_city_is_not_in_that_city(text: str) -> None:
    assert levels(text) == ("", "", "", text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("上海南京西路1038号", ("上海市", "上海市", "", "南京西路1038号")),
        ("南京市中山路18号", ("江苏省", "南京市", "", "中山路18号")),
        ("中山市中山路18号", ("广东省", "中山市", "", "中山路18号")),
        ("江苏苏州人民路1号", ("江苏省", "苏州市", "", "人民路1号")),
    ],
)
def test_a_place_before_a_street_is_read(text: str, wanted: tuple[str, str, str, str]) -> None:
    assert levels(text) == wanted
