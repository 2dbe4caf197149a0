"""Teams keep their limit, and nothing is scored for a closed team."""

from django.db import migrations, models

GUARDS = """
create or replace function scoredpredictions_refuse_attempt() returns trigger language plpgsql as $$
declare
    allowed annotations_scoringteam%rowtype;
begin
    select * into allowed from annotations_scoringteam where id = new.team_id for update;
    if allowed.closed_at is not null then
        raise exception 'the team is closed'
            using errcode = 'check_violation', constraint = 'scored_predictions_of_an_open_team';
    end if;
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

create function scoringteam_refuse_change() returns trigger language plpgsql as $$
begin
    if old.study_id <> new.study_id or old.max_attempts <> new.max_attempts then
        raise exception 'a team keeps its study and its number of attempts'
            using errcode = 'check_violation', constraint = 'scoring_team_keeps_its_limit';
    end if;
    if old.closed_at is not null and new.closed_at is distinct from old.closed_at then
        raise exception 'a closed team stays closed'
            using errcode = 'check_violation', constraint = 'scoring_team_stays_closed';
    end if;
    return new;
end $$;

create trigger scoring_team_guard before update on annotations_scoringteam
    for each row execute function scoringteam_refuse_change();
"""

UNDO_GUARDS = """
drop trigger scoring_team_guard on annotations_scoringteam;
drop function scoringteam_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("annotations", "0056_embargoed_labels")]

    operations = [
        migrations.AlterField(
            model_name="release",
            name="failure",
            field=models.CharField(
                blank=True,
                help_text="Name of the error that ended the last attempt, or code of the refusal.",
                max_length=80,
            ),
        ),
        migrations.RunSQL(GUARDS, UNDO_GUARDS),
    ]
