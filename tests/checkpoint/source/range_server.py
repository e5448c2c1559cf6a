"""A web server on this machine that serves byte ranges, and the ways in which real ones differ."""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.hub_server import CrowdServer


class WebServer:
    """What it holds, what it asks for, how it behaves, and the log of requests."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.query: str | None = None
        self.login: tuple[str, str] | None = None
        self.serves_ranges = True
        self.page_for_missing = False
        self.failures = 0
        self.pause = 0.0
        self.log: list[tuple[str, str]] = []
        self.sent = 0
        self.connections = 0
        self._server = CrowdServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"web": self}))

    @property
    def port(self) -> int:
        return self._server.server_port

    def address(self, path: str = "", login: str = "") -> str:
        return f"http://{login}127.0.0.1:{self.port}/{path}"


@contextmanager
def serving(files: Mapping[str, bytes]) -> Iterator[WebServer]:
    """A server that runs for as long as the block does; files are below ``/models/m``."""
    web = WebServer({f"/models/m/{name}": data for name, data in files.items()})
    server = web._server
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    web: WebServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.web.connections += 1

    def finish(self) -> None:
        """A client that hung up takes no last bytes."""
        with suppress(ConnectionError):
            super().finish()

    def do_GET(self) -> None:
        web, parts = self.web, urlsplit(self.path)
        web.log.append((self.path, self.headers.get("Range", "")))
        if web.failures:
            web.failures -= 1
            return self._answer(503, b"")
        if web.login is not None:
            expected = "Basic " + base64.b64encode(":".join(web.login).encode()).decode()
            if self.headers.get("Authorization") != expected:
                return self._answer(401, b"")
        if web.query is not None and parts.query != web.query:
            return self._answer(403, b"")
        data = web.files.get(unquote(parts.path))
        if data is None:
            if web.page_for_missing:
                return self._answer(200, b"<html>nothing</html>", {"Content-Type": "text/html"})
            return self._answer(404, b"")
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if wanted is None or not web.serves_ranges:
            return self._answer(200, data, {"Content-Type": "application/octet-stream"})
        start, stop = int(wanted[1]), min(int(wanted[2]) + 1, len(data))
        if start >= len(data):
            return self._answer(416, b"")
        headers = {"Content-Range": f"bytes {start}-{stop - 1}/{len(data)}", "ETag": f'"{hash(data)}"'}
        web.sent += stop - start
        return self._answer(206, data[start:stop], headers)

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] = {}) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for piece in [body[at : at + 1] for at in range(len(body))] if self.web.pause else [body]:
                self.wfile.write(piece)
                time.sleep(self.web.pause)
        except ConnectionError:
            pass

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""
