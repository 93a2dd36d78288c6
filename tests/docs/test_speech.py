"""What the command line's library says stands in the reader's language too."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import subprocess
import sys

import pytest

from tongmai.cli.speech import _MODULES, CHINESE
from tongmai.core.text import width

CASES = {
    "review merge --help": ("用法:", "选项:", "[必填]", "显示本说明。", "[默认：customer]"),
    "review --help": ("命令:",),
    "review merge a": ("错误：缺少选项 '--why'", "用法见 `"),
    "review lisst": ("没有命令 'lisst'", "是不是 'list'？"),
    "review list --limt 3": ("没有选项 '--limt'",),
    "match explain": ("错误：缺少参数 'ONE'",),
    "match --in nowhere.csv": ("'--in' 的取值不对", "文件 'nowhere.csv' 不存在"),
    "match --at never": ("不在可选值之中：'likely', 'merge'",),
    "quality run --min 200": ("不在范围 0<=x<=100 内",),
    "match --help": ("--in 文件",),
}
SCRIPT = """
import json, sys
from click.testing import CliRunner
from tongmai.cli.main import cli
print(json.dumps({line: CliRunner().invoke(cli, line.split()).output for line in json.load(sys.stdin)}))
"""


def _said(language: str) -> dict[str, str]:
    """What each command says in a process of its own: commands keep the words of the language that they were read in."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps(list(CASES)),
        env={**os.environ, "TONGMAI_LANG": language},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def chinese() -> dict[str, str]:
    return _said("zh")


def _texts() -> set[str]:
    """Every text that the library hands to be translated."""
    found = set()
    for module in _MODULES:
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "ngettext"):
                found |= {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
    return {each for each in found if isinstance(each, str)}


def test_every_text_of_ours_is_one_of_theirs_and_keeps_its_holes() -> None:
    assert not CHINESE.keys() - _texts()
    hole = re.compile(r"\{.*?\}")
    assert all(sorted(hole.findall(en)) == sorted(hole.findall(zh)) for en, zh in CHINESE.items())


def test_a_chinese_reader_meets_no_english(chinese: dict[str, str]) -> None:
    for line, says in CASES.items():
        for each in says:
            assert each in chinese[line], chinese[line]


def test_an_english_reader_meets_no_chinese() -> None:
    for line, said in _said("en").items():
        assert not re.search("[\u4e00-\u9fff]", said), f"{line}: {said}"


def test_columns_stand_where_chinese_takes_two_places(chinese: dict[str, str]) -> None:
    rows = [re.fullmatch(r"(  --\S+ \S+ +)\S.*", line) for line in chinese["match --help"].splitlines()]
    found = {width(row[1]) for row in rows if row}
    assert len(found) == 1 and found.pop() < 40
