"""What an import refused or noticed is explained by its code, with the values that were found."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.utils import translation

from annotations.models import ImportIssue
from annotations.sentences import imports
from ecgreview.ecg import formats
from ecgreview.ecg.audit import RemarkCode
from ecgreview.ecg.formats.codes import Details, LooksLike, RefusalCode
from tests.domain.ecg import wfdb_files

CODES = Path(formats.__file__).with_name("codes.py")
AUDIT = Path(formats.__file__).parents[1] / "audit.py"


def documented(path):
    """Return the names of the details of each code, as the comment beside it has them."""
    line = re.compile(r' = "(?P<code>[a-z0-9_]+)"(?:  # (?P<names>.*))?$', re.MULTILINE)
    found = line.finditer(path.read_text(encoding="utf-8"))
    names = {one["code"]: one["names"] or "" for one in found}
    return {
        code: set(re.findall(r"(\w+)(?:: a LooksLike)?(?:, |$)", one))
        for code, one in names.items()
    }


def wanted(sentence):
    return set(re.findall(r"%\((\w+)\)s", str(sentence)))


@pytest.mark.parametrize("code", RefusalCode)
def test_a_refusal_is_explained_by_its_details(code):
    reason, hint = imports.REFUSALS[code]
    assert wanted(reason) == documented(CODES)[code]
    assert not wanted(hint)


@pytest.mark.parametrize("code", RemarkCode)
def test_a_remark_is_explained_by_its_details(code):
    assert wanted(imports.REMARKS[code]) - {"leads"} == documented(AUDIT)[code]


def raised():
    """Yield every code that is raised, with the names of the details it is raised with."""
    for source in CODES.parent.glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "Refused":
                continue
            code, details = node.args[0], {one.arg for one in node.keywords}
            if isinstance(code, ast.Attribute):
                yield RefusalCode[code.attr], details


def test_what_is_raised_has_the_details_of_its_sentence():
    found = list(raised())
    assert len(found) > 35
    for code, details in found:
        assert details == documented(CODES)[code], code


def test_every_kind_of_file_has_a_name():
    assert set(imports.LOOKS_LIKE) == set(LooksLike)


def test_a_refusal_is_explained_in_the_language_of_the_page():
    details: Details = {"expected": 120_000, "n_samples": 5_000, "file": "a.dat", "found": 119_000}
    english = imports.of_refusal(RefusalCode.TRUNCATED, details)
    assert "in a.dat, found 119,000 bytes" in english.reason
    with translation.override("pt-br"):
        portuguese = imports.of_refusal(RefusalCode.TRUNCATED, details)
    assert "em a.dat; encontrados: 119.000 bytes" in portuguese.reason
    assert portuguese.hint.startswith("O arquivo")


def test_nothing_found_is_said_to_be_nothing():
    assert "found nothing." in imports.of_refusal(RefusalCode.N_SAMPLES, {"found": ""}).reason


def test_a_percent_sign_is_written_once(tmp_path):
    path = tmp_path / "ana.hea"
    path.write_bytes(b"PK\x03\x04rest")
    refusal = wfdb_files.refusal(path)
    explained = imports.of_refusal(refusal.code, refusal.details)
    assert explained.reason.endswith("found a ZIP archive.")
    assert explained.hint.endswith("CODE-15%.")


def test_an_import_of_before_keeps_its_sentences():
    issue = ImportIssue(file="a", code="truncated", reason="Expected more.", hint="Fetch it.")
    assert imports.of_issue(issue) == ("Expected more.", "Fetch it.")


def test_a_code_of_a_later_version_stands_for_itself():
    assert imports.of_issue(ImportIssue(file="a", code="moonlit")) == ("moonlit", "")
