"""Real servers of files on loopback: SFTP by paramiko, S3 by moto, WebDAV by wsgidav."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko

PASSWORD = "p-geheim-1"


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == ("hub", PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password"


class _Handle(paramiko.SFTPHandle):
    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


def _said(error: OSError) -> int:
    return paramiko.SFTPServer.convert_errno(error.errno)


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: Any, root: Path) -> None:
        super().__init__(server)
        self._root = root

    def _real(self, path: str) -> Path:
        return Path(str(self._root) + self.canonicalize(path))

    def list_folder(self, path: str) -> Any:
        try:
            return [paramiko.SFTPAttributes.from_stat(one.stat(), one.name) for one in self._real(path).iterdir()]
        except OSError as error:
            return _said(error)

    def stat(self, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(self._real(path).stat())
        except OSError as error:
            return _said(error)

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        mode = "r+b" if flags & os.O_RDWR else "wb" if flags & os.O_WRONLY else "rb"
        try:
            file = os.fdopen(os.open(self._real(path), flags, 0o666), mode)
        except OSError as error:
            return _said(error)
        handle = _Handle(flags)
        handle.readfile = handle.writefile = file
        return handle

    def remove(self, path: str) -> int:
        return self._done(self._real(path).unlink)

    def rename(self, oldpath: str, newpath: str) -> int:
        if self._real(newpath).exists():
            return int(paramiko.SFTP_FAILURE)
        return self.posix_rename(oldpath, newpath)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return self._done(lambda: self._real(oldpath).replace(self._real(newpath)))

    def mkdir(self, path: str, attr: Any) -> int:
        return self._done(self._real(path).mkdir)

    def chattr(self, path: str, attr: Any) -> int:
        return int(paramiko.SFTP_OK)

    @staticmethod
    def _done(act: Any) -> int:
        try:
            act()
        except OSError as error:
            return _said(error)
        return int(paramiko.SFTP_OK)


@contextmanager
def sftp(root: Path) -> Iterator[dict[str, Any]]:
    """An SFTP server over a folder; gives the settings to reach it, its fingerprint too."""
    key = paramiko.RSAKey.generate(2048)
    listener = socket.create_server(("127.0.0.1", 0))
    transports: list[paramiko.Transport] = []

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return  # the test is over
            transport = paramiko.Transport(line)
            transports.append(transport)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, root)
            try:
                transport.start_server(server=_Login())
            except (paramiko.SSHException, EOFError):
                continue  # the client did not like our key

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    try:
        yield {
            "protocol": "sftp", "host": "127.0.0.1", "port": listener.getsockname()[1], "folder": "/",
            "user": "hub", "password": PASSWORD, "host_fingerprint": f"SHA256:{digest}",
            "line": f"[127.0.0.1]:{listener.getsockname()[1]} {key.get_name()} {key.get_base64()}\n",
        }  # fmt: skip
    finally:
        listener.close()
        for transport in transports:
            transport.close()


@contextmanager
def s3(bucket: str) -> Iterator[dict[str, Any]]:
    """An S3 server with one bucket."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id="hub", aws_secret_access_key=PASSWORD, region_name="us-east-1"
    )
    client.create_bucket(Bucket=bucket)
    try:
        yield {
            "protocol": "s3",
            "endpoint_url": endpoint,
            "folder": f"{bucket}/in 入",
            "user": "hub",
            "password": PASSWORD,
            "client": client,
        }
    finally:
        server.stop()


@contextmanager
def webdav(root: Path) -> Iterator[dict[str, Any]]:
    """A WebDAV server over a folder."""
    from cheroot.wsgi import Server
    from wsgidav.wsgidav_app import WsgiDAVApp

    application = WsgiDAVApp(
        {
            "provider_mapping": {"/": str(root)},
            "simple_dc": {"user_mapping": {"*": {"hub": {"password": PASSWORD}}}},
            "verbose": 0,
            "logging": {"enable": False},
        }
    )
    server = Server(("127.0.0.1", 0), application)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield {
            "protocol": "webdav", "endpoint_url": f"http://127.0.0.1:{server.bind_addr[1]}", "folder": "",
            "user": "hub", "password": PASSWORD,
        }  # fmt: skip
    finally:
        server.stop()
        thread.join(10)
