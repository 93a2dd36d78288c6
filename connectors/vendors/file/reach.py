"""Open the file system of a connection. A host whose key is not known is never talked to."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.vendors.file.place import Place
from tongmai.core.errors import AuthenticationError, ConfigurationError, RetryableError


def open_place(name: str, settings: Mapping[str, Any]) -> Place:
    """The folder that the settings name."""
    protocol = settings["protocol"]
    needed = {"local": ("path",), "sftp": ("host", "folder", "user"), "s3": ("folder",), "webdav": ("endpoint_url",)}
    missing = [one for one in needed[protocol] if not settings[one]]
    if protocol == "sftp" and not (settings["known_hosts"] or settings["host_fingerprint"]):
        missing.append("known_hosts` or `host_fingerprint")
    if missing:
        raise ConfigurationError(
            f"connection `{name}`",
            f"`{'`, `'.join(missing)}` is missing (protocol {protocol})",
            "give it in connections.yaml",
            code="file-settings",
        )
    what, limit = f"connection `{name}`", int(settings["max_file_bytes"])
    if protocol == "local":
        from fsspec.implementations.local import LocalFileSystem

        return Place(what, LocalFileSystem(), str(settings["path"]), local=True, limit=limit)
    open_it = {"sftp": _sftp, "s3": _s3, "webdav": _webdav}[protocol]
    return Place(what, open_it(what, settings), settings["folder"] or "", local=False, limit=limit)


def _sftp(what: str, settings: Mapping[str, Any]) -> Any:
    import paramiko
    from fsspec.implementations.sftp import SFTPFileSystem

    arguments: dict[str, Any] = {
        "port": int(settings["port"] or 22),
        "username": settings["user"],
        "password": settings["password"],
        "timeout": int(settings["timeout"]),
        "banner_timeout": int(settings["timeout"]),
        "auth_timeout": int(settings["timeout"]),
        "allow_agent": False,
        "look_for_keys": False,
        "host_key_policy": _known_only(what, settings),
        "skip_instance_cache": True,
    }
    if settings["private_key"]:
        arguments["pkey"] = _private_key(what, settings["private_key"])
    try:
        files = SFTPFileSystem(
            settings["host"], **{key: value for key, value in arguments.items() if value is not None}
        )
    except paramiko.AuthenticationException:
        raise AuthenticationError(what, "the SFTP server refused user and password or key", "check them") from None
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise RetryableError(
            what, f"SFTP {settings['host']}: {type(error).__name__}: {error}", "it is tried again", code="unreachable"
        ) from None
    files.ftp.get_channel().settimeout(int(settings["timeout"]))
    return files


def _known_only(what: str, settings: Mapping[str, Any]) -> Any:
    """Accepts the key in ``known_hosts`` or of the given fingerprint; an unknown or another key ends it."""
    import paramiko

    known = paramiko.HostKeys()
    if settings["known_hosts"]:
        if not Path(settings["known_hosts"]).is_file():
            raise ConfigurationError(
                what, f"known_hosts: there is no file {settings['known_hosts']}", "ssh-keyscan it", code="file-settings"
            )
        known.load(settings["known_hosts"])

    class KnownOnly(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]
        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
            wanted = str(settings["host_fingerprint"] or "").removeprefix("SHA256:").rstrip("=")
            if (wanted and wanted == digest) or (settings["known_hosts"] and known.check(hostname, key)):
                return
            raise AuthenticationError(
                what,
                f"the key of {hostname} is {key.get_name()} SHA256:{digest}, which is not the known one",
                "ask the server's owner; if it is right, put it into known_hosts or host_fingerprint",
                code="host-key",
            )

    return KnownOnly()


def _private_key(what: str, text: str) -> Any:
    import paramiko

    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text))
        except paramiko.SSHException:
            continue  # a key of another kind
    raise ConfigurationError(
        what, "private_key is no Ed25519, ECDSA or RSA key in PEM form without passphrase", code="file-settings"
    )


def _s3(what: str, settings: Mapping[str, Any]) -> Any:
    from s3fs import S3FileSystem

    client: dict[str, Any] = {"region_name": settings["region"]} if settings["region"] else {}
    timeout = int(settings["timeout"])
    return S3FileSystem(
        key=settings["user"],
        secret=settings["password"],
        endpoint_url=settings["endpoint_url"],
        client_kwargs=client,
        config_kwargs={"connect_timeout": timeout, "read_timeout": timeout, "retries": {"max_attempts": 3}},
        use_listings_cache=False,
        skip_instance_cache=True,
    )


def _webdav(what: str, settings: Mapping[str, Any]) -> Any:
    from webdav4.fsspec import WebdavFileSystem

    login = (settings["user"], settings["password"] or "") if settings["user"] else None
    return WebdavFileSystem(
        settings["endpoint_url"],
        auth=login,
        timeout=int(settings["timeout"]),
        skip_instance_cache=True,
    )
