"""Adjudication of the classes in dispute: what is asked, and what adjudicators decide.

Each trigger raises an integrity error that carries a constraint name, like any other constraint:
adjudication_is_immutable, adjudication_has_all_its_decisions, adjudication_is_by_its_adjudicator,
adjudication_is_in_an_open_batch. Tests break each of them.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


READER = "ecg_reader"

TABLES = (
    "annotations_adjudication", "annotations_adjudicationcase",
    "annotations_adjudicationdecision", "annotations_committeesession",
    "annotations_committeesession_attendees",
)

# The rows show how others read an exam. Services check who asks, and work as the owner.
PROTECT = "".join(f"alter table {table} enable row level security;\n" for table in TABLES) + f"""
grant select (adjudication_mode, is_committee, has_audit_form) on annotations_batch to {READER};
"""

UNDO_PROTECT = "".join(f"alter table {table} disable row level security;\n" for table in TABLES)

GUARDS = """
create function adjudication_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'a submitted adjudication never changes'
        using errcode = 'check_violation', constraint = 'adjudication_is_immutable';
end $$;

create trigger adjudication_is_immutable before update or delete on annotations_adjudication
    for each row execute function adjudication_refuse_change();

create trigger adjudication_decision_is_immutable
    before update or delete on annotations_adjudicationdecision
    for each row execute function adjudication_refuse_change();

create function adjudication_check_assignment() returns trigger language plpgsql as $$
declare
    given record;
begin
    select a.reader_id, b.closed_at into given
      from annotations_assignment a join annotations_batch b on b.id = a.batch_id
     where a.id = new.assignment_id;
    if given.reader_id <> new.adjudicator_id then
        raise exception 'assignment % belongs to somebody else', new.assignment_id
            using errcode = 'check_violation', constraint = 'adjudication_is_by_its_adjudicator';
    end if;
    if given.closed_at is not null then
        raise exception 'the batch of assignment % is closed', new.assignment_id
            using errcode = 'check_violation', constraint = 'adjudication_is_in_an_open_batch';
    end if;
    return new;
end $$;

create trigger adjudication_is_of_its_assignment before insert on annotations_adjudication
    for each row execute function adjudication_check_assignment();

create function adjudication_check_decisions(wanted bigint) returns void language plpgsql as $$
declare
    n_expected integer;
    n_found integer;
begin
    select a.n_decisions,
           (select count(*) from annotations_adjudicationdecision d where d.adjudication_id = a.id)
      into n_expected, n_found from annotations_adjudication a where a.id = wanted;
    if n_found <> n_expected then
        raise exception 'adjudication % has % decisions, not the % it was submitted with',
            wanted, n_found, n_expected
            using errcode = 'check_violation', constraint = 'adjudication_has_all_its_decisions';
    end if;
end $$;

create function adjudication_check_own_decisions() returns trigger language plpgsql as $$
begin
    perform adjudication_check_decisions(new.id);
    return null;
end $$;

create function adjudication_decision_check() returns trigger language plpgsql as $$
begin
    perform adjudication_check_decisions(new.adjudication_id);
    return null;
end $$;

create constraint trigger adjudication_has_all_its_decisions
    after insert on annotations_adjudication
    deferrable initially deferred for each row when (new.n_decisions > 0)
    execute function adjudication_check_own_decisions();

create constraint trigger adjudication_decision_was_submitted
    after insert on annotations_adjudicationdecision
    deferrable initially deferred for each row execute function adjudication_decision_check();
"""

UNDO_GUARDS = """
drop trigger adjudication_decision_was_submitted on annotations_adjudicationdecision;
drop trigger adjudication_has_all_its_decisions on annotations_adjudication;
drop trigger adjudication_is_of_its_assignment on annotations_adjudication;
drop trigger adjudication_decision_is_immutable on annotations_adjudicationdecision;
drop trigger adjudication_is_immutable on annotations_adjudication;
drop function adjudication_decision_check();
drop function adjudication_check_own_decisions();
drop function adjudication_check_decisions(bigint);
drop function adjudication_check_assignment();
drop function adjudication_refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('annotations', '0045_consensus_rules'),
    ]

    operations = [
        migrations.CreateModel(
            name='Adjudication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mode', models.CharField(choices=[('masked', 'No votes'), ('open', 'All votes, readers unnamed'), ('masked_then_open', 'No votes at first, then all votes')], max_length=20)),
                ('stage', models.CharField(choices=[('masked', 'Before the votes were shown'), ('open', 'With the votes'), ('discussed', 'After the discussion')], max_length=10)),
                ('key', models.UUIDField()),
                ('shown', models.JSONField(default=dict)),
                ('is_unreadable', models.BooleanField(default=False)),
                ('comment', models.TextField(blank=True)),
                ('n_decisions', models.PositiveSmallIntegerField()),
                ('better_report', models.CharField(blank=True, choices=[('report_1', 'Report 1'), ('report_2', 'Report 2'), ('both', 'Both'), ('neither', 'Neither')], max_length=10)),
                ('would_change_conduct', models.BooleanField(blank=True, null=True)),
                ('error_types', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('missed', 'Missed finding'), ('false', 'Finding that is not present'), ('mistaken', 'One finding mistaken for another'), ('artifact', 'Artifact or lead reversal not noticed'), ('measurement', 'Wrong measurement'), ('other', 'Other')], max_length=15), blank=True, default=list, size=None)),
                ('submitted_at', models.DateTimeField()),
                ('active_ms', models.PositiveIntegerField(default=0)),
                ('idle_ms', models.PositiveIntegerField(default=0)),
                ('display', models.JSONField(default=dict, help_text='Layout, speed, gain, filter, px/mm.')),
            ],
        ),
        migrations.CreateModel(
            name='AdjudicationCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('asks_readability', models.BooleanField(default=False)),
                ('agreed', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('readings', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
            ],
        ),
        migrations.CreateModel(
            name='AdjudicationDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answer', models.CharField(choices=[('present', 'Present'), ('absent', 'Absent'), ('not_decidable', 'Not decidable')], max_length=15)),
                ('overrules', models.BooleanField(default=False)),
                ('reason', models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name='CommitteeSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='consensus',
            name='consensus_bases_are_known',
        ),
        migrations.AddField(
            model_name='batch',
            name='adjudication_mode',
            field=models.CharField(blank=True, choices=[('masked', 'No votes'), ('open', 'All votes, readers unnamed'), ('masked_then_open', 'No votes at first, then all votes')], help_text='Blank: adjudicators read the whole exam.', max_length=20),
        ),
        migrations.AddField(
            model_name='batch',
            name='has_audit_form',
            field=models.BooleanField(default=False, help_text='Adjudicators also say which of two reports is right.'),
        ),
        migrations.AddField(
            model_name='batch',
            name='is_committee',
            field=models.BooleanField(default=False, help_text='Its members vote, discuss, and vote again.'),
        ),
        migrations.AlterField(
            model_name='consensus',
            name='rest_basis',
            field=models.CharField(blank=True, choices=[('unanimous', 'All votes agree'), ('majority', 'Majority of the votes'), ('enough_votes', 'As many votes as the rule asks for'), ('too_few_votes', 'Fewer votes than the rule asks for'), ('skill', 'Votes weighted by skill'), ('posterior', 'Posterior probability'), ('adjudication', 'Adjudication'), ('overruled', 'Agreement overruled in adjudication'), ('tie', 'Votes are tied'), ('disagreement', 'Readers disagree'), ('single_vote', 'Only one vote, and it is for the class'), ('uncertain', 'Posterior probability between the thresholds'), ('not_identified', 'Votes are tied, and the readings do not support a posterior probability'), ('excluded', 'A class that excludes it has enough votes too'), ('implied', 'A class has enough votes, but not the class that it implies'), ('no_class_shared', 'No two readers marked the same class'), ('readability', 'Readers disagree about whether the exam is readable'), ('readings_missing', 'Readings are missing'), ('reread_pending', 'To be reread with the new classes'), ('no_second_vote', 'Fewer than two readers assessed the class'), ('not_decidable', 'Not decidable, according to adjudication'), ('unreadable', 'The exam is unreadable')], help_text='Why the others have rest_state.', max_length=20),
        ),
        migrations.AlterField(
            model_name='study',
            name='adjudication',
            field=models.CharField(choices=[('masked', 'No votes'), ('open', 'All votes, readers unnamed'), ('masked_then_open', 'No votes at first, then all votes')], default='masked', max_length=20),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('adjudication_mode', ''), ('has_audit_form', False), ('is_committee', False)), models.Q(('adjudication_mode__in', ['masked', 'open', 'masked_then_open']), ('purpose', 'adjudication')), _connector='OR'), name='batch_adjudication_mode_is_known'),
        ),
        migrations.AddConstraint(
            model_name='consensus',
            constraint=models.CheckConstraint(condition=models.Q(models.Func(models.F('bases'), models.Value('strict $.type() == "object" && !exists($.* ? (!(@ == "unanimous" || @ == "majority" || @ == "enough_votes" || @ == "too_few_votes" || @ == "skill" || @ == "posterior" || @ == "adjudication" || @ == "overruled" || @ == "tie" || @ == "disagreement" || @ == "single_vote" || @ == "uncertain" || @ == "not_identified" || @ == "excluded" || @ == "implied" || @ == "no_class_shared" || @ == "readability" || @ == "readings_missing" || @ == "reread_pending" || @ == "no_second_vote" || @ == "not_decidable" || @ == "unreadable")))'), function='jsonb_path_match', output_field=models.BooleanField()), models.Q(('rest_basis', ''), ('rest_basis__in', ['unanimous', 'majority', 'enough_votes', 'too_few_votes', 'skill', 'posterior', 'adjudication', 'overruled', 'tie', 'disagreement', 'single_vote', 'uncertain', 'not_identified', 'excluded', 'implied', 'no_class_shared', 'readability', 'readings_missing', 'reread_pending', 'no_second_vote', 'not_decidable', 'unreadable']), _connector='OR')), name='consensus_bases_are_known'),
        ),
        migrations.AddField(
            model_name='adjudication',
            name='adjudicator',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='adjudication',
            name='assignment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='adjudications', to='annotations.assignment'),
        ),
        migrations.AddField(
            model_name='adjudicationcase',
            name='batch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cases', to='annotations.batch'),
        ),
        migrations.AddField(
            model_name='adjudicationcase',
            name='exam',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotations.exam'),
        ),
        migrations.AddField(
            model_name='adjudicationdecision',
            name='adjudication',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='decisions', to='annotations.adjudication'),
        ),
        migrations.AddField(
            model_name='adjudicationdecision',
            name='diagnostic_class',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotations.diagnosticclass'),
        ),
        migrations.AddField(
            model_name='committeesession',
            name='attendees',
            field=models.ManyToManyField(related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='committeesession',
            name='batch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='annotations.batch'),
        ),
        migrations.AddField(
            model_name='committeesession',
            name='opened_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='adjudication',
            constraint=models.UniqueConstraint(fields=('assignment', 'stage'), name='adjudication_once_per_stage'),
        ),
        migrations.AddConstraint(
            model_name='adjudication',
            constraint=models.UniqueConstraint(fields=('adjudicator', 'key'), name='adjudication_key_once'),
        ),
        migrations.AddConstraint(
            model_name='adjudication',
            constraint=models.CheckConstraint(condition=models.Q(('mode__in', ['masked', 'open', 'masked_then_open'])), name='adjudication_mode_is_known'),
        ),
        migrations.AddConstraint(
            model_name='adjudication',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('mode', 'masked'), ('stage', 'masked')), models.Q(('mode', 'open'), ('stage', 'open')), models.Q(('mode', 'masked_then_open'), ('stage__in', ['masked', 'open'])), ('stage', 'discussed'), _connector='OR'), name='adjudication_stage_is_of_its_mode'),
        ),
        migrations.AddConstraint(
            model_name='adjudication',
            constraint=models.CheckConstraint(condition=models.Q(('is_unreadable', False), ('n_decisions', 0), _connector='OR'), name='adjudication_of_the_unreadable_is_empty'),
        ),
        migrations.AddConstraint(
            model_name='adjudication',
            constraint=models.CheckConstraint(condition=models.Q(('better_report', ''), ('better_report__in', ['report_1', 'report_2', 'both', 'neither']), _connector='OR'), name='adjudication_better_report_is_known'),
        ),
        migrations.AddConstraint(
            model_name='adjudication',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('better_report', ''), ('error_types', []), ('would_change_conduct', None)), models.Q(models.Q(('better_report', ''), _negated=True), ('would_change_conduct__isnull', False)), _connector='OR'), name='adjudication_audit_form_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='adjudication',
            constraint=models.CheckConstraint(condition=models.Q(('error_types__contained_by', ['missed', 'false', 'mistaken', 'artifact', 'measurement', 'other'])), name='adjudication_error_types_are_known'),
        ),
        migrations.AddConstraint(
            model_name='adjudicationcase',
            constraint=models.UniqueConstraint(fields=('batch', 'exam'), name='case_once'),
        ),
        migrations.AddConstraint(
            model_name='adjudicationdecision',
            constraint=models.UniqueConstraint(fields=('adjudication', 'diagnostic_class'), name='adjudication_decision_once'),
        ),
        migrations.AddConstraint(
            model_name='adjudicationdecision',
            constraint=models.CheckConstraint(condition=models.Q(('answer__in', ['present', 'absent', 'not_decidable'])), name='adjudication_answer_is_known'),
        ),
        migrations.AddConstraint(
            model_name='adjudicationdecision',
            constraint=models.CheckConstraint(condition=models.Q(('overrules', False), models.Q(models.Q(('reason', ''), _negated=True), models.Q(('answer', 'not_decidable'), _negated=True)), _connector='OR'), name='adjudication_overruling_gives_its_reason'),
        ),
        migrations.AddConstraint(
            model_name='committeesession',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('batch',), name='committee_session_open_once'),
        ),
        migrations.AddConstraint(
            model_name='committeesession',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at', None), ('closed_at__gte', models.F('opened_at')), _connector='OR'), name='committee_session_ends_after_it_begins'),
        ),
        migrations.RunSQL(PROTECT, UNDO_PROTECT),
        migrations.RunSQL(GUARDS, UNDO_GUARDS),
    ]
