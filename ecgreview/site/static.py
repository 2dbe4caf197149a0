"""Static files under names that carry the hash of their content; our own are bundled before."""

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
    """Whitenoise's storage, rewriting ``import`` between ES modules too.

    Where npm installed esbuild, a page's modules are sent as one file, and one by one where not;
    then a cyclic import between modules makes collectstatic fail, which is wanted.
    """

    support_js_module_import_aggregation = True
    manifest_strict = True

    def post_process(self, paths: Paths, **options: Any) -> Iterator[Any]:
        """Hash and compress the files, our own as esbuild bundles them."""
        esbuild = bundling.program()
        if esbuild is None:
            yield from super().post_process(paths, **options)
            return
        with tempfile.TemporaryDirectory(prefix="ecgreview-static-") as folder:
            bundling.bundle(esbuild, Path(folder))
            bundles = FileSystemStorage(location=folder)
            made = {name: (bundles, name) for name in paths if bundles.exists(name)}
            yield from super().post_process({**paths, **made}, **options)

    def create_compressor(self, **options: Any) -> Compressor:
        """Return a compressor without Brotli in the demo: it takes half a minute, for loopback."""
        return Compressor(use_brotli=not settings.DEMO, **options)
