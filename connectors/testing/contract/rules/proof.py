"""Who else says that the simulator is like the system."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from connectors.testing.contract.quality import independent_client
from connectors.testing.contract.rule import rule
from connectors.testing.contract.stand import Stand
from tongmai.core.settings import product_root
from tongmai.core.text import Text


@rule(
    "proof.client",
    "platinum",
    Text(
        "A client that others wrote for the system works against the simulator", "他人为该系统编写的客户端可用于模拟器"
    ),
    Text(
        "A simulator and a connector of the same author share their errors.",
        "同一作者写的模拟器和连接器会有同样的误解。",
    ),
    needs_system=False,
)
def client(stand: Stand) -> Iterator[Text]:
    named = independent_client(stand.folder)
    if named is None:
        yield Text(
            "quality.yaml names no `independent_client` (package, module, test)",
            "quality.yaml 没有写 `independent_client`（package、module、test）",
        )
        return
    roots = (stand.folder.parent.parent, product_root())
    file = next((root / named.test for root in roots if (root / named.test).is_file()), None)
    if file is None:
        yield Text(f"there is no test {named.test}", f"没有测试 {named.test}")
        return
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    }
    if not any(name == named.module or name.startswith(named.module + ".") for name in imported):
        yield Text(f"{named.test} does not import `{named.module}`", f"{named.test} 没有导入 `{named.module}`")
    if not any(isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in ast.walk(tree)):
        yield Text(f"{named.test} has no test", f"{named.test} 中没有测试")
