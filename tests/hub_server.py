"""A small Hub on this machine: the routes that ``huggingface_hub`` uses, and the faults that a network has.

Two servers run, each in its own threads: the Hub on ``127.0.0.1`` and, on ``localhost`` and another port, the host
of large files. As on the real Hub, small files are served by the Hub behind a redirect on the same host, and files
stored with Git LFS behind a redirect to the other host. Every request is logged.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.hub_repository import Content, Fault, Host, HubRepository, Request, lfs_hash

__all__ = ["CrowdServer", "Fault", "HubRepository", "HubServer", "running_hub"]


_PATIENCE = 60.0
"""Seconds after which requests that should meet are taken to come one by one."""


class HubServer:
    """Both hosts, what they hold, what shall go wrong, and the log."""

    def __init__(self) -> None:
        self.repositories: dict[str, HubRepository] = {}
        self.faults: list[Fault] = []
        self.log: list[Request] = []
        self.token = "hf_token_of_the_tests"
        self.links_expired = 0
        self.met: bool | None = None
        self.connections: dict[Host, int] = {"hub": 0, "large": 0}
        self._waiting: list[str] = []
        self._lock = threading.Lock()
        self._arrival = threading.Condition()
        self._servers: dict[Host, ThreadingHTTPServer] = {}

    @property
    def endpoint(self) -> str:
        """Address of the Hub, for ``HF_ENDPOINT``."""
        return f"http://127.0.0.1:{self._servers['hub'].server_port}"

    @property
    def large_files(self) -> str:
        """Address of the host of large files."""
        return f"http://localhost:{self._servers['large'].server_port}"

    def add(self, repository: HubRepository) -> HubRepository:
        """Publish a repository."""
        self.repositories[repository.name] = repository
        return repository

    def requests(self, host: Host | None = None, path: str = "") -> list[Request]:
        """The log so far, of one host and of paths that contain ``path``."""
        with self._lock:
            return [entry for entry in self.log if host in (None, entry.host) and path in entry.path]

    def record(self, entry: Request) -> None:
        """Add to the log."""
        with self._lock:
            self.log.append(entry)

    def connected(self, host: Host) -> None:
        """Count a connection."""
        with self._lock:
            self.connections[host] += 1

    def meet(self, path: str, count: int, *, files: bool) -> None:
        """Keep a request waiting until as many wait together, of as many files if asked; then ``met`` is true.

        Whoever sends them one after another would wait for ever: the first one gives up after a while, for all.
        """
        with self._arrival:
            self._waiting.append(path)
            self._arrival.notify_all()
            together = self._arrival.wait_for(
                lambda: self.met is not None or len(set(self._waiting) if files else self._waiting) >= count, _PATIENCE
            )
            self.met = together if self.met is None else self.met
            self._arrival.notify_all()

    def take_fault(self, path: str) -> Fault | None:
        """The first fault that applies to a path, used up by one."""
        with self._lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.path, path):
                    fault.times -= 1
                    return fault
        return None

    def find(self, name: str) -> HubRepository | None:
        """A repository by its present name."""
        return self.repositories.get(name)

    def renamed(self, name: str) -> HubRepository | None:
        """A repository by one of its former names."""
        return next((found for found in self.repositories.values() if name in found.former_names), None)

    def start(self) -> None:
        """Start both hosts on free ports."""
        hosts: tuple[Host, Host] = ("hub", "large")
        for host in hosts:
            handler = type(f"{host.title()}Handler", (_Handler,), {"hub": self, "host": host})
            server = self._servers[host] = CrowdServer(("127.0.0.1", 0), handler)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Stop both hosts."""
        for server in self._servers.values():
            server.shutdown()
            server.server_close()


@contextmanager
def running_hub() -> Iterator[HubServer]:
    """A Hub that runs for as long as the block does."""
    hub = HubServer()
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


class CrowdServer(ThreadingHTTPServer):
    """Lets many clients wait (of five places the sixth comes back a second later), and leave without a word."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what is not a closed connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answers for one of the two hosts."""

    hub: HubServer
    host: Host
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """A connection was opened: count it."""
        super().setup()
        self.hub.connected(self.host)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet: the log is kept by the server."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        bounds = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        asked = (int(bounds[1]), int(bounds[2]) + 1) if bounds else None
        self.hub.record(Request(self.host, self.command, self.path, asked, "Authorization" in self.headers))
        fault = self.hub.take_fault(unquote(path))
        if fault is not None and fault.kind == "status":
            self._send(int(fault.value), b"", fault.headers)
        elif self.host == "large":
            self._large_file(path.lstrip("/"), fault)
        elif path.startswith("/api/models/"):
            self._api(path.removeprefix("/api/models/"))
        elif path.startswith("/api/resolve-cache/models/"):
            self._small_file(path.removeprefix("/api/resolve-cache/models/"), fault)
        else:
            self._resolve(path.lstrip("/"))

    def _is_authorized(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {self.hub.token}"

    def _admitted(self, name: str, rest: str, *, is_file: bool) -> HubRepository | None:
        """The repository, if the request may see it; otherwise the refusal is sent."""
        if "Authorization" in self.headers and not self._is_authorized():
            self._send(401, b"", {"X-Error-Message": "Invalid credentials in Authorization header"})
            return None
        renamed = self.hub.renamed(name)
        if renamed is not None:
            self._send(307, b"", {"Location": self.path.replace(name, renamed.name, 1)})
            return None
        repository = self.hub.find(name)
        if repository is None or (repository.private and not self._is_authorized()):
            self._send(401, b"", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
            return None
        if is_file and repository.gated and not self._is_authorized():
            self._send(401, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": f"Access to {name} is gated"})
            return None
        revision = unquote(rest.partition("/")[0])
        if revision and revision not in (*repository.branches, repository.commit):
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"})
            return None
        return repository

    def _api(self, path: str) -> None:
        matched = re.fullmatch(r"([^/]+/[^/]+)(?:/(revision|tree)/(.+))?", path)
        if matched is None:
            self._send(404, b"", {})
            return
        repository = self._admitted(matched[1], matched[3] or "", is_file=False)
        if repository is None:
            return
        answer: object = repository.tree()
        if matched[2] != "tree":
            siblings = [
                entry if "blobs=" in self.path else {"rfilename": entry["rfilename"]}
                for entry in repository.described()
            ]
            dates = dict(zip(("createdAt", "lastModified"), repository.dates or (), strict=False))
            answer = {"id": repository.name, "sha": repository.commit, "siblings": siblings, "tags": [], **dates}
        self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _resolve(self, path: str) -> None:
        matched = re.fullmatch(r"([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if matched is None:
            self._send(404, b"", {})
            return
        name, revision, file = matched.groups()
        repository = self._admitted(name, revision, is_file=True)
        if repository is None:
            return
        file = unquote(file)
        if file not in repository.files:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": repository.commit})
            return
        etag = repository.etag(file)
        place = f"/api/resolve-cache/models/{name}/{repository.commit}/{matched[3]}"
        if file in repository.lfs:
            place = f"{self.hub.large_files}/{etag}?signature={self.hub.links_expired}"
        headers = {
            "Location": place,
            "X-Repo-Commit": repository.commit,
            "X-Linked-Size": str(len(repository.files[file])),
            "X-Linked-Etag": f'"{etag}"',
            "ETag": f'"{etag}"',
            "Accept-Ranges": "bytes",
        }
        self._send(302 if file in repository.lfs else 307, b"", headers)

    def _small_file(self, path: str, fault: Fault | None) -> None:
        organisation, name, commit, quoted = path.split("/", 3)
        repository = self._admitted(f"{organisation}/{name}", commit, is_file=True)
        if repository is not None:
            file = unquote(quoted)
            headers = {"ETag": f'"{repository.etag(file)}"', "X-Repo-Commit": repository.commit}
            self._file(repository.files[file], headers, fault)

    def _large_file(self, wanted: str, fault: Fault | None) -> None:
        """Like an object store: the link is signed, may expire, and comes with no other credentials."""
        if "Authorization" in self.headers:
            self._send(400, b"", {})
        elif f"signature={self.hub.links_expired}" not in self.path:
            self._send(403, b"", {})
        else:
            contents = [content for found in self.hub.repositories.values() for content in found.files.values()]
            content = next(content for content in contents if lfs_hash(content) == wanted)
            self._file(content, {"ETag": f'"{wanted}"'}, fault)

    def _file(self, content: Content, headers: dict[str, str], fault: Fault | None) -> None:
        """Send a file, or the range of it that is asked for."""
        kind = fault.kind if fault else None
        value = fault.value if fault else 0
        if kind == "slow":
            time.sleep(value)
        if kind in ("meet", "files-meet"):
            self.hub.meet(urlsplit(self.path).path, int(value), files=kind == "files-meet")
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        headers["Accept-Ranges"] = "bytes"
        if asked is None or kind == "no-ranges":
            self._send(200, content[:], headers)
            return
        start, stop = int(asked[1]), min(int(asked[2]) + 1, len(content))
        if start >= len(content):
            self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            return
        if kind == "shifted":
            start, stop = start + 1, stop + 1
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
        if kind == "compressed":
            headers["Content-Encoding"] = "gzip"
        body = content[start : stop - int(value) if kind == "short" else stop]
        pause = value if kind == "drip" else 0.0
        self._send(206, body, headers, dropped_at=int(value) if kind == "drop" else None, pause=pause)

    def _send(
        self, status: int, body: bytes, headers: Mapping[str, str], dropped_at: int | None = None, pause: float = 0.0
    ) -> None:
        try:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                for start in range(len(body)) if pause else ():
                    self.wfile.write(body[start : start + 1])
                    time.sleep(pause)
                self.wfile.write(b"" if pause else body[:dropped_at])
        except ConnectionError:
            self.close_connection = True
        if dropped_at is not None:
            self.close_connection = True
