"""The web application inside Airflow's API server: a few pages, read only, for whoever may see Airflow."""

from __future__ import annotations

import logging
import pathlib
import secrets
from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag, requires_access_view
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tongmai.core.codes import explain
from tongmai.core.errors import TongmaiError
from tongmai.core.text import display_path
from tongmai.sync.trace import NotFoundError
from tongmai.web import hub
from tongmai.web.language import choose
from tongmai.web.words import PHRASES

log = logging.getLogger(__name__)

Lang = Annotated[str | None, Query(max_length=20)]

router = APIRouter(dependencies=[Depends(requires_access_view(AccessView.WEBSITE))])
pages = Environment(
    loader=FileSystemLoader(pathlib.Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)
pages.globals["when"] = lambda moment: f"{moment:%Y-%m-%d %H:%M:%S} UTC"
pages.globals["place"] = lambda finding: f"{display_path(finding.mark.file)}:{finding.mark.line}:{finding.mark.column}"


@router.get("/", response_class=HTMLResponse)
def overview(request: Request, user: GetUserDep, lang: Lang = None) -> Response:
    """Every sync, its last run, what waits."""
    readable = get_auth_manager().get_authorized_dag_ids(user=user)
    return render(request, "overview.html", lang, depth=0, overview=hub.overview(readable))


@router.get("/quarantine", response_class=HTMLResponse)
def quarantine(request: Request, lang: Lang = None) -> Response:
    """Records that wait for a person."""
    return render(request, "quarantine.html", lang, depth=0, records=hub.quarantine(), limit=hub.QUARANTINE_ROWS)


@router.get("/flows", response_class=HTMLResponse)
def flows(request: Request, user: GetUserDep, lang: Lang = None) -> Response:
    """Flows, and how their instances stand."""
    readable = get_auth_manager().get_authorized_dag_ids(user=user)
    return render(request, "flows.html", lang, depth=0, flows=hub.flows(readable), limit=hub.INSTANCES)


@router.get("/flows/{key}", response_class=HTMLResponse)
def instance(
    request: Request, user: GetUserDep, key: Annotated[str, Path(max_length=200)], lang: Lang = None
) -> Response:
    """The story of one instance, by its id or a number minted in it."""
    readable = get_auth_manager().get_authorized_dag_ids(user=user)
    return render(request, "instance.html", lang, depth=1, one=hub.instance(key, readable))


@router.get(
    "/dags/{dag_id}/ledger",
    response_class=HTMLResponse,
    dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.RUN))],
)
def ledger(request: Request, dag_id: str, run: Annotated[str, Query(max_length=250)], lang: Lang = None) -> Response:
    """The ledger of one DAG run. A run id holds no space; an unescaped ``+`` in a link arrives as one."""
    from tongmai.sync.runs import load_report

    run_id = run.replace(" ", "+")
    report = load_report(f"{dag_id}/{run_id}")
    return render(
        request, "ledger.html", lang, depth=2, dag_id=dag_id, run_id=run_id, report=report, equations=hub.equations
    )


def render(
    request: Request, template: str, asked: str | None, *, depth: int, status: int = 200, **values: Any
) -> Response:
    """A whole page. ``depth``: how many folders below the first page it stands; links are relative, so a sub-path works."""
    lang = choose(asked, request.headers.get("accept-language", ""))
    nonce = secrets.token_urlsafe(16)
    page = pages.get_template(template).render(
        lang=lang,
        say={word: text.in_language(lang) for word, text in PHRASES.items()},
        meaning=lambda code: words.in_language(lang) if (words := explain(code)) else "",
        nonce=nonce,
        top="../" * depth or "./",
        keep=f"?lang={lang}" if asked else "",
        **values,
    )
    headers = {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
        ),
        "Content-Language": "zh-CN" if lang == "zh" else "en",
        "Cache-Control": "no-store",
        "Vary": "Accept-Language, Cookie",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    return HTMLResponse(page, status_code=status, headers=headers)


app = FastAPI(title="Tongmai", docs_url=None, redoc_url=None, openapi_url=None)
app.include_router(router)


@app.exception_handler(TongmaiError)
def trouble(request: Request, error: TongmaiError) -> Response:
    """What failed, why and what next, as a page."""
    log.warning("page %s: %s", request.url.path, error)
    depth = 2 if "/dags/" in request.url.path else 1 if "/flows/" in request.url.path else 0
    status = 404 if isinstance(error, NotFoundError) else 503
    return render(request, "trouble.html", request.query_params.get("lang"), depth=depth, status=status, error=error)
