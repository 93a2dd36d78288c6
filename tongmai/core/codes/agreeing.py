"""Codes of the dictionary: steps that it does not allow, and changes by proposal and approval."""

from __future__ import annotations

from tongmai.core.text import Text

CODES = {
    "term-retired": Text(
        "The record took a term that is retired. Correct it in its system, or give that system's value to a term that is in use.",
        "记录取了已停用的词条。请在来源系统改正，或把该取值对应到在用的词条。",
    ),
    "term-not-allowed": Text(
        "A record went from one term to another that may not follow it. Set it right in the source, or propose that the step be "
        "allowed.",
        "记录的取值转到了不允许接续的词条。请在来源中改正，或提议允许该步骤。",
    ),
    "term-entered-early": Text(
        "What must be true to enter the term does not hold yet. Fill in what the criterion asks for.",
        "尚不满足进入该词条的条件。请补齐条件所需的内容。",
    ),
    "term-left-early": Text(
        "What must be true to leave the term does not hold yet. Fill in what the criterion asks for.",
        "尚不满足离开该词条的条件。请补齐条件所需的内容。",
    ),
    "bad-proposal": Text("The proposal has mistakes; each is listed with its place.", "提议有错误；每处均已列出。"),
    "proposal-breaks": Text(
        "With the proposal the files would have mistakes, as a system without a value for the new term. Say under `values` what "
        "each system gives and takes, or `refused`.",
        "该提议会造成错误，例如某系统没有新词条的取值。请在 `values` 中写明各系统的取值，或 `refused`。",
    ),
    "proposal-open": Text(
        "Another proposal for the same term is open. Decide it first: `tongmai dictionary list`.",
        "同一词条已有未决的提议。请先处理：`tongmai dictionary list`。",
    ),
    "proposal-decided": Text(
        "The proposal was approved or rejected before. Propose anew.", "该提议已批准或已驳回。请重新提议。"
    ),
    "no-proposal": Text(
        "There is no proposal of this number. `tongmai dictionary list --all`.",
        "没有该编号的提议。`tongmai dictionary list --all`。",
    ),
    "term-file-exists": Text(
        "The site folder has another file for this term. Merge the proposal's text into it by hand.",
        "站点目录中已有该词条的另一个文件。请手工合并提议的内容。",
    ),
    "view-in-use": Text(
        "A view of the schema `bi` gets other columns, and something of yours is built upon it. Drop that, run again, make it anew.",
        "`bi` 中的视图列有变化，而有对象依赖它。请先删除该对象，再次运行后重建。",
    ),
    "view-name-taken": Text(
        "A view of the schema `bi` cannot have its name: another view is called so, or something of yours. Rename one of them.",
        "`bi` 中的视图名已被占用：另一视图或您自建的对象使用了该名称。请将其中之一改名。",
    ),
}
