"""The secrets of this installation, made once under ``$TONGMAI_HOME/keys``, and the environment every process needs."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from tongmai.core.errors import ConfigurationError
from tongmai.core.settings import home, product_root, site_roots
from tongmai.stack.state import folder, lock, made_once

USER = "admin"
DATABASE_VARIABLE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
SECRETS = {
    "AIRFLOW__CORE__FERNET_KEY": "fernet-key",
    "AIRFLOW__API_AUTH__JWT_SECRET": "jwt-secret",
    "AIRFLOW__API__SECRET_KEY": "api-secret-key",
}


def make_keys() -> None:
    """Make what is missing; what is there stays as it is."""
    with lock("keys"):
        for variable, name in SECRETS.items():
            if not os.environ.get(variable):
                made_once(folder("keys") / name, _fernet if name == "fernet-key" else _secret)
        made_once(password_file(), lambda: json.dumps({USER: secrets.token_urlsafe(18)}))


def password_file() -> Path:
    """Where the password of the UI's first user is; a JSON object ``{user: password}``."""
    return home() / "keys" / "ui-passwords.json"


def ui_password() -> str:
    """The password of the UI's first user."""
    password = json.loads(password_file().read_text(encoding="utf-8"))[USER]
    assert isinstance(password, str)
    return password


def needs_postgres() -> bool:
    """Whether the hub or Airflow lives on the embedded server; false when both have a URL of their own."""
    return not (os.environ.get("TONGMAI_DATABASE_URL") and os.environ.get(DATABASE_VARIABLE))


def environment() -> dict[str, str]:
    """What Airflow and ``tongmai`` need to know, equal for every process.

    A secret, the database, the users or the log folder that the caller's environment names already win; where the
    product lies is ours to say.
    """
    make_keys()
    root, logs = product_root(), folder("logs")
    variables = {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(password_file()),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(logs),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(logs / "dag_processor"),
        **{name: value for name, value in os.environ.items() if name.startswith("TONGMAI_")},
    }
    variables |= {name: os.environ[name] for name in variables if os.environ.get(name)}
    for name, file in SECRETS.items():
        variables[name] = os.environ.get(name) or (folder("keys") / file).read_text(encoding="utf-8").strip()
    variables[DATABASE_VARIABLE] = os.environ.get(DATABASE_VARIABLE) or _airflow_url()
    return {
        **variables,
        "AIRFLOW_HOME": str(root),
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
        "TONGMAI_HOME": str(home()),
        # Services run in the state folder: a relative site folder would mean another one there.
        **({"TONGMAI_PATH": os.pathsep.join(map(str, roots))} if (roots := site_roots()) else {}),
        "NO_PROXY": _no_proxy(),
        "no_proxy": _no_proxy(),
    }


def _airflow_url() -> str:
    try:
        return (home() / "postgres" / "airflow-url").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise ConfigurationError(
            "Airflow's database",
            f"{DATABASE_VARIABLE} is not set and no embedded server has been started here",
            "run `tongmai up --only postgres` first",
            code="no-database",
        ) from None


def _no_proxy() -> str:
    """Tasks talk to the API server on this host; a proxy in between would break that."""
    words = [word for word in os.environ.get("NO_PROXY", os.environ.get("no_proxy", "")).split(",") if word]
    return ",".join([*words, *(word for word in ("127.0.0.1", "localhost") if word not in words)])


def _secret() -> str:
    return secrets.token_urlsafe(64)  # 86 characters; HS512 wants 64 bytes or more


def _fernet() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()
