"""Find files that can be imported, and read recordings from them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from . import code_hdf5, naming, wfdb_header, wfdb_record
from .codes import LooksLike, RefusalCode
from .recording import Recording, Refusal, Refused

__all__ = ["Recording", "Refusal", "find", "read"]

SUFFIXES = frozenset({".hea", ".h5", ".hdf5"})

_HDF5 = b"\x89HDF\r\n\x1a\n"
_HEAD_BYTES = wfdb_header.MAX_HEADER_CHARS
_OTHERS: dict[LooksLike, Callable[[bytes], bool]] = {
    LooksLike.ZIP: lambda head: head.startswith(b"PK\x03\x04"),
    LooksLike.GZIP: lambda head: head.startswith(b"\x1f\x8b"),
    LooksLike.DICOM: lambda head: head[128:132] == b"DICM",
    LooksLike.XML: lambda head: head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<",
    LooksLike.EDF: lambda head: head.startswith(b"0       "),
    LooksLike.EMPTY: lambda head: not head,
}


def find(path: Path) -> list[Path]:
    """Return ``path`` if it is a file, else the files below it with one of ``SUFFIXES``, sorted.

    ``read`` recognizes the format by the content. Folders are not entered through symbolic links.
    Hidden files are skipped, because archives made on macOS contain a hidden ``._`` file for
    every file.

    Raises:
        FileNotFoundError: ``path`` does not exist.
        OSError: a folder cannot be read.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileNotFoundError(path)
    result = []
    for folder, subfolders, names in os.walk(path, onerror=_raise):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        result += [Path(folder, name) for name in names if _is_candidate(name)]
    return sorted(result)


def read(path: Path, root: Path) -> Iterator[Recording | Refusal]:
    """Yield each exam of the file at ``path`` as a recording or a refusal.

    A problem with the file as a whole is yielded as one refusal.

    Args:
        path: a WFDB header or an HDF5 file.
        root: the folder of the import. Keys and reasons name files relative to it, and nothing
            outside it is opened.
    """
    key = naming.key(path, root)
    try:
        yield from _read(path, root, key)
    except Refused as refused:
        yield Refusal(key, refused.code, refused.details)
    except OSError as error:
        message = error.strerror or type(error).__name__
        yield Refusal(key, RefusalCode.UNREADABLE, {"error": message})


def _read(path: Path, root: Path, key: str) -> Iterator[Recording | Refusal]:
    # realpath and not Path.resolve: the latter raises RuntimeError on circular links.
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        raise Refused(RefusalCode.LINK_OUTSIDE)
    if path.exists() and not path.is_file():
        raise Refused(RefusalCode.NOT_A_FILE)
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES + 1)
    if head.startswith(_HDF5):
        yield from code_hdf5.read(path, key)
        return
    yield from wfdb_record.read(path, _header_text(head, path.name), key)


def _header_text(head: bytes, name: str) -> str:
    """Return ``head`` as the text of a WFDB header. Refuse other content, naming its format."""
    if head.startswith(wfdb_record.LFS):
        raise wfdb_record.lfs_pointer(name)
    # Headers are ASCII except for comments, which older tools wrote in Latin-1.
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    other = next((format_ for format_, fits in _OTHERS.items() if fits(head)), None)
    if other or "\0" in text or not wfdb_header.looks_like_header(text):
        raise Refused(RefusalCode.UNKNOWN_FORMAT, looks_like=other or LooksLike.OTHER)
    if len(head) > _HEAD_BYTES:
        raise Refused(RefusalCode.HEADER_TOO_LONG, most=_HEAD_BYTES)
    return text


def _is_candidate(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")


def _raise(error: OSError) -> None:
    raise error
