"""Versioned lists of diagnostic classes. An installed version never changes."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ecgreview.published_readings import CODE_TEST

# Lists that are installed by an import of published readings. New studies do not default to them.
_IS_OF_PUBLISHED_READINGS = models.Q(name=CODE_TEST)


class TaxonomyQuerySet(models.QuerySet["Taxonomy"]):
    def newest(self) -> Taxonomy:
        """Return the latest installed taxonomy that does not belong to published readings.

        Raises:
            Taxonomy.DoesNotExist: none is installed.
        """
        return self.exclude(_IS_OF_PUBLISHED_READINGS).latest("installed_at", "pk")

    def newest_first(self) -> TaxonomyQuerySet:
        """Sort by installation, newest first, with taxonomies of published readings last."""
        is_other = models.ExpressionWrapper(_IS_OF_PUBLISHED_READINGS, models.BooleanField())
        return self.order_by(is_other, "-installed_at", "-pk")


class Taxonomy(models.Model):
    """One version of a list of classes. It never changes after it is installed."""

    name = models.CharField(max_length=80)
    version = models.CharField(max_length=40)
    status = models.CharField(max_length=200)
    banner = models.TextField()
    banner_pt = models.TextField(blank=True)
    installed_at = models.DateTimeField()

    objects = TaxonomyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "taxonomies"
        constraints = [
            models.UniqueConstraint(name="taxonomy_version_once", fields=["name", "version"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def local_banner(self) -> str:
        """The banner about the origin of the list, in the language of the page."""
        return self.banner_pt if _speaks_portuguese() and self.banner_pt else self.banner


class DiagnosticGroup(models.Model):
    """A group of classes, shown as a heading."""

    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.CASCADE, related_name="groups")
    code = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    name_pt = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="group_code_once", fields=["taxonomy", "code"]),
            models.UniqueConstraint(name="group_position_once", fields=["taxonomy", "position"]),
        ]

    def __str__(self) -> str:
        return self.local_name

    @property
    def local_name(self) -> str:
        return self.name_pt if _speaks_portuguese() else self.name


class Evidence(models.TextChoices):
    """How well documented it is that CODE-II uses the class."""

    CODE_II = "A", _("published in a CODE-II source")
    NETWORK = "B", _("published in another source of the same network")
    FIELD = "C", _("from the standards of the field")


class DiagnosticClass(models.Model):
    """One of the classes that a reader can choose."""

    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.CASCADE, related_name="classes")
    group = models.ForeignKey(DiagnosticGroup, on_delete=models.CASCADE, related_name="classes")
    code = models.SlugField(max_length=60)
    abbreviation = models.CharField(max_length=20)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=200)
    name_pt = models.CharField(max_length=200)
    definition = models.TextField()
    definition_pt = models.TextField(blank=True)
    is_exclusive = models.BooleanField(default=False)
    codes = models.JSONField(
        default=dict, help_text="Codes of other vocabularies, by vocabulary, with their match."
    )
    evidence = models.CharField(max_length=1, choices=Evidence)
    sources = models.JSONField(default=list)
    note = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "diagnostic classes"
        constraints = [
            models.UniqueConstraint(name="class_code_once", fields=["taxonomy", "code"]),
            models.UniqueConstraint(
                name="class_abbreviation_once", fields=["taxonomy", "abbreviation"]
            ),
            models.UniqueConstraint(name="class_position_once", fields=["taxonomy", "position"]),
            models.CheckConstraint(
                name="class_evidence_is_known", condition=models.Q(evidence__in=Evidence.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.abbreviation}: {self.local_name}"

    @property
    def local_name(self) -> str:
        return self.name_pt if _speaks_portuguese() else self.name

    @property
    def local_definition(self) -> str:
        return (
            self.definition_pt if _speaks_portuguese() and self.definition_pt else self.definition
        )


class RelationKind(models.TextChoices):
    """What the presence of the first class means for the second."""

    EXCLUDES = "excludes", _("contradicts")
    IMPLIES = "implies", _("implies")
    SOFT_CONFLICT = "soft_conflicts", _("rarely occurs with")


class ClassRelation(models.Model):
    """A directed relation between two classes of one taxonomy."""

    source = models.ForeignKey(DiagnosticClass, on_delete=models.CASCADE, related_name="relations")
    target = models.ForeignKey(DiagnosticClass, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=RelationKind)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="relation_once", fields=["source", "target", "kind"]),
            models.CheckConstraint(
                name="relation_joins_two_classes",
                condition=~models.Q(source=models.F("target")),
            ),
            models.CheckConstraint(
                name="relation_kind_is_known", condition=models.Q(kind__in=RelationKind.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source.code} {self.kind} {self.target.code}"


class ChangeKind(models.TextChoices):
    """What the next version of a list does with classes."""

    KEEP = "keep", _("Kept")
    RENAME = "rename", _("Renamed")
    MERGE = "merge", _("Merged")
    SPLIT = "split", _("Split")
    RETIRE = "retire", _("Retired")
    ADD = "add", _("Added")


class TaxonomyChange(models.Model):
    """One line of the mapping from one version of a list to the next."""

    old = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, related_name="changes_from")
    new = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, related_name="changes_to")
    kind = models.CharField(max_length=10, choices=ChangeKind)
    sources = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    targets = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="taxonomy_change_once", fields=["old", "new", "position"]),
            models.CheckConstraint(
                name="taxonomy_change_is_known", condition=models.Q(kind__in=ChangeKind.values)
            ),
            models.CheckConstraint(
                name="taxonomy_change_between_two", condition=~models.Q(old=models.F("new"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {', '.join(self.sources)} -> {', '.join(self.targets)}"


def _speaks_portuguese() -> bool:
    return (get_language() or "en").startswith("pt")
