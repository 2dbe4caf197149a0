"""Static files under names that carry the hash of their content, ES modules included."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Whitenoise's storage, rewriting ``import`` between ES modules too.

    A cyclic import between modules makes collectstatic fail, which is wanted.
    """

    support_js_module_import_aggregation = True
    manifest_strict = True

    def create_compressor(self, **options: Any) -> Compressor:
        """Return a compressor without Brotli in the demo: it takes half a minute, for loopback."""
        return Compressor(use_brotli=not settings.DEMO, **options)
