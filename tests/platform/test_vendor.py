"""The version of plotly.js, from npm or from the Python package."""

import json

import pytest

from ecgreview.local_services.places import REPOSITORY
from scripts import vendor

LOCKED = json.loads((REPOSITORY / "package-lock.json").read_text())["packages"][
    "node_modules/plotly.js-basic-dist-min"
]["version"]


def test_npm_and_python_lock_the_same_version():
    assert vendor.version(vendor.from_python()) == LOCKED


def test_the_served_bundle_is_the_locked_version():
    assert vendor.version(vendor.BUNDLE) == LOCKED


def test_without_npm_the_python_package_provides_the_bundle(monkeypatch):
    monkeypatch.setenv("ECGREVIEW_NPM", "0")
    assert vendor.fetch() == vendor.from_python()


def test_a_bundle_without_version_is_refused(tmp_path):
    bundle = tmp_path / "plotly.min.js"
    bundle.write_text("// something else")
    with pytest.raises(vendor.NoPlotly, match="does not say"):
        vendor.version(bundle)
