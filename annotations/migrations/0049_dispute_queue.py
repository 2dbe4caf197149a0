"""The dispute queue: the classes of each exam that deserve a second look, and their order.

A worker (``queue_upgrade``) places existing rows in the queue. Models and references may
contradict them, and SQL alone cannot translate such readings to the classes in force.
"""

import django.db.models.deletion
from django.db import migrations, models


# People who can see the consensus of a study can see its queue. As the study is a column, no row
# has to be looked up in another table.
RIGHTS = """
grant select on annotations_queuedcase to ecg_manager;
alter table annotations_queuedcase enable row level security;
create policy queue_of_open_studies on annotations_queuedcase
    for select to ecg_manager using (study_id = any ((select row_security_open_studies())::bigint[]));
"""
UNDO_RIGHTS = "drop policy queue_of_open_studies on annotations_queuedcase"


class Migration(migrations.Migration):

    dependencies = [
        ("annotations", "0048_data_releases"),
    ]

    operations = [
        migrations.CreateModel(
            name='QueuedCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('dispute', 'In dispute'), ('model', 'A model contradicts unanimous readers'), ('reference', 'Overruled without a record'), ('contradiction', 'Submitted with a class that excludes it'), ('sample', 'Random slice of unanimous exams')], max_length=15)),
            ],
        ),
        migrations.AddField(
            model_name='consensus',
            name='draw',
            field=models.FloatField(blank=True, help_text="In the random slice if below the slice's share.", null=True),
        ),
        migrations.AddField(
            model_name='consensus',
            name='expected_errors',
            field=models.FloatField(blank=True, help_text='Expected wrong labels among the marked classes.', null=True),
        ),
        migrations.AddField(
            model_name='consensus',
            name='n_cases',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Number of cases in the dispute queue.', null=True),
        ),
        migrations.AddField(
            model_name='consensus',
            name='n_disputed',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Number of classes in dispute.', null=True),
        ),
        migrations.AddIndex(
            model_name='consensus',
            index=models.Index(condition=models.Q(('n_cases__gt', 0)), fields=['study', '-expected_errors', 'exam'], name='consensus_by_errors'),
        ),
        migrations.AddIndex(
            model_name='consensus',
            index=models.Index(condition=models.Q(('n_cases__gt', 0)), fields=['study', '-n_disputed', 'exam'], name='consensus_by_disputes'),
        ),
        migrations.AddIndex(
            model_name='consensus',
            index=models.Index(condition=models.Q(('outcome', 'agreement')), fields=['study', 'draw'], name='consensus_by_draw'),
        ),
        migrations.AddIndex(
            model_name='consensus',
            index=models.Index(condition=models.Q(('n_cases', None)), fields=['study'], name='consensus_not_queued'),
        ),
        migrations.AddConstraint(
            model_name='consensus',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('draw', None), ('expected_errors', None), ('n_cases', None), ('n_disputed', None)), models.Q(('draw__gte', 0), ('draw__isnull', False), ('draw__lt', 1), ('expected_errors__gte', 0), ('expected_errors__isnull', False), ('n_cases__gte', models.F('n_disputed')), ('n_cases__isnull', False), ('n_disputed__isnull', False)), _connector='OR'), name='consensus_place_in_queue_is_whole'),
        ),
        migrations.AddField(
            model_name='queuedcase',
            name='consensus',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cases', to='annotations.consensus'),
        ),
        migrations.AddField(
            model_name='queuedcase',
            name='diagnostic_class',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotations.diagnosticclass'),
        ),
        migrations.AddField(
            model_name='queuedcase',
            name='study',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotations.study'),
        ),
        migrations.AddIndex(
            model_name='queuedcase',
            index=models.Index(fields=['study', 'diagnostic_class', 'kind'], name='queued_case_by_class'),
        ),
        migrations.AddIndex(
            model_name='queuedcase',
            index=models.Index(fields=['study', 'kind'], name='queued_case_by_kind'),
        ),
        migrations.AddConstraint(
            model_name='queuedcase',
            constraint=models.UniqueConstraint(fields=('consensus', 'kind', 'diagnostic_class'), name='queued_case_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='queuedcase',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ('dispute', 'model', 'reference', 'contradiction'))), name='queued_case_kind_is_stored'),
        ),
        migrations.AddConstraint(
            model_name='queuedcase',
            constraint=models.CheckConstraint(condition=models.Q(('diagnostic_class__isnull', False), ('kind', 'dispute'), _connector='OR'), name='queued_case_has_a_class'),
        ),
        migrations.RunSQL(RIGHTS, UNDO_RIGHTS),
    ]
