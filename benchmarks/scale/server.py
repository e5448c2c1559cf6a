"""A Hub on this machine that serves the models, in a process of its own, and counts what is asked of it.

Files stored with Git LFS are served behind a redirect to another host, as on the real Hub. ``/counts`` tells what was
asked since it was last told. Run it as ``python -m benchmarks.scale.server``: the first line it prints is its address.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from benchmarks.scale.kinds import model_named
from benchmarks.scale.repository import Repository, repository

_KEPT = 6
"""Repositories whose headers and orders are kept."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was asked of one repository.

    Attributes:
        requests: of whatever kind, redirects included.
        weights: bytes of weights.
        headers: bytes of safetensors headers.
        others: bytes of other files.
    """

    requests: int = 0
    weights: int = 0
    headers: int = 0
    others: int = 0


class Hub:
    """The repositories that were asked for, and the counts."""

    def __init__(self) -> None:
        self._repositories: OrderedDict[str, Repository | None] = OrderedDict()
        self._counts: dict[str, Counter[str]] = {}
        self._lock = threading.Lock()

    def find(self, name: str) -> Repository | None:
        """A repository by its name; it is laid out when it is asked for first."""
        with self._lock:
            if name not in self._repositories:
                organisation, _, model = name.partition("/")
                weights = model_named(organisation, model)
                self._repositories[name] = repository(name, weights) if weights else None
                while len(self._repositories) > _KEPT:
                    self._repositories.popitem(last=False)
            self._repositories.move_to_end(name)
            return self._repositories[name]

    def count(self, name: str, **what: int) -> None:
        """Add to a repository's counts."""
        with self._lock:
            self._counts.setdefault(name, Counter()).update(what)

    def told(self) -> dict[str, Counts]:
        """The counts, which begin anew."""
        with self._lock:
            counts, self._counts = self._counts, {}
        return {name: Counts(**counted) for name, counted in counts.items()}


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    large_files: str
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        for pattern, answer in _ROUTES:
            matched = pattern.fullmatch(path)
            if matched:
                answer(self, **matched.groupdict())
                return
        self._send(404, b"", {})

    def _counted(self) -> None:
        told = {name: asdict(counts) for name, counts in self.hub.told().items()}
        self._send(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _described(self, name: str) -> None:
        found = self._found(name)
        if found is None:
            return
        files = [*found.small, *found.shards]
        answer = {
            "id": name,
            "sha": found.commit,
            "tags": [],
            "siblings": [
                {
                    "rfilename": file,
                    "size": found.size(file),
                    "blobId": found.etag(file)[:40],
                    "lfs": {"sha256": found.etag(file), "size": found.size(file), "pointerSize": 130},
                }
                for file in sorted(files)
            ],
        }
        self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _resolved(self, name: str, file: str) -> None:
        found = self._found(name)
        if found is None:
            return
        if file not in found.small and file not in found.shards:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": found.commit})
            return
        headers = {
            "Location": f"{self.large_files}/large/{name}/{file}",
            "X-Repo-Commit": found.commit,
            "X-Linked-Size": str(found.size(file)),
            "X-Linked-Etag": f'"{found.etag(file)}"',
            "Accept-Ranges": "bytes",
        }
        self._send(302, b"", headers)

    def _large(self, name: str, file: str) -> None:
        found = self._found(name)
        if found is None:
            return
        size = found.size(file)
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        start, stop = (int(asked[1]), min(int(asked[2]) + 1, size)) if asked else (0, size)
        shard = found.shards.get(file)
        if self.command == "HEAD":
            body = b""
        elif shard is None:
            body = found.small[file][start:stop]
            self.hub.count(name, others=len(body))
        else:
            body = shard.read(start, stop)
            header = max(0, min(stop, len(shard.header)) - start)
            self.hub.count(name, headers=header, weights=len(body) - header)
        headers = {"ETag": f'"{found.etag(file)}"', "Accept-Ranges": "bytes"}
        if asked:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        self._send(206 if asked else 200, body, headers)

    def _found(self, name: str) -> Repository | None:
        self.hub.count(name, requests=1)
        found = self.hub.find(name)
        if found is None:
            self._send(401, b"", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        return found

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True


_ROUTES = (
    (re.compile(r"/counts"), _Handler._counted),
    (re.compile(r"/api/models/(?P<name>[^/]+/[^/]+)(?:/revision/.+)?"), _Handler._described),
    (re.compile(r"/large/(?P<name>[^/]+/[^/]+)/(?P<file>.+)"), _Handler._large),
    (re.compile(r"/(?P<name>[^/]+/[^/]+)/resolve/[^/]+/(?P<file>.+)"), _Handler._resolved),
)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # of five places the sixth client comes back a second later

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what is not a closed connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def serve(port: int = 0) -> None:
    """Serve until interrupted."""
    hub = Hub()
    large = _Server(("127.0.0.1", 0), type("_Large", (_Handler,), {"hub": hub}))
    large_files = f"http://localhost:{large.server_port}"
    threading.Thread(target=large.serve_forever, daemon=True).start()
    handler = type("_HubHandler", (_Handler,), {"hub": hub, "large_files": large_files})
    server = _Server(("127.0.0.1", port), handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
