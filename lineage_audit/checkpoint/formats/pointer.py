"""Git LFS pointers: small text files that stand where the weights should be."""

from __future__ import annotations

from lineage_audit.errors import UnreadableFileError

_MARK = b"version https://git-lfs.github.com/spec/"


def refuse_pointer(file: str, start: bytes) -> None:
    """Raise if a file's first bytes are those of a Git LFS pointer.

    Raises:
        UnreadableFileError: it is one; says how to fetch the real file.
    """
    if start.startswith(_MARK):
        raise UnreadableFileError(f'{file}: is a Git LFS pointer, not the file itself: run "git lfs pull"')
