"""Static files under names that carry the hash of their content; our own are made lean before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

from ecgreview import lean

OWN = ("js/", "css/")
"""Where the project's own files lie; those of others stay as they are."""

Paths = Mapping[str, tuple[Storage, str]]


class LeanSources:
    """Reads the project's own scripts and styles as they are to be sent; Django asks it by path."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        own = [name for name in paths if name.startswith(OWN)]
        self.entries = lean.entries(own, self.read)

    def read(self, name: str) -> str:
        """Return a source as it was written."""
        storage, path = self.paths[name]
        with storage.open(path) as file:
            text: str = file.read().decode()
        return text

    def open(self, name: str) -> ContentFile[bytes]:
        """Return what is sent for ``name``."""
        if name.endswith(".css"):
            text = lean.styles(name, self.read)
        elif name in self.entries:
            text = lean.joined(name, self.read)
        else:
            text = lean.stripped(self.read(name))
        return ContentFile(text.encode())


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Whitenoise's storage, rewriting ``import`` between ES modules too.

    A cyclic import between modules makes collectstatic fail, which is wanted.
    """

    support_js_module_import_aggregation = True
    manifest_strict = True

    def post_process(self, paths: Paths, **options: Any) -> Iterator[Any]:
        """Hash and compress the files, our own scripts and styles after they were made lean."""
        sources = LeanSources(paths)
        seen = {
            name: (sources, name) if name.startswith(OWN) and name.endswith((".js", ".css")) else at
            for name, at in paths.items()
        }
        yield from super().post_process(seen, **options)

    def create_compressor(self, **options: Any) -> Compressor:
        """Return a compressor without Brotli in the demo: it takes half a minute, for loopback."""
        return Compressor(use_brotli=not settings.DEMO, **options)
