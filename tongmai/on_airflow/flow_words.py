"""What people read about a flow in Airflow: its page."""

from __future__ import annotations

from pathlib import Path

from tongmai.flows.spec import Flow, Step
from tongmai.on_airflow.words import place, promised, schedule
from tongmai.sync.guarantee import Promise


def page(name: str, flow: Flow, file: Path, found: Promise | None = None) -> str:
    """The DAG's documentation page, Chinese first, then English."""
    return "\n\n".join([_page(name, flow, file, "zh", found), "---", _page(name, flow, file, "en", found)])


def _page(name: str, flow: Flow, file: Path, lang: str, found: Promise | None) -> str:
    zh = lang == "zh"
    colon = "：" if zh else ": "
    lines = [f"### {(flow.label.zh if zh else flow.label.en) if flow.label else name}"]
    if flow.doc:
        lines.append(flow.doc.zh if zh else flow.doc.en)
    facts = [("触发" if zh else "Starts when", f"`{flow.trigger}`")]
    if flow.cancel:
        facts.append(("撤销条件" if zh else "Called off when", f"`{flow.cancel}`"))
    facts += [
        ("保证" if zh else "Guarantee", promised(flow.guarantee, found, lang)),
        ("调度" if zh else "Schedule", schedule(flow.every, lang)),
        ("文件" if zh else "File", f"`{place(file)}`"),
    ]
    lines.append("\n".join(f"- **{left}**{colon}{right}" for left, right in facts))
    lines.append("**步骤**：" if zh else "**Steps**:")
    lines.append("\n".join(f"{number}. {_step(flow, step, lang)}" for number, step in enumerate(flow.steps, 1)))
    lines.append(
        "每次运行推进所有可前进的实例；`tongmai flow list` 列出实例，`tongmai flow show 号码` 查看一个实例的经过。"
        if zh
        else "A run moves every instance on that can go; `tongmai flow list` lists them, `tongmai flow show NUMBER` tells one's story."
    )
    return "\n\n".join(lines)


def _step(flow: Flow, step: Step, lang: str) -> str:
    zh = lang == "zh"
    about = step.of or flow.entity
    words = {
        "mint": (f"生成号码 `{step.mint}`，格式 `{step.format}`", f"mint the number `{step.mint}` as `{step.format}`"),
        "create": (f"按映射 `{step.map}` 建立 `{step.create}`", f"create a `{step.create}` through `{step.map}`"),
        "write": (f"等待同步 `{step.write}` 写入", f"wait until the sync `{step.write}` has written it"),
        "wait": (f"等待 `{about}` 满足 `{step.wait}`", f"wait until `{about}` has `{step.wait}`"),
    }[step.kind]
    text = words[0] if zh else words[1]
    if step.within:
        span = schedule(step.within, lang).removeprefix("每 ").removeprefix("every ")
        text += f"（期限 {span}）" if zh else f" (within {span})"
    return text
