"""Count abstentions and classes that are not assessable.

An assignment says whether its reader abstained, for people who may not see readings: while the
batch is open, coordinators plan another reader, and a pool offers the exam again. An abstention
does not reveal a label.
"""

from django.db import migrations, models

ENDS_WAITING = """
create or replace function reading_ends_waiting() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public as $$
begin
    update annotations_assignment
       set state = 'read', lease_expires_at = null, is_abstained = (new.outcome = 'abstained')
     where id = new.assignment_id
       and (state <> 'read' or is_abstained <> (new.outcome = 'abstained'));
    -- The hidden repeat, if there is one, may come when the first reading is washed out.
    update annotations_assignment again
       set not_before = new.submitted_at + make_interval(days => s.washout_days)
      from annotations_assignment read
      join annotations_batch b on b.id = read.batch_id
      join annotations_study s on s.id = b.study_id
     where read.id = new.assignment_id and read.occurrence = 1
       and again.batch_id = read.batch_id and again.exam_id = read.exam_id
       and again.reader_id = read.reader_id and again.occurrence = 2 and again.state = 'waiting';
    return null;
end $$;
"""

UNDO_ENDS_WAITING = """
create or replace function reading_ends_waiting() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public as $$
begin
    update annotations_assignment set state = 'read', lease_expires_at = null
     where id = new.assignment_id and state <> 'read';
    -- The hidden repeat, if there is one, may come when the first reading is washed out.
    update annotations_assignment again
       set not_before = new.submitted_at + make_interval(days => s.washout_days)
      from annotations_assignment read
      join annotations_batch b on b.id = read.batch_id
      join annotations_study s on s.id = b.study_id
     where read.id = new.assignment_id and read.occurrence = 1
       and again.batch_id = read.batch_id and again.exam_id = read.exam_id
       and again.reader_id = read.reader_id and again.occurrence = 2 and again.state = 'waiting';
    return null;
end $$;
"""

FILL = """
update annotations_assignment a set is_abstained = true
  from annotations_reading r
 where r.assignment_id = a.id and r.stage = 'blind' and r.outcome = 'abstained'
   and not exists (select from annotations_reading later where later.supersedes_id = r.id);
"""


class Migration(migrations.Migration):
    dependencies = [("annotations", "0014_reading_depth_guards")]

    operations = [
        migrations.AddField(
            "assignment",
            "is_abstained",
            models.BooleanField(
                default=False,
                db_default=False,
                help_text="Its reader said that they are not competent: no reading of it.",
            ),
        ),
        migrations.AddField(
            "consensus", "n_unreadable", models.PositiveSmallIntegerField(default=0)
        ),
        migrations.AddField(
            "consensus",
            "not_assessable",
            models.JSONField(
                default=dict,
                blank=True,
                help_text="By how many readings, for each class that any said.",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "assignment",
            models.CheckConstraint(
                name="assignment_abstained_is_read",
                condition=models.Q(is_abstained=False) | models.Q(state="read"),
            ),
        ),
        migrations.RunSQL(ENDS_WAITING, UNDO_ENDS_WAITING),
    ]
