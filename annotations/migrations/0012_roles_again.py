"""Update the groups of the roles, because permissions were added after migration 0003."""

from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations


def sync_groups(apps, schema_editor):
    from annotations.services.people import (roles)

    create_permissions(installed_apps.get_app_config("annotations"), verbosity=0)
    roles.sync()


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0011_latest_readings"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(sync_groups, migrations.RunPython.noop)]
