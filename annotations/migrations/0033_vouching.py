"""Who vouches for an account. For invited accounts, the audit trail says who invited them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The person who first invited them, unless that account no longer exists.
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
            # Check deferred foreign keys now, because pending checks block ALTER TABLE.
            f"{FILL}; set constraints all immediate; set constraints all deferred;",
            migrations.RunSQL.noop,
        ),
    ]
