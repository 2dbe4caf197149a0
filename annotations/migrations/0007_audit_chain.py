"""The audit trail: events can only be added. The database links them when their transaction
commits.

The triggers raise integrity errors that carry a constraint name, like any other constraint:
audit_event_is_immutable, audit_link_is_immutable, audit_link_is_made_by_the_chain. Tests break
each of them.
"""

from django.db import migrations, models

from ecgreview import (hash_chain)

# The bytes of a link, exactly as ecgreview.hash_chain writes them; a test compares the two. Times
# are UTC texts with microseconds. An infinite time gives null. Years BC have a suffix, because
# their digits alone are those of a year AD.
CANONICAL = """
create function audit_netstring(content text) returns text language sql immutable
    return coalesce(octet_length(convert_to(content, 'UTF8'))::text || ':' || content || ',', '-,');

create function audit_moment(moment timestamptz) returns text language sql stable
    return to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
           || case when moment < '0001-01-01 00:00:00+00' then ' BC' else '' end;

create function audit_digest(link annotations_auditlink, event annotations_auditevent)
    returns text language sql stable
    return encode(sha256(convert_to(
        audit_netstring('ecg-review-audit-1')
        || audit_netstring(link.seq::text)
        || audit_netstring(audit_moment(link.chained_at))
        || audit_netstring(link.previous)
        || audit_netstring(event.id::text)
        || audit_netstring(audit_moment(event.at))
        || audit_netstring(event.actor_id::text)
        || audit_netstring(event.actor_name)
        || audit_netstring(event.action)
        || audit_netstring(event.study_id::text)
        || audit_netstring(event.object_type)
        || audit_netstring(event.object_id)
        || audit_netstring(event.before)
        || audit_netstring(event.after)
        || audit_netstring(event.reason), 'UTF8')), 'hex');
"""

UNDO_CANONICAL = """
drop function audit_digest(annotations_auditlink, annotations_auditevent);
drop function audit_moment(timestamptz);
drop function audit_netstring(text);
"""

# Each commit waits for the lock of the chain. A transaction that holds it must not wait for
# anything else, or two transactions could deadlock. So the first trigger only requests a link at
# commit, and the second fires after all other checks of the transaction, foreign keys included.
# Requests are served in the same commit, so the table of requests is always empty afterwards and
# may be unlogged.
CHAIN = """
create unlogged table audit_unchained (event_id bigint primary key);

create function audit_ask_for_link() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    insert into audit_unchained (event_id) values (new.id);
    return null;
end $$;

create function audit_chain_event() returns trigger language plpgsql
    security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    link annotations_auditlink;
    event annotations_auditevent;
begin
    delete from audit_unchained where event_id = new.event_id;
    perform pg_advisory_xact_lock(hashtextextended('annotations_auditlink', 0));
    -- A new statement sees what was committed while this transaction waited for the lock.
    select seq + 1, digest into link.seq, link.previous
      from annotations_auditlink order by seq desc limit 1;
    if not found then
        link.seq := 1;
        link.previous := repeat('0', 64);
    end if;
    select * into strict event from annotations_auditevent where id = new.event_id;
    link.event_id := event.id;
    link.chained_at := clock_timestamp();
    link.digest := audit_digest(link, event);
    insert into annotations_auditlink (seq, event_id, chained_at, previous, digest)
    values (link.seq, link.event_id, link.chained_at, link.previous, link.digest);
    return null;
end $$;

create constraint trigger audit_event_is_chained after insert on annotations_auditevent
    deferrable initially deferred for each row execute function audit_ask_for_link();

create constraint trigger audit_event_gets_its_link after insert on audit_unchained
    deferrable initially deferred for each row execute function audit_chain_event();
"""

UNDO_CHAIN = """
drop trigger audit_event_is_chained on annotations_auditevent;
drop table audit_unchained;
drop function audit_chain_event();
drop function audit_ask_for_link();
"""

GUARDS = """
create function audit_event_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'what happened stays written'
        using errcode = 'check_violation', constraint = 'audit_event_is_immutable';
end $$;

create function audit_link_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'a link of the chain never changes'
        using errcode = 'check_violation', constraint = 'audit_link_is_immutable';
end $$;

create function audit_link_check_maker() returns trigger language plpgsql as $$
begin
    if pg_trigger_depth() < 2 then
        raise exception 'only the chain makes links'
            using errcode = 'check_violation', constraint = 'audit_link_is_made_by_the_chain';
    end if;
    return new;
end $$;

create trigger audit_event_is_immutable before update or delete on annotations_auditevent
    for each row execute function audit_event_refuse_change();
create trigger audit_event_stays before truncate on annotations_auditevent
    for each statement execute function audit_event_refuse_change();
create trigger audit_link_is_immutable before update or delete on annotations_auditlink
    for each row execute function audit_link_refuse_change();
create trigger audit_link_stays before truncate on annotations_auditlink
    for each statement execute function audit_link_refuse_change();
create trigger audit_link_is_made_by_the_chain before insert on annotations_auditlink
    for each row execute function audit_link_check_maker();
"""

UNDO_GUARDS = """
drop trigger audit_link_is_made_by_the_chain on annotations_auditlink;
drop trigger audit_link_stays on annotations_auditlink;
drop trigger audit_link_is_immutable on annotations_auditlink;
drop trigger audit_event_stays on annotations_auditevent;
drop trigger audit_event_is_immutable on annotations_auditevent;
drop function audit_link_check_maker();
drop function audit_link_refuse_change();
drop function audit_event_refuse_change();
"""

WHY = "Submitted before the audit trail began; its digest is that of the day of the upgrade."


def record_earlier_readings(apps, schema_editor):
    """Write an event for each reading that is older than the trail, with what is known of it."""
    Reading = apps.get_model("annotations", "Reading")
    AuditEvent = apps.get_model("annotations", "AuditEvent")
    readings = Reading.objects.select_related("taxonomy", "reader", "assignment__batch")
    ordered = readings.prefetch_related("findings__diagnostic_class").order_by("submitted_at", "pk")
    events = []
    for reading in ordered.iterator(chunk_size=500):
        events.append(_submission(AuditEvent, reading))
        if len(events) == 500:
            AuditEvent.objects.bulk_create(events)
            events = []
    AuditEvent.objects.bulk_create(events)


def _submission(AuditEvent, reading):
    content = hash_chain.content_digest(_content(reading))
    return AuditEvent(
        at=reading.submitted_at,
        actor=reading.reader,
        actor_name=reading.reader.username,
        action="reading.submitted",
        study_id=reading.assignment.batch.study_id,
        object_type="reading",
        object_id=str(reading.pk),
        after=hash_chain.canonical_json(
            {"assignment": reading.assignment_id, "stage": reading.stage, "digest": content}
        ),
        reason=WHY,
    )


def _content(reading):
    """Return what services.audit.reading_content returned when this migration was written."""
    found = [(item.diagnostic_class.code, item.certainty) for item in reading.findings.all()]
    return {
        "assignment": reading.assignment_id,
        "reader": reading.reader_id,
        "protocol_version": reading.protocol_version,
        "stage": reading.stage,
        "taxonomy": [reading.taxonomy.name, reading.taxonomy.version],
        "quality": reading.quality,
        "comment": reading.comment,
        "findings": sorted([code, certainty] for code, certainty in found),
        "n_findings": reading.n_findings,
        "submitted_at": reading.submitted_at,
        "key": reading.idempotency_key,
        "active_ms": reading.active_ms,
        "display": reading.display,
    }


class Migration(migrations.Migration):
    dependencies = [("annotations", "0006_protocol_guards")]

    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["at"], name="audit_event_by_time"),
        ),
        migrations.RunSQL(CANONICAL, UNDO_CANONICAL),
        migrations.RunSQL(CHAIN, UNDO_CHAIN),
        migrations.RunSQL(GUARDS, UNDO_GUARDS),
        migrations.RunPython(record_earlier_readings, migrations.RunPython.noop),
    ]
