"""Choose the account that runs PostgreSQL, which refuses to run as root.

A root user should not have to create an account for it.
"""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NOBODY = 65534
PUBLIC = Path("/var/lib/ecgreview")
NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
PROBE_SECONDS = 10


class NoAccount(Exception):
    """ECGREVIEW_POSTGRES_ACCOUNT is neither ``namespace`` nor ``nobody``."""


@dataclass(frozen=True, slots=True)
class Account:
    """How to start PostgreSQL's programs, and the paths of the programs and the data.

    ``prefix`` precedes the program; ``uid`` is the user to switch to, or None to keep the current
    one.
    """

    prefix: tuple[str, ...]
    uid: int | None
    binaries: Path
    data: Path


def choose(data: Path, binaries: Path) -> Account:
    """Return the first account that works for the current user.

    An ordinary user is used directly. Root is mapped to another user in a user namespace, which
    leaves the files owned by root; where namespaces are forbidden (Docker's default profile),
    PostgreSQL runs as ``nobody``, see ``as_nobody``.
    ECGREVIEW_POSTGRES_ACCOUNT=namespace or =nobody forces one of the two.
    """
    if os.geteuid() != 0:
        return Account(prefix=(), uid=None, binaries=binaries, data=data)
    forced = os.environ.get("ECGREVIEW_POSTGRES_ACCOUNT", "")
    if forced not in {"", "namespace", "nobody"}:
        raise NoAccount(f"ECGREVIEW_POSTGRES_ACCOUNT is {forced!r}; write namespace or nobody.")
    if forced == "namespace" or (not forced and namespaces_work()):
        return namespaced(data, binaries)
    return as_nobody(data, binaries)


def namespaces_work() -> bool:
    """Return whether this machine lets us create a user namespace."""
    if shutil.which("unshare") is None:
        return False
    probe = subprocess.run(
        [*NAMESPACE, "true"], check=False, capture_output=True, timeout=PROBE_SECONDS
    )
    return probe.returncode == 0


def namespaced(data: Path, binaries: Path) -> Account:
    """Return an account that maps root to user 1000 in a user namespace; files still belong to
    root.
    """
    _give(data, 0)
    return Account(prefix=NAMESPACE, uid=None, binaries=binaries, data=data)


def as_nobody(data: Path, binaries: Path) -> Account:
    """Return the account ``nobody``, with data and programs where it can reach them.

    ``nobody`` cannot enter a home directory of mode 0700, and we must not open that directory to
    everybody; so the data are moved, a symbolic link replaces them, and the programs are copied.
    """
    public = PUBLIC / hashlib.sha256(str(data).encode()).hexdigest()[:12]
    public.mkdir(mode=0o755, parents=True, exist_ok=True)
    _move(data, public / "postgres")
    _give(public / "postgres", NOBODY)
    return Account(prefix=(), uid=NOBODY, binaries=_copied(binaries), data=public / "postgres")


def _move(data: Path, target: Path) -> None:
    if data.is_symlink():
        data.unlink()
    elif data.exists():
        shutil.move(data, target)
    data.symlink_to(target)


def _give(directory: Path, uid: int) -> None:
    """Make ``uid`` the owner of ``directory`` and its contents unless it owns ``directory``."""
    if not directory.exists() or directory.stat().st_uid == uid:
        return
    for folder, _, files in os.walk(directory):
        for entry in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118
            os.chown(entry, uid, uid, follow_symlinks=False)
    os.chown(directory.resolve(), uid, uid)


def _copied(binaries: Path) -> Path:
    """Return a copy of the programs that everybody may run, made once per installed version.

    The directory layout is kept, because the programs find their libraries by relative paths.
    """
    package = binaries.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    version = hashlib.sha256(str(binaries.stat().st_mtime_ns).encode()).hexdigest()[:12]
    release = PUBLIC / f"programs-{version}"
    copy = release / package.name / binaries.parent.name
    if not copy.exists():
        draft = PUBLIC / f"programs-{version}.{os.getpid()}"
        shutil.copytree(libraries, draft / libraries.name)
        shutil.copytree(binaries.parent, draft / package.name / binaries.parent.name)
        for folder, _, _ in os.walk(draft):
            Path(folder).chmod(0o755)
        draft.rename(release)
    return copy / binaries.name
