"""Who vouches for an account: known of those who were invited by somebody, from the audit trail."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Who invited them first. What the trail says of people who no longer exist is left out.
FILL = """
update annotations_user invited set vouched_by_id = event.actor_id
  from (select distinct on (object_id) object_id, actor_id
          from annotations_auditevent
         where action = 'people.invited' and object_type = 'user' and actor_id is not null
         order by object_id, id) event
 where invited.id::text = event.object_id and invited.id <> event.actor_id
"""


class Migration(migrations.Migration):
    dependencies = [("annotations", "0032_paired_errors")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="vouched_by",
            field=models.ForeignKey(
                blank=True,
                help_text="The coordinator who invited them, or another who vouched for them since.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunSQL(
            # A foreign key that is checked at commit stands in the way of what comes after it.
            f"{FILL}; set constraints all immediate; set constraints all deferred;",
            migrations.RunSQL.noop,
        ),
    ]
