"""What can go wrong, each with one line that says which file and what to do next.

The command line turns any of these into that line on stderr and exit code 2.
"""


class LineageAuditError(Exception):
    """An operational error: the message names the file or reference and says what to do."""


class UnresolvedReferenceError(LineageAuditError):
    """A reference does not lead to a model: no such folder, repository, revision, or no permission."""


class UnreadableFileError(LineageAuditError):
    """A file of the model is damaged, truncated, a Git LFS pointer, or not what its name says."""


class TwoModelsError(UnreadableFileError):
    """Files that were taken for one model hold the same tensor twice, and nothing says which is meant."""


class UnsafeFileError(UnreadableFileError):
    """A file asks for something no weights need: code in a pickle, a path outside the repository."""


class UnsupportedFormatError(LineageAuditError):
    """The files are whole, but in a format or data type that is not read (yet)."""
