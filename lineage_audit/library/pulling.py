"""A library that others built: fetched or opened, held against its hash and signature, and only then imported."""

from __future__ import annotations

import hashlib
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from msgspec import Struct

from lineage_audit.errors import LineageAuditError, UnreadableFileError, UnresolvedReferenceError
from lineage_audit.library.database import open_database
from lineage_audit.library.portable import import_database, made_on

_LARGEST = 8 * 2**30
_LARGEST_BUNDLE = 2**20
_CHUNK = 2**20
_TIMEOUT = 60.0
_NO_SIGSTORE = "a signature is checked by sigstore's library: pip install 'lineage-audit[sign]'"


class Signature(Struct, frozen=True):
    """What a library must be signed with.

    Attributes:
        bundle: path or address of sigstore's bundle.
        identity: who must have signed: an e-mail address, or the address of a workflow.
        issuer: who must have vouched for that identity, or None for anyone.
    """

    bundle: str
    identity: str
    issuer: str | None = None


class _Pulled(Struct, frozen=True):
    """What was imported.

    Attributes:
        sha256: the hash of the file, in hexadecimal digits.
        made: the day on which its newest model was added where it was built, or None where it does not say.
        models: how many models it holds.
        replaced: how many of them were in the library database before.
        verified: what the file was held against: ``hash``, ``signature``.
    """

    sha256: str
    made: str | None
    models: int
    replaced: int
    verified: tuple[str, ...]


def pull(source: str, database: Path, *, sha256: str | None = None, signature: Signature | None = None) -> _Pulled:
    """Import a library that was exported elsewhere; nothing is imported unless all that was asked for holds.

    Args:
        source: an https address, or a path.
        database: the library database that it goes into; made where there is none.
        sha256: what the file's hash must be.
        signature: what it must be signed with.

    Raises:
        LineageAuditError: it cannot be had, is not what was asked for, or is no library.
    """
    with _at_hand(source, _LARGEST) as path:
        found = _hash_of(path)
        if sha256 is not None and found != sha256.strip().lower():
            raise LineageAuditError(f"{source}: its SHA-256 is {found}, not the one that was given; nothing imported")
        if signature is not None:
            _require_signed(path, source, signature)
        with open_database(database, create=True) as opened:
            made = made_on(path)
            models, replaced = import_database(opened, path)
    asked = {"hash": sha256, "signature": signature}
    return _Pulled(found, made, models, replaced, tuple(name for name, given in asked.items() if given is not None))


def age_words(date: str | None, now: datetime | None = None) -> str:
    """How old something of a date (``2026-11-28T…``) is: ``made on 2026-11-28, 3 days ago``."""
    if date is None:
        return "of unknown age"
    try:
        day = datetime.fromisoformat(date[:10]).replace(tzinfo=UTC)
    except ValueError:
        return "of unknown age"
    days = ((now or datetime.now(UTC)) - day).days
    ago = "today" if days < 1 else "1 day ago" if days == 1 else f"{days:,} days ago"
    return f"made on {date[:10]}, {ago}"


@contextmanager
def _at_hand(source: str, largest: int) -> Iterator[Path]:
    """A file on this machine: the one named, or what an address gives, for as long as it is needed."""
    if "://" not in source:
        path = Path(source)
        if not path.is_file():
            raise UnresolvedReferenceError(f"{source}: no such file; give a path or an https address")
        yield path
        return
    _require_safe(source)
    with tempfile.NamedTemporaryFile(suffix=".library") as stream:
        _fetch(source, stream, largest)
        yield Path(stream.name)


def _require_safe(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(parts.hostname)):
        return
    raise UnresolvedReferenceError(f"{address[:200]}: is fetched by https only")


def _is_this_machine(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows what an address leads to, as long as that is safe as well."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: object,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Refuse a way out of https."""
        _require_safe(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _fetch(address: str, into: IO[bytes], largest: int) -> None:
    opener = urllib.request.build_opener(_SafeRedirects)
    try:
        with opener.open(address, timeout=_TIMEOUT) as answer:
            taken = 0
            while chunk := answer.read(_CHUNK):
                taken += len(chunk)
                if taken > largest:
                    raise UnreadableFileError(f"{address[:200]}: more than {largest:,} bytes; nothing imported")
                into.write(chunk)
        into.flush()
    except (urllib.error.URLError, OSError) as error:
        raise UnresolvedReferenceError(f"{address[:200]}: cannot be fetched ({error}); nothing imported") from None


def _hash_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFileError(f"{path}: cannot be read ({error.strerror})") from None


def _require_signed(path: Path, source: str, signature: Signature) -> None:
    """Raise unless the bundle is a signature of this very file, by that identity."""
    try:
        from sigstore.errors import Error
        from sigstore.models import Bundle
        from sigstore.verify import Verifier
        from sigstore.verify.policy import Identity
    except ImportError:
        raise LineageAuditError(_NO_SIGSTORE) from None
    with _at_hand(signature.bundle, _LARGEST_BUNDLE) as bundle:
        text = bundle.read_bytes()
    try:
        policy = Identity(identity=signature.identity, issuer=signature.issuer)
        Verifier.production().verify_artifact(path.read_bytes(), Bundle.from_json(text), policy)
    except (Error, ValueError) as error:
        words = " ".join(str(error).split())
        raise LineageAuditError(f"{source}: its signature does not hold ({words}); nothing imported") from None
