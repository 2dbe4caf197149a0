"""``manage.py make_release STUDY DIR``: write a data release of a study to a folder."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.management import lookups
from annotations.models import Release, Study
from annotations.sentences import refusals
from annotations.sentences.refusals import message
from annotations.services.refusals import Refusal
from annotations.services.releases import choices as allowed
from annotations.services.releases import jobs
from annotations.services.releases.choices import Choices
from ecgreview.release import folds, licences
from ecgreview.release.embargo import Embargo
from ecgreview.release.formats import registry
from ecgreview.release.signing import BadKey

REFUSED = 2
FAILED = 3


class Command(BaseCommand):
    help = (
        "Write a data release of a study's closed batches to an empty folder. If nothing has"
        " changed since the last release, write that release again, byte for byte. Exit code 0:"
        " success; 2: the release is refused; 3: it could not be built. Do not pass a release on to"
        " readers of a study that is not locked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", nargs="?", help="slug of the study, such as morning-list")
        parser.add_argument("directory", nargs="?", type=Path, help="output folder: new or empty")
        parser.add_argument("--release", help="version, such as 1.0; an existing one is rebuilt")
        parser.add_argument(
            "--formats", nargs="+", metavar="FORMAT", default=[], help="only these formats"
        )
        parser.add_argument("--list-formats", action="store_true", help="list the formats and stop")
        parser.add_argument("--licence", help="SPDX identifier; by default, no license is granted")
        parser.add_argument(
            "--author", action="append", default=[], help="an author to cite; repeat for others"
        )
        parser.add_argument("--signals", action="store_true", help="include the tracings")
        parser.add_argument(
            "--folds", type=int, default=folds.DEFAULT_FOLDS, help="number of folds; 0 for none"
        )
        parser.add_argument(
            "--embargo", choices=[item.value for item in Embargo], default=Embargo.NONE.value,
            help="withhold the labels and readings of these exams, to score predictions",
        )  # fmt: skip

    def handle(
        self, *, study: str | None, directory: Path | None, list_formats: bool, **options: Any
    ) -> None:
        if list_formats:
            self._list_formats()
            return
        if study is None or directory is None:
            raise CommandError("Give a study and a folder, or --list-formats.", returncode=REFUSED)
        study_row, now = lookups.study(study), timezone.now()
        _refuse_used(directory)
        choices = Choices(
            licence=options["licence"] or licences.UNLICENSED,
            formats=_known(options["formats"]),
            authors=options["author"],
            has_signals=options["signals"],
            n_folds=options["folds"],
            embargo=Embargo(options["embargo"]),
        )
        try:
            self._write(study_row, directory, choices, _version(options["release"]), now)
        except Refusal as refusal:
            raise CommandError(message(refusal), returncode=REFUSED) from refusal
        except BadKey as error:
            raise CommandError(
                "RELEASE_SIGNING_KEY is not an Ed25519 private key in PEM form. Create one with"
                " openssl genpkey -algorithm ed25519.",
                returncode=FAILED,
            ) from error
        except OSError as error:
            text = f"Cannot write to {directory}: {error.strerror}."
            raise CommandError(text, returncode=FAILED) from error

    def _write(
        self,
        study: Study,
        directory: Path,
        choices: Choices,
        version: tuple[int, int] | None,
        now: datetime,
    ) -> None:
        """Write to a temporary folder first, so that ``directory`` is never incomplete."""
        directory.absolute().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f".{directory.name}.", dir=directory.absolute().parent
        ) as work:
            release, folder = self._release(study, Path(work), choices, version, now)
            if directory.exists():
                directory.rmdir()
            shutil.move(folder, directory)
        signed = "signed" if release.manifest["signature"] else "not signed"
        self.stdout.write(f"{release.name} ({signed}), manifest {release.manifest_digest}")
        self.stdout.write(str(directory))

    def _release(
        self,
        study: Study,
        work: Path,
        choices: Choices,
        version: tuple[int, int] | None,
        now: datetime,
    ) -> tuple[Release, Path]:
        """Return the release and a folder in ``work`` with its files."""
        allowed.refuse(study, choices)
        existing = _existing(study, version)
        if existing and (version or jobs.has_choices(existing, choices)):
            try:
                return existing, jobs.rebuild(existing, work, now=now)
            except jobs.InputsChanged:
                if version:
                    raise
                shutil.rmtree(work)
                work.mkdir()
        release = jobs.request(study=study, choices=choices, actor=None, now=now, version=version)
        jobs.make(release, now=now)
        release.refresh_from_db()
        if not release.is_ready:
            reason = refusals.title(release.failure) or release.failure or "another process has it"
            raise CommandError(
                f"The release could not be built: {reason.rstrip('.')}.", returncode=FAILED
            )
        return release, _unpacked(release, work)

    def _list_formats(self) -> None:
        for entry in registry.ENTRIES:
            notes = ["needs --signals"] if entry.needs_signals else []
            if not entry.is_available:
                notes.append(f"not installed: pip install 'ecgreview[{entry.extra}]'")
            noted = f" ({'; '.join(notes)})" if notes else ""
            self.stdout.write(f"{entry.name:<16} {entry.title}{noted}")


def _known(names: Sequence[str]) -> Sequence[str]:
    """Return the format names; one argument may list several, separated by commas."""
    split = [name for part in names for name in part.split(",") if name]
    if unknown := sorted(set(split) - set(registry.NAMES)):
        raise CommandError(
            f"There is no format {', '.join(unknown)}. Available: {', '.join(registry.NAMES)}.",
            returncode=REFUSED,
        )
    return split


def _refuse_used(directory: Path) -> None:
    if directory.exists() and not (directory.is_dir() and not any(directory.iterdir())):
        raise CommandError(
            f"{directory} is not an empty folder. Choose another one.", returncode=REFUSED
        )


def _version(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    try:
        major, minor = map(int, text.removeprefix("v").split("."))
    except ValueError as error:
        message = f"{text!r} is not a version. Write it as 1.0."
        raise CommandError(message, returncode=REFUSED) from error
    if major < 1 or minor < 0:
        raise CommandError("The first version is 1.0.", returncode=REFUSED)
    return major, minor


def _existing(study: Study, version: tuple[int, int] | None) -> Release | None:
    """Return the release with this version, or the newest one if no version is given."""
    ready = Release.objects.ready().filter(study=study).select_related("study").newest_first()
    if version is None:
        return ready.first()
    return ready.filter(major=version[0], minor=version[1]).first()


def _unpacked(release: Release, work: Path) -> Path:
    packed = work / "release.zip"
    with packed.open("wb") as file:
        file.writelines(jobs.chunks(release))
    with zipfile.ZipFile(packed) as bundle:
        bundle.extractall(work)
    packed.unlink()
    return work / release.name
