"""What a rule about files is: its meaning, a wrong and a right example, how to mend it."""

from __future__ import annotations

from dataclasses import dataclass

from tongmai.core.text import Text


@dataclass(frozen=True, slots=True)
class FindingRule:
    """One code. ``wrong`` and ``right`` are cuttings of a file. ``replaces``: a suggestion stands for the marked text, so
    that an editor can put it there."""

    code: str
    meaning: Text
    wrong: str
    right: str
    mend: Text
    replaces: bool = True

    @property
    def area(self) -> str:
        """The kind of file."""
        return self.code.partition(".")[0]


class Rules:
    """The rules of one kind of file, in the order they are told."""

    def __init__(self, area: str) -> None:
        self.area = area
        self.found: list[FindingRule] = []

    def add(
        self, name: str, en: str, zh: str, wrong: str, right: str, mend_en: str, mend_zh: str, *, replaces: bool = True
    ) -> None:
        """Tell one."""
        self.found.append(
            FindingRule(
                f"{self.area}.{name}",
                Text(en, zh),
                wrong.strip("\n"),
                right.strip("\n"),
                Text(mend_en, mend_zh),
                replaces,
            )
        )

    def of_model(self, unknown: tuple[str, str], missing: tuple[str, str], bad: tuple[str, str]) -> None:
        """The three that every typed file has, each with its (wrong, right) example."""
        self.add(
            "unknown-key",
            "The file has a key that its kind does not know.",
            "文件中有该类文件不认识的键。",
            *unknown,
            "Correct the spelling; the allowed keys are listed in the message.",
            "请改正拼写；可用的键见提示。",
        )
        self.add(
            "missing-key",
            "A key that must be there is missing.",
            "缺少必须的键。",
            *missing,
            "Add it; what it means stands in the reference of files.",
            "请补上；含义见文件参考。",
        )
        self.add(
            "bad-value",
            "A value has the wrong type, or is none of the allowed ones.",
            "值的类型不对，或不在可用值之中。",
            *bad,
            "Write one of the values that the message lists.",
            "请写提示中列出的值之一。",
        )
