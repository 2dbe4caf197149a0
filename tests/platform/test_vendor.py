"""The browser's plotly.js: one release, from npm or from Python's plotly."""

import json

import pytest

from ecgreview.local_services.places import REPOSITORY
from scripts import vendor

LOCKED = json.loads((REPOSITORY / "package-lock.json").read_text())["packages"][
    "node_modules/plotly.js-basic-dist-min"
]["version"]


def test_npm_and_python_lock_the_same_release():
    assert vendor.version(vendor.from_python()) == LOCKED


def test_the_bundle_served_is_the_locked_release():
    assert vendor.version(vendor.BUNDLE) == LOCKED


def test_without_npm_the_bundle_of_python_is_used(monkeypatch):
    monkeypatch.setenv("ECGREVIEW_NPM", "0")
    assert vendor.fetch() == vendor.from_python()


def test_a_bundle_that_does_not_say_its_release_is_refused(tmp_path):
    bundle = tmp_path / "plotly.min.js"
    bundle.write_text("// something else")
    with pytest.raises(vendor.NoPlotly, match="does not say"):
        vendor.version(bundle)
