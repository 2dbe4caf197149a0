"""Teams that predict embargoed labels, their attempts, and the scores of an attempt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations.models import DiagnosticClass, Release, ScoredPredictions, ScoringTeam, Study
from annotations.models.scoring import DEFAULT_ATTEMPTS, MAX_ATTEMPTS
from annotations.sentences import predictions, refusals
from annotations.services.blinding import results_seen
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.releases import choices
from annotations.services.scoring import attempts, embargoes, teams
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import numbers
from annotations.views.agreement.numbers import Number
from annotations.views.csv_files import csv_file
from annotations.views.refusals import refusal_as_message, refusal_on_form
from ecgreview.scoring.predictions import UnreadablePredictions
from ecgreview.scoring.scores import MEASURES, MIN_PATIENTS, THRESHOLD

# Measures that the page shows in percent.
SHARES = frozenset({"sensitivity", "specificity", "precision", "f1"})


REFUSED_FIELDS: dict[type[Exception], str] = {
    teams.TeamNameTaken: "name",
    teams.BadAttempts: "max_attempts",
}


class TeamForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name of the team"), max_length=80)
    max_attempts = forms.IntegerField(
        label=gettext_lazy("Attempts"),
        initial=DEFAULT_ATTEMPTS,
        min_value=1,
        max_value=MAX_ATTEMPTS,
        help_text=gettext_lazy(
            "Cannot be changed later. Few attempts keep teams from fitting the test labels."
        ),
    )


class PredictionsForm(forms.Form):
    """A file to score."""

    file = forms.FileField(
        label=gettext_lazy("CSV file, plain or .gz"),
        help_text=gettext_lazy(
            "The template of the release, with a probability from 0 to 1 in each cell. Leave out "
            "the columns of classes that the model does not predict."
        ),
    )

    def clean_file(self) -> bytes:
        """Return the content."""
        file = self.cleaned_data["file"]
        if file.size > settings.UPLOAD_MAX_BYTES:
            raise ValidationError(
                _("The file is larger than %(limit)s MB. Compress it with gzip."),
                params={"limit": numbers.written(settings.UPLOAD_MAX_BYTES / 1e6)},
            )
        content: bytes = file.read()
        return content


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """An attempt with the means over its classes."""

    attempt: ScoredPredictions
    auroc: Number
    average_precision: Number


@dataclass(frozen=True, slots=True)
class ClassLine:
    """The scores of one class; no numbers if it is not scored."""

    abbreviation: str
    name: str
    n_present: int | None
    n_absent: int | None
    numbers: list[Number]
    reason: str


@never_cache
@needs("export_study")
@require_http_methods(["GET", "HEAD", "POST"])
def study_scoring(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the teams of a study; a POST creates one and shows its token once."""
    study = lookups.study(request.user, slug)
    if is_blinded_to(study, request.user):
        return render(request, "studies/still_reading.html", {"study": study}, status=403)
    try:
        release = embargoes.of_study(study)
    except (choices.NothingToRelease, choices.ResultsHidden) as refusal:
        context = {"study": study, "refusal": refusals.explain(refusal)}
        return render(request, "scoring/study.html", context)
    form, secret, status = TeamForm(), "", 200
    if request.method == "POST":
        form, status = TeamForm(request.POST), 400
        if form.is_valid() and (secret := _create(request, study, form)):
            form, status = TeamForm(), 200
    results_seen.results_of_study(study=study, user=request.user, now=timezone.now())
    rows = [(team, _last(team)) for team in teams.of_study(study)]
    context = {
        "study": study,
        "release": release,
        "n_embargoed": _n_embargoed(release),
        "rows": rows,
        "secret": secret,
        "address": _address(request),
        "form": form,
    }
    return render(request, "scoring/study.html", context, status=status)


@never_cache
@needs("export_study")
@require_http_methods(["GET", "HEAD", "POST"])
def scoring_team(request: SignedInRequest, slug: str, key: UUID) -> HttpResponse:
    """Show the attempts of a team; a POST scores a file for it."""
    team = _team(request, slug, key)
    form, status = PredictionsForm(), 200
    refused: dict[str, object] = {}
    if request.method == "POST":
        form, status = PredictionsForm(request.POST, request.FILES), 400
        if form.is_valid():
            try:
                with refusal_on_form(form):
                    attempt, _is_new = attempts.score(
                        team=team, content=form.cleaned_data["file"], actor=request.user,
                        now=timezone.now(),
                    )  # fmt: skip
                    return redirect("scoring-scores", slug, key, attempt.key)
            except UnreadablePredictions as refusal:
                refused = {
                    "refusal_title": refusals.explain(refusal).title,
                    "problems": [predictions.sentence(problem) for problem in refusal.problems],
                }
    return _team_page(request, team, status, form=form, **refused)


@never_cache
@needs("export_study")
@require_POST
def scoring_team_token(request: SignedInRequest, slug: str, key: UUID) -> HttpResponse:
    """Replace the token of a team and show the new one once."""
    team = _team(request, slug, key)
    secret = ""
    with refusal_as_message(request):
        secret = teams.replace_token(team=team, actor=request.user, now=timezone.now())
    if not secret:
        return redirect("scoring-team", slug, key)
    return _team_page(request, team, 200, form=PredictionsForm(), secret=secret)


@needs("export_study")
@require_POST
def scoring_team_close(request: SignedInRequest, slug: str, key: UUID) -> HttpResponse:
    teams.close(team=_team(request, slug, key), actor=request.user, now=timezone.now())
    messages.success(request, _("The team is closed. Its scores stay."))
    return redirect("scoring-team", slug, key)


@never_cache
@needs("export_study")
@require_safe
def scoring_scores(request: SignedInRequest, slug: str, key: UUID, attempt: UUID) -> HttpResponse:
    """Show the scores of an attempt by class."""
    row = _attempt(request, slug, key, attempt)
    scores = row.scores
    context = {
        "study": row.team.study,
        "team": row.team,
        "attempt": row,
        "lines": _class_lines(row),
        "n_scored": scores["macro"]["auroc"]["n"],
        "macro": [_area(scores["macro"], name) for name in MEASURES[:2]],
        "threshold": numbers.written(THRESHOLD),
        "min_patients": MIN_PATIENTS,
    }
    return render(request, "scoring/scores.html", context)


@never_cache
@needs("export_study")
@require_safe
def scoring_scores_file(
    request: SignedInRequest, slug: str, key: UUID, attempt: UUID
) -> HttpResponse:
    """Download the scores of an attempt as CSV."""
    row = _attempt(request, slug, key, attempt)
    ends = ("", "_low", "_high")
    heading = ("class", "n_present", "n_absent", *(f"{m}{end}" for m in MEASURES for end in ends))
    name = f"{row.release.name}-attempt-{row.number}.csv"
    return csv_file(name, [(*heading, "reason"), *_cells(row)])


def _cells(attempt: ScoredPredictions) -> Iterator[tuple[object, ...]]:
    for code, scores in attempt.scores["classes"].items():
        values = (scores[name][end] for name in MEASURES for end in ("estimate", "low", "high"))
        cells = ("" if value is None else value for value in values)
        reason = scores["auroc"]["reason"]
        yield (code, scores["n_present"], scores["n_absent"], *cells, reason)


def _create(request: SignedInRequest, study: Study, form: TeamForm) -> str:
    """Create a team and return its token, or "" if that is refused."""
    with refusal_on_form(form, REFUSED_FIELDS):
        _team, secret = teams.create(
            study=study, name=form.cleaned_data["name"].strip(),
            max_attempts=form.cleaned_data["max_attempts"], actor=request.user,
            now=timezone.now(),
        )  # fmt: skip
        return secret
    return ""


def _team_page(
    request: SignedInRequest, team: ScoringTeam, status: int, **context: Any
) -> HttpResponse:
    results_seen.results_of_study(study=team.study, user=request.user, now=timezone.now())
    lines = [_line(attempt) for attempt in attempts.of_team(team)]
    context |= {
        "study": team.study,
        "team": team,
        "lines": lines,
        "n_left": team.max_attempts - len(lines),
        "address": _address(request),
    }
    return render(request, "scoring/team.html", context, status=status)


def _team(request: SignedInRequest, slug: str, key: UUID) -> ScoringTeam:
    """Return the team with this key, if the results of its study are open to the user.

    Raises:
        Http404: there is no such team, or the results are hidden.
    """
    study = lookups.study_to_export(request.user, slug)
    try:
        return teams.find(study=study, key=key)
    except ScoringTeam.DoesNotExist as error:
        raise Http404 from error


def _attempt(request: SignedInRequest, slug: str, key: UUID, attempt: UUID) -> ScoredPredictions:
    """Return an attempt, and record that the user has seen results.

    Raises:
        Http404: there is no such attempt, or the results are hidden.
    """
    team = _team(request, slug, key)
    try:
        row = attempts.find(team=team, key=attempt)
    except ScoredPredictions.DoesNotExist as error:
        raise Http404 from error
    results_seen.results_of_study(study=team.study, user=request.user, now=timezone.now())
    return row


def _line(attempt: ScoredPredictions) -> AttemptLine:
    macro = attempt.scores["macro"]
    return AttemptLine(attempt, *(_area(macro, name) for name in MEASURES[:2]))


def _last(team: ScoringTeam) -> AttemptLine | None:
    return next((_line(attempt) for attempt in attempts.of_team(team)), None)


def _class_lines(attempt: ScoredPredictions) -> list[ClassLine]:
    taxonomy = attempt.team.study.taxonomy_id
    classes = {row.code: row for row in DiagnosticClass.objects.filter(taxonomy=taxonomy)}
    return [
        _class_line(code, classes.get(code), scores)
        for code, scores in attempt.scores["classes"].items()
    ]


def _class_line(code: str, of: DiagnosticClass | None, scores: Mapping[str, Any]) -> ClassLine:
    """Return the line of a class; ``of`` is None if a later list of classes does not have it."""
    is_scored = scores["auroc"]["estimate"] is not None
    formatted = [
        numbers.share(scores[name]) if name in SHARES else _area(scores, name) for name in MEASURES
    ]
    return ClassLine(
        abbreviation=of.abbreviation if of else "",
        name=of.local_name if of else code,
        n_present=scores["n_present"],
        n_absent=scores["n_absent"],
        numbers=formatted if is_scored else [],
        reason="" if is_scored else formatted[0].reason,
    )


def _area(scores: Mapping[str, Any], name: str) -> Number:
    """Format an area with all its decimals, because many models come close to 1."""
    number = numbers.number(scores[name])
    if number.value is None:
        return number
    decimals = scores["decimals"]
    low, high = (
        "" if end is None else number_format(end, decimals) for end in (number.low, number.high)
    )
    interval = _("%(low)s to %(high)s") % {"low": low, "high": high} if low else ""
    return replace(number, text=number_format(number.value, decimals), interval=interval)


def _n_embargoed(release: Release | None) -> int:
    return release.manifest["embargo"]["exams"] if release else 0


def _address(request: SignedInRequest) -> str:
    return request.build_absolute_uri(reverse("api-team-scores"))
