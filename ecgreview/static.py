"""Static files under names that carry the hash of their content, ES modules included."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Whitenoise's storage, rewriting ``import`` between ES modules too.

    A cyclic import between modules makes collectstatic fail, which is wanted.
    """

    support_js_module_import_aggregation = True
    manifest_strict = True
