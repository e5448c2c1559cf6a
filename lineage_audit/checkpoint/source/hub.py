"""Models on the Hugging Face Hub, read by byte ranges; files that the local cache has are read from there."""

from __future__ import annotations

import datetime
import re
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from lineage_audit.checkpoint.source.answers import TIMEOUT, TransientError, with_retries, within
from lineage_audit.checkpoint.source.base import ByteRange, Source, SourceFile
from lineage_audit.checkpoint.source.coalescing import coalesce, cut
from lineage_audit.checkpoint.source.dates import HostDates
from lineage_audit.checkpoint.source.hub_cache import CachedFile, cached_commit, cached_files
from lineage_audit.checkpoint.source.hub_environment import cache_folder, hub_endpoint, is_offline, request_headers
from lineage_audit.checkpoint.source.hub_refusals import (
    TRANSIENT_STATUS,
    host_of,
    refusal,
    seconds_to_wait,
    unreachable,
)
from lineage_audit.checkpoint.source.hub_requests import HubCommit, RangeRequests
from lineage_audit.checkpoint.source.local_files import read_from
from lineage_audit.errors import UnreadableFileError, UnresolvedReferenceError, UnsafeFileError

_LISTING_SECONDS = 120.0
"""Longest time that the answer about a repository's files may take, however steadily it comes."""

CONNECTIONS = 8
"""Requests that run at a time."""

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)


def open_hub(ref: str) -> Source:
    """Open ``org/name[@revision]`` and pin its commit; ``HF_ENDPOINT``, ``HF_TOKEN`` and ``HF_HOME`` are honoured.

    With ``HF_HUB_OFFLINE`` only what the cache holds is listed.

    Raises:
        UnresolvedReferenceError: no such repository or revision, no permission, no network; says what to do.
    """
    name, _at, revision = ref.partition("@")
    if not _NAME.fullmatch(name):
        raise UnresolvedReferenceError(f"{ref}: is not a Hub id; give org/name[@revision]")
    if is_offline():
        return _open_cached(ref, name, revision or "main")
    endpoint = hub_endpoint()
    slow = UnresolvedReferenceError(f"{ref}: {host_of(endpoint)} takes too long to answer; try again later")
    answer = partial(_model_info, ref, name, revision or None, endpoint)
    info = with_retries(lambda: within(_LISTING_SECONDS, answer, slow))
    files = _listed_files(ref, info, endpoint)
    cached = {
        file: found
        for repository in (name, info.id)
        for file, found in cached_files(cache_folder(), repository, info.sha).items()
        if file in files and found.described.size == files[file].size
    }
    repository = HubCommit(ref, info.id, info.sha, endpoint)
    requests = RangeRequests(repository, {file: described.size for file, described in files.items()})
    return _HubSource(ref, info.sha, files, cached, requests, _dates(info, endpoint))


class _HubSource:
    """One commit of a Hub repository."""

    def __init__(
        self,
        ref: str,
        revision: str,
        files: Mapping[str, SourceFile],
        cached: Mapping[str, CachedFile],
        requests: RangeRequests | None,
        dates: HostDates | None = None,
    ) -> None:
        """Join what is on disk (``cached``) with what must be asked for (``requests``; None when offline)."""
        self.ref = ref
        self.revision: str | None = revision
        self.files = files
        self.is_local = requests is None or set(cached) == set(files)
        self.bytes_read = 0
        self.dates = dates
        self._cached = cached
        self._requests = requests
        self._lock = threading.Lock()

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges; nearby ones with one request, several requests at a time.

        Raises:
            UnreadableFileError: a file is shorter than a range asks, or is not served as asked.
            UnresolvedReferenceError: the Hub no longer gives the file.
        """
        for wanted in ranges:
            if wanted.file not in self.files or not 0 <= wanted.start <= wanted.stop <= self.files[wanted.file].size:
                raise UnreadableFileError(f"{wanted.file}: is shorter than byte {wanted.stop:,}; fetch it again")
        pieces = coalesce(ranges)
        if len(pieces) < 2:
            data = [self._read(piece) for piece in pieces]
        else:
            with ThreadPoolExecutor(min(CONNECTIONS, len(pieces))) as pool:
                try:
                    data = list(pool.map(self._read, pieces))
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        return cut(ranges, pieces, data)

    def _read(self, piece: ByteRange) -> bytes:
        on_disk = self._cached.get(piece.file)
        if on_disk is not None:
            data = read_from(on_disk.path, on_disk.described, [piece])[0]
        else:
            assert self._requests is not None, "offline, every listed file is cached"
            data = self._requests.read(piece)
        with self._lock:
            self.bytes_read += len(data)
        return data


def _open_cached(ref: str, name: str, revision: str) -> _HubSource:
    """Open what the cache holds of a repository, without any network."""
    cache = cache_folder()
    commit = cached_commit(cache, name, revision)
    found = cached_files(cache, name, commit) if commit else {}
    if not commit or not found:
        raise UnresolvedReferenceError(
            f"{ref}: not in the Hub cache at {cache}, and HF_HUB_OFFLINE is set; unset it, or run: hf download {name}"
        )
    files = {file: cached.described for file, cached in found.items()}
    return _HubSource(ref, commit, files, found, None)


def _model_info(ref: str, name: str, revision: str | None, endpoint: str) -> Any:
    """Ask the Hub for a repository's commit and files; renamed repositories are followed.

    Raises:
        TransientError: trying again may help.
        UnresolvedReferenceError: it does not.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError

    request_headers()
    hub = HfApi(endpoint=endpoint, library_name="lineage-audit")
    try:
        return hub.model_info(name, revision=revision, files_metadata=True, timeout=TIMEOUT)
    except HfHubHTTPError as error:
        status, headers = error.response.status_code, error.response.headers
        final = refusal(ref, name, endpoint, status, headers)
        if status in TRANSIENT_STATUS:
            raise TransientError(final, seconds_to_wait(headers)) from None
        raise final from None
    except HFValidationError:
        raise UnresolvedReferenceError(f"{ref}: is not a Hub id; give org/name[@revision]") from None
    except (HTTPError, OSError):
        raise TransientError(unreachable(ref, endpoint)) from None
    except (ValueError, TypeError, KeyError):
        host = host_of(endpoint)
        raise UnresolvedReferenceError(f"{ref}: {host} does not answer like a Hub; check HF_ENDPOINT") from None


def _dates(info: Any, endpoint: str) -> HostDates | None:
    """When the Hub says that a repository was made and last changed, where it says both."""
    created, changed = info.created_at, info.last_modified
    both = isinstance(created, datetime.datetime) and isinstance(changed, datetime.datetime)
    return HostDates(host_of(endpoint), created, changed) if both else None


def _listed_files(ref: str, info: Any, endpoint: str) -> dict[str, SourceFile]:
    """The files of a repository with their sizes and, where they are stored with Git LFS, sha256.

    Raises:
        UnsafeFileError: a name leads outside the repository.
        UnresolvedReferenceError: the answer lacks what every Hub gives.
    """
    files: dict[str, SourceFile] = {}
    if not _COMMIT.fullmatch(str(info.sha)) or not _NAME.fullmatch(str(info.id)):
        raise UnresolvedReferenceError(f"{ref}: {host_of(endpoint)} does not name a commit; check HF_ENDPOINT")
    for sibling in info.siblings or ():
        name, size = sibling.rfilename, sibling.size
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable():
            raise UnsafeFileError(f"{ref}: lists {ascii(name)[:100]}, a name that leads outside the repository")
        if type(size) is not int or size < 0:
            raise UnresolvedReferenceError(
                f"{ref}: {host_of(endpoint)} does not say how large {name[:100]} is; check HF_ENDPOINT"
            )
        files[name] = SourceFile(size, sibling.lfs.sha256 if sibling.lfs else None)
    if not files:
        raise UnresolvedReferenceError(f"{ref}: the repository is empty")
    return files
