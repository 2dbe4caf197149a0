"""Releases with embargoed labels, teams that predict them, and their scores."""

import django.db.models.deletion
import django.db.models.functions.text
import uuid
from django.conf import settings
from django.db import migrations, models


GUARDS = """
create function scoredpredictions_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'scores never change'
        using errcode = 'check_violation', constraint = 'scored_predictions_are_immutable';
end $$;

create trigger scored_predictions_are_immutable
    before update or delete on annotations_scoredpredictions
    for each row execute function scoredpredictions_refuse_change();

create function scoredpredictions_refuse_attempt() returns trigger language plpgsql as $$
declare
    allowed annotations_scoringteam%rowtype;
begin
    select * into allowed from annotations_scoringteam where id = new.team_id for update;
    if new.number > allowed.max_attempts then
        raise exception 'the team has no attempts left'
            using errcode = 'check_violation', constraint = 'scored_predictions_within_limit';
    end if;
    if not exists (select from annotations_release
                    where id = new.release_id and study_id = allowed.study_id
                      and embargo <> 'none' and finished_at is not null and failure = '') then
        raise exception 'the release has no embargoed labels of the study of the team'
            using errcode = 'check_violation', constraint = 'scored_predictions_of_an_embargo';
    end if;
    return new;
end $$;

create trigger scored_predictions_guard before insert on annotations_scoredpredictions
    for each row execute function scoredpredictions_refuse_attempt();

-- Neither role has a right to them: services check who asks, and read as the owner.
alter table annotations_scoringteam enable row level security;
alter table annotations_scoredpredictions enable row level security;
"""

UNDO_GUARDS = """
drop trigger scored_predictions_are_immutable on annotations_scoredpredictions;
drop trigger scored_predictions_guard on annotations_scoredpredictions;
drop function scoredpredictions_refuse_change();
drop function scoredpredictions_refuse_attempt();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('annotations', '0055_default_consensus_rule'),
    ]

    operations = [
        migrations.CreateModel(
            name='ScoredPredictions',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('scored_at', models.DateTimeField()),
                ('digest', models.CharField(max_length=64)),
                ('n_bytes', models.PositiveIntegerField()),
                ('scores', models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name='ScoringTeam',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('name', models.CharField(max_length=80)),
                ('max_attempts', models.PositiveSmallIntegerField()),
                ('token_digest', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='release',
            name='embargo',
            field=models.CharField(db_default='none', default='none', help_text='Of which exams labels and readings are embargoed.', max_length=20),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.CheckConstraint(condition=models.Q(('embargo__in', ['none', 'last_fold', 'all'])), name='release_embargo_is_known'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.CheckConstraint(condition=models.Q(('embargo', 'last_fold'), ('n_folds', 0), _negated=True), name='release_embargo_has_its_fold'),
        ),
        migrations.AddField(
            model_name='scoredpredictions',
            name='release',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotations.release'),
        ),
        migrations.AddField(
            model_name='scoredpredictions',
            name='scored_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='scoringteam',
            name='created_by',
            field=models.ForeignKey(help_text='Nobody if a command created it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='scoringteam',
            name='study',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='scoring_teams', to='annotations.study'),
        ),
        migrations.AddField(
            model_name='scoredpredictions',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='annotations.scoringteam'),
        ),
        migrations.AddConstraint(
            model_name='scoringteam',
            constraint=models.UniqueConstraint(fields=('key',), name='scoring_team_key_once'),
        ),
        migrations.AddConstraint(
            model_name='scoringteam',
            constraint=models.UniqueConstraint(models.F('study'), django.db.models.functions.text.Lower('name'), name='scoring_team_name_once'),
        ),
        migrations.AddConstraint(
            model_name='scoringteam',
            constraint=models.UniqueConstraint(fields=('token_digest',), name='scoring_team_token_once'),
        ),
        migrations.AddConstraint(
            model_name='scoringteam',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='scoring_team_has_a_name'),
        ),
        migrations.AddConstraint(
            model_name='scoringteam',
            constraint=models.CheckConstraint(condition=models.Q(('max_attempts__gte', 1), ('max_attempts__lte', 100)), name='scoring_team_has_attempts'),
        ),
        migrations.AddConstraint(
            model_name='scoringteam',
            constraint=models.CheckConstraint(condition=models.Q(('token_digest__regex', '^[0-9a-f]{64}$')), name='scoring_team_token_is_digested'),
        ),
        migrations.AddConstraint(
            model_name='scoredpredictions',
            constraint=models.UniqueConstraint(fields=('key',), name='scored_predictions_key_once'),
        ),
        migrations.AddConstraint(
            model_name='scoredpredictions',
            constraint=models.UniqueConstraint(fields=('team', 'number'), name='scored_predictions_number_once'),
        ),
        migrations.AddConstraint(
            model_name='scoredpredictions',
            constraint=models.UniqueConstraint(fields=('team', 'release', 'digest'), name='scored_predictions_file_once'),
        ),
        migrations.AddConstraint(
            model_name='scoredpredictions',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='scored_predictions_number_from_one'),
        ),
        migrations.AddConstraint(
            model_name='scoredpredictions',
            constraint=models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$')), name='scored_predictions_file_is_digested'),
        ),
        migrations.AddConstraint(
            model_name='scoredpredictions',
            constraint=models.CheckConstraint(condition=models.Q(('scores', {}), _negated=True), name='scored_predictions_have_scores'),
        ),
        migrations.RunSQL(GUARDS, UNDO_GUARDS),
    ]
