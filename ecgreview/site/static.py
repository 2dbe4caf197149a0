"""Static files named by a hash of their content; our own files are bundled first."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

from ecgreview.site import bundling

Paths = Mapping[str, tuple[Storage, str]]


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Whitenoise's storage, which also rewrites ``import`` between ES modules.

    If npm installed esbuild, a page's modules are sent as one file, otherwise one by one. In the
    latter case, a cyclic import between modules intentionally makes collectstatic fail.
    """

    support_js_module_import_aggregation = True
    manifest_strict = True

    def post_process(self, paths: Paths, **options: Any) -> Iterator[Any]:
        """Hash and compress the files, our own as bundled by esbuild."""
        esbuild = bundling.program()
        if esbuild is None:
            yield from super().post_process(paths, **options)
            return
        with tempfile.TemporaryDirectory(prefix="ecgreview-static-") as folder:
            bundling.bundle(esbuild, Path(folder))
            bundles = FileSystemStorage(location=folder)
            bundled = {name: (bundles, name) for name in paths if bundles.exists(name)}
            yield from super().post_process({**paths, **bundled}, **options)

    def create_compressor(self, **options: Any) -> Compressor:
        """Return a compressor. The demo does without Brotli, which takes half a minute and saves
        nothing on loopback.
        """
        return Compressor(use_brotli=not settings.DEMO, **options)
