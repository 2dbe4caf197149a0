"""Verdicts of the criteria model, the correction of QT, and confirmations of suggestions.

The trigger of confirmations raises ``confirmation_is_of_a_shared_finding``: it runs as the owner,
because the user who writes the row may not see the rows that it is checked against.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

READER, MANAGER = "ecg_reader", "ecg_manager"
BOTH = f"{READER}, {MANAGER}"

ME = "(select nullif(current_setting('app.user_id', true), '')::bigint)"

DEFINER = "language plpgsql security definer set search_path = pg_catalog, public"

FORMULAS = ["bazett", "fridericia", "framingham", "hodges"]
CHOICES = [(one, one.title()) for one in FORMULAS]

CONFIRMATIONS = f"""
create function confirmation_check() returns trigger {DEFINER} as $$
begin
    if not exists (
            select from annotations_reading r
              join annotations_exposure e on e.assignment_id = r.assignment_id
              join annotations_suggestion s on s.run_id = e.run_id
              join annotations_diagnosticclass c on c.id = s.diagnostic_class_id
              join annotations_finding f on f.reading_id = r.id
              join annotations_diagnosticclass given on given.id = f.diagnostic_class_id
             where r.id = new.reading_id and r.stage = 'blind' and r.outcome = 'read'
               and e.run_id = new.run_id and e.arm = 'after_commit'
               and s.diagnostic_class_id = new.diagnostic_class_id and given.code = c.code
               and not exists (select from annotations_reading l
                                where l.assignment_id = r.assignment_id and l.stage = 'revised')) then
        raise exception 'reading % does not share the suggestion that is confirmed', new.reading_id
            using errcode = 'check_violation',
                  constraint = 'confirmation_is_of_a_shared_finding';
    end if;
    return new;
end $$;

create trigger confirmation_is_of_a_shared_finding before insert on annotations_confirmation
    for each row execute function confirmation_check();
create trigger confirmation_is_immutable before update or delete on annotations_confirmation
    for each row execute function reading_refuse_change();
"""

UNDO_CONFIRMATIONS = """
drop trigger confirmation_is_immutable on annotations_confirmation;
drop trigger confirmation_is_of_a_shared_finding on annotations_confirmation;
drop function confirmation_check();
"""

VISIBLE = "exists (select from annotations_reading r where r.id = reading_id)"
OWN = f"""exists (
    select from annotations_reading r where r.id = reading_id and r.reader_id = {ME})"""

RIGHTS = f"""
grant select, insert on annotations_confirmation to {BOTH};
alter table annotations_confirmation enable row level security;
create policy confirmation_both_select on annotations_confirmation
    for select to {BOTH} using ({VISIBLE});
create policy confirmation_both_insert on annotations_confirmation
    for insert to {BOTH} with check ({OWN});
"""

UNDO_RIGHTS = f"""
drop policy confirmation_both_insert on annotations_confirmation;
drop policy confirmation_both_select on annotations_confirmation;
alter table annotations_confirmation disable row level security;
revoke all on annotations_confirmation from {BOTH};
"""


def _formula(**options):
    return models.CharField(choices=CHOICES, max_length=15, **options)


def _class():
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="annotations.diagnosticclass",
    )


class Migration(migrations.Migration):
    dependencies = [("annotations", "0029_consensus_by_class")]

    operations = [
        migrations.AddField("study", "qt_correction", _formula(default="bazett")),
        migrations.AddField("batch", "qt_correction", _formula(default="bazett")),
        migrations.AddField(
            "suggestionmodel",
            "qt_correction",
            _formula(blank=True, default="", help_text="Blank: the same under every protocol."),
            preserve_default=False,
        ),
        migrations.AddField("suggestionrun", "verdicts", models.JSONField(blank=True, default=list)),
        migrations.AlterField("suggestion", "strength", models.FloatField(blank=True, null=True)),
        migrations.AddConstraint(
            "study",
            models.CheckConstraint(
                condition=Q(qt_correction__in=FORMULAS), name="study_qt_correction_is_known"
            ),
        ),
        migrations.AddConstraint(
            "batch",
            models.CheckConstraint(
                condition=Q(qt_correction__in=FORMULAS), name="batch_qt_correction_is_known"
            ),
        ),
        migrations.AddConstraint(
            "suggestionmodel",
            models.CheckConstraint(
                condition=Q(qt_correction__in=["", *FORMULAS]), name="model_qt_correction_is_known"
            ),
        ),
        migrations.CreateModel(
            name="Confirmation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("confirmed_at", models.DateTimeField()),
                ("diagnostic_class", _class()),
                (
                    "reading",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="confirmations",
                        to="annotations.reading",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confirmations",
                        to="annotations.suggestionrun",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("reading", "diagnostic_class"), name="confirmation_once_per_reading"
                    )
                ]
            },
        ),
        migrations.RunSQL(CONFIRMATIONS, UNDO_CONFIRMATIONS),
        migrations.RunSQL(RIGHTS, UNDO_RIGHTS),
    ]
