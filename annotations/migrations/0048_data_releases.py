"""Data releases and their files, which never change once they are ready."""

import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


GUARDS = """
create function release_refuse_change() returns trigger language plpgsql as $$
begin
    if old.finished_at is not null and old.failure = '' then
        raise exception 'a data release never changes'
            using errcode = 'check_violation', constraint = 'release_is_immutable';
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end $$;

create trigger release_is_immutable before update or delete on annotations_release
    for each row execute function release_refuse_change();

create function releasechunk_refuse_change() returns trigger language plpgsql as $$
declare
    touched bigint := case when tg_op = 'INSERT' then new.release_id else old.release_id end;
begin
    if exists (select from annotations_release
                where id = touched and finished_at is not null and failure = '') then
        raise exception 'the file of a data release never changes'
            using errcode = 'check_violation', constraint = 'release_file_is_immutable';
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end $$;

create trigger release_file_is_immutable
    before insert or update or delete on annotations_releasechunk
    for each row execute function releasechunk_refuse_change();

-- Neither role has a right to them: services check who asks, and read as the owner.
alter table annotations_release enable row level security;
alter table annotations_releasechunk enable row level security;
-- A file is compressed already.
alter table annotations_releasechunk alter column content set storage external;
"""

UNDO_GUARDS = """
drop trigger release_is_immutable on annotations_release;
drop trigger release_file_is_immutable on annotations_releasechunk;
drop function release_refuse_change();
drop function releasechunk_refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('annotations', "0046_adjudication"),
    ]

    operations = [
        migrations.AddField(
            model_name='dataset',
            name='allows_source_keys',
            field=models.BooleanField(db_default=False, default=False, help_text='Whether data releases may contain the names of exams in the source.'),
        ),
        migrations.CreateModel(
            name='Release',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('major', models.PositiveSmallIntegerField()),
                ('minor', models.PositiveSmallIntegerField()),
                ('requested_at', models.DateTimeField()),
                ('released_on', models.CharField(max_length=7)),
                ('formats', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None)),
                ('licence', models.CharField(max_length=60)),
                ('authors', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120), blank=True, default=list, size=None)),
                ('has_signals', models.BooleanField(default=False)),
                ('n_folds', models.PositiveSmallIntegerField(default=0)),
                ('n_attempts', models.PositiveSmallIntegerField(default=0)),
                ('started_at', models.DateTimeField(help_text='The last attempt.', null=True)),
                ('n_done', models.PositiveSmallIntegerField(default=0)),
                ('n_total', models.PositiveSmallIntegerField(default=0)),
                ('canceled_at', models.DateTimeField(help_text='When somebody asked to stop it.', null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('failure', models.CharField(blank=True, help_text='Name of the error that ended the last attempt.', max_length=80)),
                ('batches', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('manifest', models.JSONField(default=dict)),
                ('manifest_digest', models.CharField(blank=True, max_length=64)),
                ('index', models.BinaryField(default=bytes)),
                ('digest', models.CharField(blank=True, help_text='SHA-256 of the file.', max_length=64)),
                ('n_bytes', models.PositiveBigIntegerField(default=0)),
                ('requested_by', models.ForeignKey(help_text='Nobody if a command requested it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='annotations.study')),
            ],
        ),
        migrations.CreateModel(
            name='ReleaseChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('content', models.BinaryField()),
                ('release', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='annotations.release')),
            ],
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.UniqueConstraint(fields=('key',), name='release_key_once'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.UniqueConstraint(condition=models.Q(('finished_at', None), ('failure', ''), _connector='OR'), fields=('study', 'major', 'minor'), name='release_version_once'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.UniqueConstraint(condition=models.Q(('finished_at', None)), fields=('study',), name='release_unfinished_once'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.CheckConstraint(condition=models.Q(('major__gte', 1)), name='release_counts_from_one'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.CheckConstraint(condition=models.Q(('released_on__regex', '^[0-9]{4}-[01][0-9]$')), name='release_has_a_month'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.CheckConstraint(condition=models.Q(('licence__in', ('CC0-1.0', 'CC-BY-4.0', 'CC-BY-SA-4.0', 'CC-BY-NC-4.0', 'CC-BY-NC-SA-4.0', 'ODbL-1.0', 'ODC-By-1.0', 'LicenseRef-unlicensed'))), name='release_licence_is_known'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.CheckConstraint(condition=models.Q(('formats__len__gte', 1)), name='release_has_a_format'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.CheckConstraint(condition=models.Q(('n_folds', 0), models.Q(('n_folds__gte', 2), ('n_folds__lte', 100)), _connector='OR'), name='release_has_no_or_several_folds'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('digest__regex', '^[0-9a-f]{64}$'), ('failure', ''), ('finished_at__isnull', False), ('manifest_digest__regex', '^[0-9a-f]{64}$'), ('n_bytes__gt', 0), models.Q(('manifest', {}), _negated=True), models.Q(('index', b''), _negated=True)), models.Q(('digest', ''), ('finished_at', None), ('manifest_digest', ''), ('n_bytes', 0)), models.Q(models.Q(('failure', ''), _negated=True), ('digest', ''), ('manifest_digest', ''), ('n_bytes', 0)), _connector='OR'), name='release_ready_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='releasechunk',
            constraint=models.UniqueConstraint(fields=('release', 'number'), name='release_chunk_once'),
        ),
        migrations.AddConstraint(
            model_name='releasechunk',
            constraint=models.CheckConstraint(condition=models.Q(('content', b''), _negated=True), name='release_chunk_has_content'),
        ),
        migrations.RunSQL(GUARDS, UNDO_GUARDS),
    ]
