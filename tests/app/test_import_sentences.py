"""Import messages: each refusal or remark code has a sentence that uses its details."""

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


def documented_details(path):
    """Return the names of details by code, from the comments in the enum."""
    line = re.compile(r' = "(?P<code>[a-z0-9_]+)"(?:  # (?P<names>.*))?$', re.MULTILINE)
    lines = line.finditer(path.read_text(encoding="utf-8"))
    names = {match["code"]: match["names"] or "" for match in lines}
    return {
        code: set(re.findall(r"(\w+)(?:: a LooksLike)?(?:, |$)", match))
        for code, match in names.items()
    }


def placeholders(sentence):
    return set(re.findall(r"%\((\w+)\)s", str(sentence)))


@pytest.mark.parametrize("code", RefusalCode)
def test_a_refusal_uses_its_documented_details(code):
    reason, hint = imports.REFUSALS[code]
    assert placeholders(reason) == documented_details(CODES)[code]
    assert not placeholders(hint)


@pytest.mark.parametrize("code", RemarkCode)
def test_a_remark_uses_its_documented_details(code):
    assert placeholders(imports.REMARKS[code]) - {"leads"} == documented_details(AUDIT)[code]


def raised():
    """Yield (code, names of details) of every ``Refused`` that the importers raise."""
    for source in CODES.parent.glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "Refused":
                continue
            code, details = node.args[0], {keyword.arg for keyword in node.keywords}
            if isinstance(code, ast.Attribute):
                yield RefusalCode[code.attr], details


def test_refusals_are_raised_with_their_documented_details():
    raised_codes = list(raised())
    assert len(raised_codes) > 35
    for code, details in raised_codes:
        assert details == documented_details(CODES)[code], code


def test_every_kind_of_file_has_a_name():
    assert set(imports.LOOKS_LIKE) == set(LooksLike)


def test_a_refusal_is_translated():
    details: Details = {"expected": 120_000, "n_samples": 5_000, "file": "a.dat", "found": 119_000}
    english = imports.of_refusal(RefusalCode.TRUNCATED, details)
    assert "in a.dat, found 119,000 bytes" in english.reason
    with translation.override("pt-br"):
        portuguese = imports.of_refusal(RefusalCode.TRUNCATED, details)
    assert "em a.dat; encontrados: 119.000 bytes" in portuguese.reason
    assert portuguese.hint.startswith("O arquivo")


def test_an_empty_value_is_shown_as_nothing():
    assert "found nothing." in imports.of_refusal(RefusalCode.N_SAMPLES, {"found": ""}).reason


def test_percent_signs_are_not_doubled(tmp_path):
    path = tmp_path / "ana.hea"
    path.write_bytes(b"PK\x03\x04rest")
    refusal = wfdb_files.refusal(path)
    explained = imports.of_refusal(refusal.code, refusal.details)
    assert explained.reason.endswith("found a ZIP archive.")
    assert explained.hint.endswith("CODE-15%.")


def test_an_old_import_keeps_its_stored_sentences():
    issue = ImportIssue(file="a", code="truncated", reason="Expected more.", hint="Fetch it.")
    assert imports.of_issue(issue) == ("Expected more.", "Fetch it.")


def test_an_unknown_code_is_shown_as_it_is():
    assert imports.of_issue(ImportIssue(file="a", code="moonlit")) == ("moonlit", "")
