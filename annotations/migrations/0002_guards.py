"""Rules that Django's constraints cannot express, and tracings stored without compression.

Each trigger raises an integrity error that carries a constraint name, like any other constraint:
reading_is_immutable, reading_has_all_its_findings, reading_normal_stands_alone,
reading_uses_the_shown_taxonomy. Tests break each of them.
"""

from django.db import migrations

REFUSE_CHANGES = """
create function reading_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'a submitted reading never changes'
        using errcode = 'check_violation', constraint = 'reading_is_immutable';
end $$;

create trigger reading_is_immutable before update or delete on annotations_reading
    for each row execute function reading_refuse_change();

create trigger finding_is_immutable before update or delete on annotations_finding
    for each row execute function reading_refuse_change();
"""

UNDO_REFUSE_CHANGES = """
drop trigger finding_is_immutable on annotations_finding;
drop trigger reading_is_immutable on annotations_reading;
drop function reading_refuse_change();
"""

CHECK_FINDINGS = """
create function reading_check_findings(wanted bigint) returns void language plpgsql as $$
declare
    n_expected integer;
    n_found integer;
    n_exclusive integer;
    n_foreign integer;
begin
    select r.n_findings, count(f.id), count(f.id) filter (where c.is_exclusive),
           count(f.id) filter (where c.taxonomy_id <> r.taxonomy_id)
      into n_expected, n_found, n_exclusive, n_foreign
      from annotations_reading r
      left join annotations_finding f on f.reading_id = r.id
      left join annotations_diagnosticclass c on c.id = f.diagnostic_class_id
     where r.id = wanted
     group by r.id;
    if n_found <> n_expected then
        raise exception 'reading % has % findings, not the % it was signed with',
            wanted, n_found, n_expected
            using errcode = 'check_violation', constraint = 'reading_has_all_its_findings';
    end if;
    if n_exclusive > 0 and n_found > 1 then
        raise exception 'reading % gives an exclusive class beside others', wanted
            using errcode = 'check_violation', constraint = 'reading_normal_stands_alone';
    end if;
    if n_foreign > 0 then
        raise exception 'reading % gives classes of another taxonomy', wanted
            using errcode = 'check_violation', constraint = 'reading_uses_the_shown_taxonomy';
    end if;
end $$;

create function reading_check_own() returns trigger language plpgsql as $$
begin
    perform reading_check_findings(new.id);
    return null;
end $$;

create function finding_check_reading() returns trigger language plpgsql as $$
begin
    perform reading_check_findings(new.reading_id);
    return null;
end $$;

create constraint trigger reading_is_complete after insert on annotations_reading
    deferrable initially deferred for each row execute function reading_check_own();

create constraint trigger finding_was_signed after insert on annotations_finding
    deferrable initially deferred for each row execute function finding_check_reading();
"""

UNDO_CHECK_FINDINGS = """
drop trigger finding_was_signed on annotations_finding;
drop trigger reading_is_complete on annotations_reading;
drop function finding_check_reading();
drop function reading_check_own();
drop function reading_check_findings(bigint);
"""

# Packed tracings are already compressed, so TOAST must not try to compress them again.
STORE_TRACINGS_AS_THEY_ARE = (
    "alter table annotations_tracing alter column packed set storage external"
)
STORE_TRACINGS_BY_DEFAULT = "alter table annotations_tracing alter column packed set storage extended"


class Migration(migrations.Migration):
    dependencies = [("annotations", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE_CHANGES, UNDO_REFUSE_CHANGES),
        migrations.RunSQL(CHECK_FINDINGS, UNDO_CHECK_FINDINGS),
        migrations.RunSQL(STORE_TRACINGS_AS_THEY_ARE, STORE_TRACINGS_BY_DEFAULT),
    ]
