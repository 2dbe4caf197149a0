"""Gold exams: a study's exams with a known reference, hidden among its readers' exams."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# The triggers run as the owner: a planner who reads in the study may not see which exams are gold.
GUARDS = """
create function gold_exam_check_pool() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public as $$
begin
    if exists (select from annotations_goldexam g join annotations_studyexam p
                 on p.study_id = g.study_id and p.exam_id = g.exam_id
                where g.study_id = new.study_id and g.exam_id = new.exam_id) then
        raise exception 'exam % is in the exam pool and in the gold set', new.exam_id
            using errcode = 'check_violation', constraint = 'gold_exam_is_outside_the_pool';
    end if;
    return null;
end $$;

create trigger gold_exam_is_outside_the_pool after insert or update on annotations_goldexam
    for each row execute function gold_exam_check_pool();
create trigger gold_exam_is_outside_the_pool after insert or update on annotations_studyexam
    for each row execute function gold_exam_check_pool();

create function gold_assignment_check() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public as $$
begin
    if not exists (select from annotations_batch b join annotations_goldexam g
                     on g.study_id = b.study_id
                    where b.id = new.batch_id and b.purpose = 'data' and b.handout = 'named'
                      and g.exam_id = new.exam_id) then
        raise exception 'exam % is no gold exam of this batch', new.exam_id
            using errcode = 'check_violation', constraint = 'gold_assignment_is_of_the_set';
    end if;
    if exists (select from annotations_assignment a join annotations_batch b on b.id = a.batch_id
                where a.exam_id = new.exam_id and a.reader_id = new.reader_id and a.id <> new.id
                  and b.study_id = (select study_id from annotations_batch
                                     where id = new.batch_id)) then
        raise exception 'reader % had exam % before', new.reader_id, new.exam_id
            using errcode = 'check_violation', constraint = 'gold_assignment_once_per_reader';
    end if;
    return null;
end $$;

create trigger gold_assignment_is_of_the_set after insert on annotations_assignment
    for each row when (new.occurrence = 3) execute function gold_assignment_check();

create function gold_exam_check_removal() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public as $$
begin
    if exists (select from annotations_assignment a join annotations_batch b on b.id = a.batch_id
                where b.study_id = old.study_id and a.exam_id = old.exam_id) then
        raise exception 'gold exam % is assigned', old.exam_id
            using errcode = 'check_violation', constraint = 'gold_exam_stays_once_assigned';
    end if;
    return null;
end $$;

create trigger gold_exam_stays_once_assigned after delete on annotations_goldexam
    for each row execute function gold_exam_check_removal();
"""

UNDO_GUARDS = """
drop trigger gold_exam_stays_once_assigned on annotations_goldexam;
drop trigger gold_assignment_is_of_the_set on annotations_assignment;
drop trigger gold_exam_is_outside_the_pool on annotations_studyexam;
drop trigger gold_exam_is_outside_the_pool on annotations_goldexam;
drop function gold_exam_check_removal();
drop function gold_assignment_check();
drop function gold_exam_check_pool();
"""

# Readers may read all columns of a study but its seed; see 0038. The share of gold exams is part
# of the protocol; which exams they are is hidden from everybody who reads in the study.
SEEN = "study_id <> all ((select row_security_blinding())::bigint[])"
RIGHTS = f"""
grant select (gold_fraction) on annotations_study to ecg_reader;
alter table annotations_goldexam enable row level security;
grant select, insert, update, delete on annotations_goldexam to ecg_manager;
create policy gold_ecg_manager_all on annotations_goldexam
    for all to ecg_manager using ({SEEN}) with check ({SEEN});
"""
UNDO_RIGHTS = """
drop policy gold_ecg_manager_all on annotations_goldexam;
revoke select (gold_fraction) on annotations_study from ecg_reader;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('annotations', "0049_dispute_queue"),
    ]

    operations = [
        migrations.CreateModel(
            name='GoldExam',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('codes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('named_at', models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='assignment',
            name='assignment_occurrence_is_known',
        ),
        migrations.AddField(
            model_name='study',
            name='gold_fraction',
            field=models.FloatField(default=0.0, help_text="Share of each reader's exams that are hidden gold exams."),
        ),
        migrations.AlterField(
            model_name='assignment',
            name='occurrence',
            field=models.PositiveSmallIntegerField(choices=[(1, 'First'), (2, 'Hidden repeat'), (3, 'Hidden gold exam')], default=1),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('occurrence__in', [1, 2, 3])), name='assignment_occurrence_is_known'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.CheckConstraint(condition=models.Q(('gold_fraction__gte', 0), ('gold_fraction__lte', 0.2)), name='study_gold_at_most_a_fifth'),
        ),
        migrations.AddField(
            model_name='goldexam',
            name='exam',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotations.exam'),
        ),
        migrations.AddField(
            model_name='goldexam',
            name='named_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='goldexam',
            name='study',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='gold_exams', to='annotations.study'),
        ),
        migrations.AddConstraint(
            model_name='goldexam',
            constraint=models.UniqueConstraint(fields=('study', 'exam'), name='gold_exam_once'),
        ),
        migrations.RunSQL(GUARDS, UNDO_GUARDS),
        migrations.RunSQL(RIGHTS, UNDO_RIGHTS),
    ]
