"""Details of a version of the agreement besides its coefficients, and who may see them.

Rows are added with their version and never change: the trigger raises ``agreement_detail_stays``.
The policy is the row part of ``AgreementDetail.objects.visible_to()``: people who can see a version
can see its details. A test compares them.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

STAYS = """
create function agreement_detail_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'a detail of a version of the agreement never changes'
        using errcode = 'check_violation', constraint = 'agreement_detail_stays';
end $$;

create trigger agreement_detail_stays before update or delete on annotations_agreementdetail
    for each row execute function agreement_detail_refuse_change();
"""

UNDO_STAYS = """
drop trigger agreement_detail_stays on annotations_agreementdetail;
drop function agreement_detail_refuse_change();
"""

# The policy of reports also applies to this subquery.
PROTECT = """
alter table annotations_agreementdetail enable row level security;
grant select on annotations_agreementdetail to ecg_manager;
create policy details_ecg_manager_select on annotations_agreementdetail
    for select to ecg_manager
    using (exists (select from annotations_agreementreport r where r.id = report_id));
"""

UNDO_PROTECT = """
drop policy details_ecg_manager_select on annotations_agreementdetail;
"""

STAGES = ["waiting", "counting", "computing", "comparing", "storing", "done"]


class Migration(migrations.Migration):
    dependencies = [("annotations", "0022_notices_of_recounts")]

    operations = [
        migrations.CreateModel(
            name="AgreementDetail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("facts", "What is known of the study"),
                            ("reader", "A reader held against a reference"),
                            ("suggestions", "Suggestions shown and hidden, compared"),
                        ],
                        max_length=11,
                    ),
                ),
                (
                    "inputs_digest",
                    models.CharField(help_text="SHA-256 of all it was made from.", max_length=64),
                ),
                ("results", models.JSONField()),
                (
                    "reader",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="details",
                        to="annotations.agreementreport",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="agreementdetail",
            constraint=models.UniqueConstraint(
                fields=("report", "kind", "reader"),
                name="agreement_detail_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementdetail",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["facts", "reader", "suggestions"])),
                name="agreement_detail_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementdetail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "reader"), ("reader__isnull", False)),
                    models.Q(models.Q(("kind", "reader"), _negated=True), ("reader", None)),
                    _connector="OR",
                ),
                name="agreement_detail_of_reader_names_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementdetail",
            constraint=models.CheckConstraint(
                condition=models.Q(("results", {}), _negated=True),
                name="agreement_detail_has_results",
            ),
        ),
        migrations.RunSQL(STAYS, UNDO_STAYS),
        migrations.RunSQL(PROTECT, UNDO_PROTECT),
        migrations.RemoveConstraint("agreementrun", "agreement_run_stage_is_known"),
        migrations.AlterField(
            model_name="agreementrun",
            name="stage",
            field=models.CharField(
                choices=[
                    ("waiting", "Waiting"),
                    ("counting", "Counting new readings"),
                    ("computing", "Computing"),
                    ("comparing", "Comparing readers with references"),
                    ("storing", "Storing the report"),
                    ("done", "Done"),
                ],
                default="waiting",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="agreementrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("stage__in", STAGES)), name="agreement_run_stage_is_known"
            ),
        ),
    ]
