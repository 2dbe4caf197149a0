"""A consensus has a state for each class; "undecided" becomes "disputed" or "incomplete".

Stored results are converted, then computed again: data batches are marked as due.
"""

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import F, Func, Q, Value

STATES = ("present", "absent", "undecided", "incomplete", "not_assessed")
REASONS = (
    *("readings_missing", "reread_pending", "classes_disputed"),
    *("exclusive_classes", "readability_disputed", "no_class_shared"),
)
KNOWN = " || ".join(f'@ == "{state}"' for state in STATES)

IN_NEW_WORDS = """
update annotations_consensus
   set outcome = case
         when outcome <> 'undecided' then outcome
         when n_readings < 2 or reason like '%wait to be made again%' then 'incomplete'
         else 'disputed' end,
       reason = case
         when outcome <> 'undecided' then ''
         when reason like '%wait to be made again%' then 'reread_pending'
         when n_readings < 2 then 'readings_missing'
         when reason like 'Classes that exclude%' then 'exclusive_classes'
         when n_readings - n_unreadable < 2 then 'readability_disputed'
         else 'no_class_shared' end;
update annotations_consensus
   set rest_state = case outcome
         when 'disputed' then 'undecided'
         when 'incomplete' then 'incomplete'
         when 'unreadable' then 'not_assessed'
         else 'absent' end;
update annotations_consensus c
   set class_states = coalesce((
         select jsonb_object_agg(key, 'not_assessed') from jsonb_each_text(c.not_assessable)
          where c.n_readings - c.n_unreadable - value::int < 2), '{}')
       || coalesce((
         select jsonb_object_agg(d.code, 'present')
           from annotations_consensuslabel l
           join annotations_diagnosticclass d on d.id = l.diagnostic_class_id
          where l.consensus_id = c.id and l.is_present), '{}')
 where outcome in ('agreement', 'majority');
update annotations_batch set consensus_is_due = true
 where closed_at is not null and purpose not in ('practice', 'qualification')
   and study_id in (select study_id from annotations_consensus);

-- Rows that were updated twice have their foreign keys checked at the end: no table can be altered
-- before that.
set constraints all immediate;
set constraints all deferred;
"""

IN_OLD_WORDS = """
update annotations_consensus set outcome = 'undecided' where outcome in ('disputed', 'incomplete');
"""


class Migration(migrations.Migration):
    dependencies = [("annotations", "0028_token_grants")]

    operations = [
        migrations.AlterField(
            "study",
            "consensus_rule",
            models.CharField(default="majority_per_class", max_length=60),
        ),
        migrations.RemoveConstraint("consensus", "consensus_outcome_is_known"),
        migrations.AddField(
            "consensus",
            "n_wanted",
            models.PositiveSmallIntegerField(
                default=2, help_text="How many readings are enough, adjudication aside."
            ),
        ),
        migrations.AddField(
            "consensus",
            "class_states",
            models.JSONField(
                blank=True, default=dict, help_text="State by class, where it is not rest_state."
            ),
        ),
        migrations.AddField(
            "consensus",
            "rest_state",
            models.CharField(
                choices=[
                    ("present", "Present"),
                    ("absent", "Absent"),
                    ("undecided", "Undecided: readers disagree"),
                    ("incomplete", "Open: readings are missing"),
                    ("not_assessed", "Not assessed"),
                ],
                default="absent",
                help_text="State of every other class.",
                max_length=15,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "consensus",
            "adjudicated",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=60),
                blank=True,
                default=list,
                help_text="Classes that were in dispute until adjudication decided them.",
                size=None,
            ),
        ),
        migrations.RunSQL(IN_NEW_WORDS, IN_OLD_WORDS),
        migrations.AlterField(
            "consensus",
            "outcome",
            models.CharField(
                choices=[
                    ("agreement", "All readers gave the same classes"),
                    ("majority", "Decided by votes"),
                    ("disputed", "Readers disagree"),
                    ("incomplete", "Readings are missing"),
                    ("unreadable", "Unreadable"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            "consensus",
            "reason",
            models.CharField(
                blank=True,
                choices=[
                    ("readings_missing", "Fewer readings than the protocol asks for"),
                    ("reread_pending", "To be read again under new classes"),
                    ("classes_disputed", "A class has exactly half of the votes"),
                    ("exclusive_classes", "Classes that exclude each other all have enough votes"),
                    ("readability_disputed", "One of two readers calls the exam unreadable"),
                    ("no_class_shared", "No class was given by two readers"),
                ],
                max_length=30,
            ),
        ),
        migrations.AddConstraint(
            "consensus",
            models.CheckConstraint(
                name="consensus_outcome_is_known",
                condition=Q(
                    outcome__in=["agreement", "majority", "disputed", "incomplete", "unreadable"]
                ),
            ),
        ),
        migrations.AddConstraint(
            "consensus",
            models.CheckConstraint(
                name="consensus_open_gives_its_reason",
                condition=Q(outcome__in=("disputed", "incomplete"), reason__in=list(REASONS))
                | (~Q(outcome__in=("disputed", "incomplete")) & Q(reason="")),
            ),
        ),
        migrations.AddConstraint(
            "consensus",
            models.CheckConstraint(
                name="consensus_rest_state_is_known", condition=Q(rest_state__in=list(STATES))
            ),
        ),
        migrations.AddConstraint(
            "consensus",
            models.CheckConstraint(
                name="consensus_class_states_are_known",
                condition=Func(
                    F("class_states"),
                    Value(f'strict $.type() == "object" && !exists($.* ? (!({KNOWN})))'),
                    function="jsonb_path_match",
                    output_field=models.BooleanField(),
                ),
            ),
        ),
    ]
