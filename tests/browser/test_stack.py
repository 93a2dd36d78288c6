"""The whole way of a newcomer: `tongmai up`, log in, see the DAG and its page, trigger it, read the ledger, `tongmai down`.

With TONGMAI_SCREENSHOTS=<folder> the pictures of the documentation are made on the way.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tongmai.stack.ports import free_port

pytestmark = [pytest.mark.browser, pytest.mark.airflow]

DAG = "crm_sales_opportunities"
FILES = {
    "accounts.csv": """\
account,sector,year_established,revenue,employees,office_location,subsidiary_of
Acme Corporation,technolgy,1996,1100.04,2822,United States,
Bluth Company,technolgy,1993,1242.32,3027,United States,Acme Corporation
""",
    "products.csv": """\
product,series,sales_price
GTX Basic,GTX,550
""",
    "sales_teams.csv": """\
sales_agent,manager,regional_office
Anna Snelling,Dustin Brinkmann,Central
""",
    "sales_pipeline.csv": """\
opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
1C1I7A6R,Anna Snelling,GTX Basic,Acme Corporation,Won,10/20/2016,03-01-17,1054
Z063OYW0,Anna Snelling,GTX Basic,Bluth Company,Dreaming,10/25/2016,,
""",
}


@dataclass
class Stack:
    """What `tongmai up --json` said, and how to call the command again."""

    url: str
    user: str
    password: str
    home: Path
    call: Callable[..., subprocess.CompletedProcess[str]]

    def get(self, path: str) -> Any:
        answer = requests.get(f"{self.url}/api/v2/{path}", headers=self._headers(), timeout=30)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = requests.post(f"{self.url}/api/v2/{path}", json=body, headers=self._headers(), timeout=30)
        answer.raise_for_status()
        return answer.json()

    def _headers(self) -> dict[str, str]:
        login = {"username": self.user, "password": self.password}
        answer = requests.post(f"{self.url}/auth/token", json=login, timeout=30)
        answer.raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def until(condition: Callable[[], Any], what: str, seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"in {seconds:.0f} s: {what}"
        time.sleep(0.3)
    return found


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    outer = Path(tempfile.mkdtemp(prefix="tm-"))
    if os.geteuid() == 0:
        outer.chmod(0o711)
    data, site = outer / "data", outer / "site" / "syncs"
    data.mkdir()
    site.mkdir(parents=True)
    for name, text in FILES.items():
        (data / name).write_text(text, encoding="utf-8")
    (site / "broken.yaml").write_text(
        "sync: broken\nread: {connection: crm_sales, stream: accounts}\nmapp: x\n", encoding="utf-8"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "TONGMAI_"))}
    environment |= {"TONGMAI_HOME": str(outer / "h"), "CRM_SALES_DIR": str(data), "TONGMAI_PATH": str(outer / "site")}
    environment |= {"TONGMAI_LANG": "en"}

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [Path(sys.executable).with_name("tongmai"), *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    try:
        said = call("up", "--json", "--port", str(free_port()))
        assert said.returncode == 0, said.stderr
        line = json.loads(said.stdout)
        password = json.loads(Path(line["password_file"]).read_text())[line["user"]]
        yield Stack(line["url"], line["user"], password, outer / "h", call)
    finally:
        call("down")
        shutil.rmtree(outer)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


def logged_in(browser: Browser, stack: Stack, locale: str, scheme: Any = "light") -> Page:
    context = browser.new_context(locale=locale, color_scheme=scheme, viewport={"width": 1360, "height": 860})
    page = context.new_page()
    page.goto(f"{stack.url}/auth/login")
    page.fill("input[name=username]", stack.user)
    page.fill("input[name=password]", stack.password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/auth/" not in url)
    return page


def picture(page: Page, name: str) -> None:
    folder = os.environ.get("TONGMAI_SCREENSHOTS", "")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(1000)  # for the eye only: the shell's own animations
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_from_up_to_down(needs_program: Callable[[str], str], request: pytest.FixtureRequest) -> None:
    needs_program("chromium")
    stack: Stack = request.getfixturevalue("stack")
    browser: Browser = request.getfixturevalue("browser")
    errors = until(lambda: stack.get("importErrors")["import_errors"], "the broken file shows as an import error")
    assert [error["filename"] for error in errors] == ["tongmai_mistakes.py"]
    assert "broken.yaml:3:1" in errors[0]["stack_trace"]

    until(lambda: DAG in {dag["dag_id"] for dag in stack.get("dags?limit=200")["dags"]}, f"DAG {DAG} is known")
    run = stack.post(f"dags/{DAG}/dagRuns", {"logical_date": None, "conf": {}})["dag_run_id"]
    state = until(
        lambda: (found := stack.get(f"dags/{DAG}/dagRuns/{run}")["state"]) in ("success", "failed") and found,
        "the run ends",
        150,
    )
    assert state == "success"

    chinese = logged_in(browser, stack, "zh-CN")
    chinese.goto(f"{stack.url}/dags/{DAG}")
    chinese.get_by_role("button", name="Dag 文档").click()
    expect(chinese.get_by_text("怎么看账目").first).to_be_visible()
    expect(chinese.get_by_text("How to read the ledger").first).to_be_attached()
    picture(chinese, "dag-zh")
    chinese.goto(f"{stack.url}/dags/{DAG}/runs/{run}/plugin/tongmai_ledger")
    inside = chinese.frame_locator("iframe")
    expect(inside.get_by_text("账目平衡：每条记录都有去处。").first).to_be_visible()
    expect(inside.locator("tr.whole").first).to_contain_text("6")
    expect(inside.locator("tr", has_text="进入隔离区").first).to_contain_text("1")
    picture(chinese, "ledger-zh")
    chinese.goto(f"{stack.url}/plugin/tongmai")
    inside = chinese.frame_locator("iframe")
    row = inside.locator("tr", has=inside.get_by_role("link", name="crm_sales_accounts"))
    expect(row).to_contain_text("平衡")
    expect(inside.get_by_text("broken.yaml:3:1")).to_be_visible()
    picture(chinese, "overview-zh")
    inside.get_by_role("link", name="隔离区", exact=True).click()
    expect(inside.get_by_text("Dreaming").first).to_be_visible()
    picture(chinese, "quarantine-zh")
    chinese.go_back()
    inside.get_by_role("link", name="crm_sales_accounts").click()
    chinese.wait_for_url(f"{stack.url}/dags/crm_sales_accounts*")

    english = logged_in(browser, stack, "en-US", "dark")
    english.goto(f"{stack.url}/plugin/tongmai")
    expect(english.frame_locator("iframe").get_by_text("Last run")).to_be_visible()
    picture(english, "overview-en-dark")

    _kill_the_scheduler(stack)

    ours = [process for process in psutil.process_iter() if _belongs(process, stack.home)]
    assert len(ours) >= 4
    down = stack.call("down", "--json")
    assert down.returncode == 0, down.stderr
    assert set(json.loads(down.stdout)["stopped"]) == {
        "api-server",
        "scheduler",
        "dag-processor",
        "triggerer",
        "postgres",
    }
    assert not [process for process in ours if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def _kill_the_scheduler(stack: Stack) -> None:
    """A second `up` brings back what has died, on the same port, and leaves the rest alone."""
    pids = {name: _pid(stack, name) for name in ("scheduler", "api-server")}
    os.kill(pids["scheduler"], signal.SIGKILL)
    again = stack.call("up", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["url"] == stack.url
    assert _pid(stack, "scheduler") != pids["scheduler"]
    assert _pid(stack, "api-server") == pids["api-server"]


def _pid(stack: Stack, name: str) -> int:
    return int(json.loads((stack.home / "services" / f"{name}.json").read_text())["pid"])


def _belongs(process: psutil.Process, home: Path) -> bool:
    try:
        return process.environ().get("TONGMAI_HOME") == str(home)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
