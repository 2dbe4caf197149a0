"""Set up .venv and run the project's commands in it. Needs only Python's standard library.

``bootstrap.py setup | formats | demo | test | quick | fast | drill | interop | check | coverage |
bench | lock``, called by the Makefile.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VENV = REPOSITORY / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
LOCAL_UV = REPOSITORY / ".cache" / "uv"
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"
FORMATS = "requirements-formats.txt"
# The environments of `make interop`, by name. Together, they would resolve to old versions.
INTEROP = {
    "datasets": "requirements-interop.txt",
    "physionet": "requirements-interop-physionet.txt",
    "labelstudio": "requirements-interop-labelstudio.txt",
}
DEVELOPMENT_COMMANDS = {
    "test", "quick", "fast", "drill", "interop", "check", "coverage", "bench",
}  # fmt: skip


class SetupFailed(Exception):
    """Setup cannot continue; the message says what to do."""


def main(arguments: list[str]) -> int:
    """Run the command named by the first argument."""
    command = arguments[0] if arguments else "setup"
    try:
        if command == "lock":
            lock()
            return 0
        prepare(with_development=command in DEVELOPMENT_COMMANDS, with_formats=command == "formats")
        if command in {"setup", "formats"}:
            say("Ready: `make demo`, or `.venv/bin/python manage.py help`.")
            return 0
        run_from_venv(command)
    except (SetupFailed, KeyboardInterrupt) as refusal:
        print(str(refusal) or "Interrupted.", file=sys.stderr)
        return 1
    return 0


def prepare(*, with_development: bool, with_formats: bool) -> None:
    """Bring .venv, plotly.js and the translations up to date."""
    install(with_development=with_development, with_formats=with_formats)
    run([str(VENV_PYTHON), "-m", "scripts.vendor"])
    compile_translations()


def run_from_venv(command: str) -> None:
    """Replace this process with ``command``, so that signals reach it directly."""
    os.chdir(REPOSITORY)
    if command == "demo":
        say("Starting PostgreSQL and Valkey …")
        data = ["--data", os.environ["DATA"]] if os.environ.get("DATA") else []
        program = ["manage.py", "demo", "--port", os.environ.get("PORT") or "8000", *data]
        # The demo gets PORT and DATA as arguments. Nothing else may read them.
        environment = {k: v for k, v in os.environ.items() if k not in {"PORT", "DATA"}}
        environment.setdefault("ECGREVIEW_DEMO", "1")
    else:
        program = ["-m", f"scripts.{command}"]
        environment = dict(os.environ)
    sys.stdout.flush()
    os.execve(str(VENV_PYTHON), [str(VENV_PYTHON), *program], environment)  # noqa: S606 - no shell


def install(*, with_development: bool, with_formats: bool) -> None:
    """Install the requirements into .venv, and keep the optional ones that it already has."""
    binaries = VENV / "bin"
    with_development = with_development or (binaries / "pytest").exists()
    with_formats = with_formats or (binaries / "pydicom").exists()
    # The development requirements include those of the formats.
    optional = [DEVELOPMENT] if with_development else [FORMATS] if with_formats else []
    install_into(VENV, [RUNTIME, *optional])


def install_into(venv: Path, files: list[str]) -> None:
    """Install the pinned and hashed requirements into ``venv`` unless they are there."""
    stamp, expected = venv / ".installed", fingerprint(files)
    is_current = stamp.exists() and stamp.read_text(encoding="ascii") == expected
    if is_current and starts(venv / "bin" / "python"):
        return
    began = time.monotonic()
    stamp.unlink(missing_ok=True)
    uv = find_uv()
    if uv is not None:
        install_with_uv(uv, venv, files)
    else:
        install_with_pip(venv, files)
    stamp.write_text(expected, encoding="ascii")
    say(f"Installed {' and '.join(files)} ({time.monotonic() - began:.0f} s)")


def fingerprint(files: list[str]) -> str:
    """Return a hash of what the installation depends on: requirements, interpreter and folder."""
    state = hashlib.sha256(f"{sys.version}{sys.base_prefix}{REPOSITORY}".encode())
    for name in files:
        state.update((REPOSITORY / name).read_bytes())
    return state.hexdigest()


def find_uv() -> Path | None:
    """Return the project's own copy of uv, installing it with pip if needed; None if that fails.

    ECGREVIEW_UV=0 disables uv.
    """
    if os.environ.get("ECGREVIEW_UV") == "0":
        return None
    uv = LOCAL_UV / "bin" / "uv"
    if uv.exists():
        return uv
    say("Fetching uv …")
    fetch = [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--no-input", "--root-user-action=ignore", "--require-hashes",
        "--target", str(LOCAL_UV), "-r", "scripts/uv.txt",
    ]  # fmt: skip
    done = subprocess.run(fetch, cwd=REPOSITORY, check=False, capture_output=True, text=True)
    if done.returncode != 0 or not uv.exists():
        shutil.rmtree(LOCAL_UV, ignore_errors=True)
        say("uv is not available; using pip, which is slower.")
        return None
    return uv


def install_with_uv(uv: Path, venv: Path, files: list[str]) -> None:
    """Make ``venv`` match ``files`` exactly."""
    python = venv / "bin" / "python"
    if not starts(python):
        say(f"Creating {venv.name} with Python {sys.version.split()[0]} …")
        run([str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(venv)])
    say(f"Installing {' and '.join(files)} with uv …")
    sync = [str(uv), "pip", "sync", "--quiet", "--require-hashes", "--python", str(python)]
    run([*sync, *files])


def install_with_pip(venv: Path, files: list[str]) -> None:
    """Install with the standard library's venv and the pip inside it."""
    python = venv / "bin" / "python"
    if not starts(python):
        say(f"Creating {venv.name} with Python {sys.version.split()[0]} …")
        run(
            [sys.executable, "-m", "venv", "--clear", str(venv)],
            hint="Python's venv module is missing. On Debian: apt install python3-venv python3-pip",
        )
    say(f"Installing {' and '.join(files)} with pip; this takes a few minutes …")
    named = [part for name in files for part in ("-r", name)]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-input"]
    run([*pip, "--disable-pip-version-check", "--require-hashes", "--no-deps", *named])


def compile_translations() -> None:
    """Compile translations whose source is newer than the compiled file."""
    for source in sorted(REPOSITORY.glob("locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            say(f"Compiling {source.relative_to(REPOSITORY)} …")
            compile_ = [str(VENV / "bin" / "pybabel"), "--quiet", "compile"]
            run([*compile_, "-i", str(source), "-o", str(target), "-l", source.parts[-3]])


def lock() -> None:
    """Regenerate requirements*.txt, one universal file each for Python 3.11 to 3.13."""
    uv = find_uv()
    if uv is None:
        raise SetupFailed("make lock needs uv, which pip could not fetch.")
    for target in (RUNTIME, FORMATS, DEVELOPMENT, *INTEROP.values()):
        source = target.replace(".txt", ".in")
        say(f"Compiling {source} …")
        run([
            str(uv), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11",
            "--generate-hashes", "--custom-compile-command", "make lock", "--upgrade",
            source, "-o", target,
        ])  # fmt: skip


def starts(python: Path) -> bool:
    """Return whether ``python`` runs and is the version that runs this script."""
    if not python.exists():
        return False
    probe = [str(python), "-c", "import sys; print(sys.version)"]
    done = subprocess.run(probe, check=False, capture_output=True, text=True)
    return done.returncode == 0 and done.stdout.strip() == sys.version.strip()


def run(command: list[str], hint: str = "") -> None:
    """Run ``command`` in the repository. Downloads trust the system's certificates.

    Raises:
        SetupFailed: the command returned a nonzero exit code.
    """
    settings = {"UV_SYSTEM_CERTS": "1", "UV_PYTHON_DOWNLOADS": "never", "VIRTUAL_ENV": ""}
    done = subprocess.run(command, cwd=REPOSITORY, check=False, env={**os.environ, **settings})
    if done.returncode != 0:
        program = Path(command[0]).name
        raise SetupFailed(hint or f"{program} stopped with code {done.returncode}; see above.")


def say(line: str) -> None:
    """Print one line of progress immediately."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
