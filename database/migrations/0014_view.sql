-- Who sees what of a case's timeline: decided here and nowhere else.
-- One's own acts, one's own referrals and what is addressed to one: in full. Of the rest only that it happened, as far
-- as the person's consent and the reader's part in the case go. Monitors read every step, in relative days, without
-- places, parties, dates and services.

-- Who learns of a step, by its type; a step that was refused goes by the type of what was asked for.
-- What is not listed nobody learns of but whoever did it.
create table timeline.audience (
    type text primary key,
    -- Who is told that it happened: whoever cares for the person or coordinates; the prison's administration;
    -- everybody else who sees the case; monitors.
    learn text[] not null check (learn <@ array['carer', 'administration', 'receiver', 'monitor']),
    -- Who sees it in full. own: whoever did it; if it is of a referral or an alarm, whose that is. confided: whoever
    -- took it down. notice: whom it went to. deadline: whoever did it and cares for the person, and the coordinator.
    -- review: whoever did it, and whoever answers for data.
    -- carer: whoever did it and cares for the person; who did it and does not learns that it happened.
    rule text not null default 'own' check (rule in ('own', 'confided', 'notice', 'deadline', 'review', 'carer')),
    -- Whoever did it, and may ask for consent, cares for the person from then on.
    leads boolean not null default false,
    check (rule <> 'confided' or learn = '{}')
);

-- Said without the person's consent (†): seen by whoever said it, and by monitors.
insert into timeline.audience (type, learn)
select 'org.throughcare.event.' || name || '.v1', '{monitor}' from unnest(array[
    'case-opened', 'case-reopened', 'case-voided', 'case-moved-out-of-scope', 'case-forgotten', 'episode-resumed',
    'programme-enrolled', 'programme-applied', 'programme-admission-refused', 'programme-phase-started',
    'programme-completed', 'programme-left', 'programme-removed', 'programme-moved', 'programme-overfilled',
    'consent-offered', 'consent-refused', 'release-scheduled', 'release-rescheduled', 'release-date-confirmed',
    'release-reversed', 'person-transferred', 'person-released-before-consent', 'person-died', 'absence-begun',
    'absence-ended', 'case-closed', 'deadlines-changed', 'deadline-missed', 'deadline-reminded', 'escalation-raised',
    'escalation-cleared', 'permission-recalled', 'recipient-told', 'withdrawal-acknowledged', 'data-access-requested',
    'data-shown', 'event-corrected', 'legal-request-received', 'legal-request-opinion-given',
    'legal-request-decided', 'emergency-access-used', 'emergency-access-reviewed']) as name;

-- Said with it.
insert into timeline.audience (type, learn)
select 'org.throughcare.event.' || name || '.v1', '{carer,monitor}' from unnest(array[
    'consent-granted', 'consent-withdrawn', 'consent-narrowed', 'consent-widened', 'consent-renewed',
    'consent-expired', 'needs-assessed', 'plan-agreed', 'plan-revised', 'plan-review-proposed', 'placement-started',
    'referral-sent', 'referral-received', 'referral-accepted', 'referral-declined', 'referral-expired',
    'acceptance-withdrawn', 'acceptance-lapsed', 'referral-cancelled', 'cancellation-requested',
    'waiting-place-taken', 'receiver-suspended', 'reroute-needed', 'appointment-booked', 'appointment-missed',
    'outreach-attempted', 'client-attended', 'code-arrived', 'service-engaged', 'service-ended',
    'readiness-confirmed', 'readiness-lost', 'person-released', 'person-reincarcerated', 'release-acknowledged',
    'first-contact-made', 'treatment-engaged', 'follow-up-checked', 'follow-up-completed', 'contact-lost',
    'contact-regained', 'loss-confirmed', 'deadline-waived', 'escalation-acknowledged', 'continuity-item-opened',
    'continuation-requested', 'continuation-declined-by-client', 'continuation-unavailable',
    'receiving-site-confirmed', 'bridging-supplied', 'community-dose-received', 'dose-gap-opened',
    'reversal-reported', 'gap-closed-without-resumption', 'continuity-handed-into-custody', 'naloxone-offered', 'overdose-training-done',
    'naloxone-issued', 'naloxone-declined', 'naloxone-unavailable']) as name;

-- Between the person and whoever took it down: nobody else learns that it was said, nor that it was not taken.
insert into timeline.audience (type, learn, rule)
select 'org.throughcare.' || name || '.v1', '{}', 'confided' from unnest(array[
    'event.relapse-reported', 'event.overdose-reported', 'event.naloxone-used', 'event.client-feedback-given',
    'event.complaint-filed', 'command.report-relapse', 'command.report-overdose', 'command.report-naloxone-use',
    'command.give-feedback', 'command.file-complaint']) as name;

insert into timeline.audience (type, learn, rule)
select 'org.throughcare.event.' || name || '.v1', '{monitor}', 'notice'
from unnest(array['notice-sent', 'notice-failed', 'notice-withheld']) as name;

-- What may be refused; and an answer to what could not be read, or is not remembered.
insert into timeline.audience (type, learn)
select 'org.throughcare.' || name || '.v1', '{monitor}' from unnest(array[
    'outcome.refused', 'outcome.superseded', 'outcome.held', 'outcome.parked', 'outcome.no-case',
    'outcome.dead-letter', 'fact.programme-enrolled', 'fact.programme-phase-started', 'fact.programme-ended',
    'fact.release-scheduled', 'fact.release-rescheduled', 'fact.release-date-confirmed', 'fact.release-reversed',
    'fact.person-released', 'fact.person-transferred', 'fact.person-died', 'fact.absence-begun',
    'fact.absence-ended']) as name;
insert into timeline.audience (type, learn)
select 'org.throughcare.command.' || name || '.v1', '{monitor}' from unnest(array[
    'open-case', 'reopen-case', 'void-case', 'move-out-of-scope', 'forget-case', 'apply-for-programme',
    'refuse-programme-admission', 'offer-consent', 'record-consent', 'record-refusal', 'narrow-consent',
    'widen-consent', 'renew-consent', 'withdraw-consent', 'assess-needs', 'agree-plan', 'open-continuity-item',
    'request-continuation', 'decline-continuation', 'report-continuation-unavailable', 'confirm-receiving-site',
    'supply-bridging', 'record-community-dose', 'report-dose-gap', 'close-dose-gap', 'offer-naloxone',
    'record-overdose-training', 'issue-naloxone', 'decline-naloxone', 'report-naloxone-unavailable', 'send-referral',
    'acknowledge-referral', 'accept-referral', 'decline-referral', 'withdraw-acceptance', 'cancel-referral',
    'confirm-cancellation', 'wait-for-place', 'suspend-receiver', 'book-appointment', 'report-missed-appointment',
    'record-outreach', 'record-attendance', 'confirm-code-arrived', 'engage-service', 'end-service',
    'confirm-readiness', 'record-release', 'acknowledge-release', 'check-follow-up', 'complete-follow-up',
    'declare-contact-lost', 'report-death', 'report-reincarceration', 'acknowledge-escalation', 'waive-deadline',
    'run-deadlines', 'confirm-recipient-told', 'acknowledge-withdrawal', 'ask-to-see-data', 'confirm-data-shown',
    'correct-event', 'report-legal-request', 'decide-legal-request', 'report-emergency-access',
    'review-emergency-access']) as name;

-- That it happened is told to everybody who has to do with the case, or to more than those who care.
update timeline.audience set learn = '{carer,administration,receiver,monitor}'
where type = 'org.throughcare.event.case-closed.v1';
update timeline.audience set learn = learn || '{receiver}' where type in (
    'org.throughcare.event.person-released.v1', 'org.throughcare.event.release-reversed.v1',
    'org.throughcare.event.consent-withdrawn.v1');
update timeline.audience set learn = learn || '{administration}' where type in (
    'org.throughcare.event.readiness-confirmed.v1', 'org.throughcare.event.readiness-lost.v1',
    'org.throughcare.event.person-released.v1');

update timeline.audience set rule = 'deadline' where type in (
    'org.throughcare.event.deadlines-changed.v1', 'org.throughcare.event.deadline-missed.v1',
    'org.throughcare.event.deadline-waived.v1');

-- What whoever answers for data has to judge, or to see to.
update timeline.audience set rule = 'review' where type in (
    'org.throughcare.event.emergency-access-used.v1', 'org.throughcare.event.emergency-access-reviewed.v1',
    'org.throughcare.event.legal-request-received.v1', 'org.throughcare.event.legal-request-opinion-given.v1',
    'org.throughcare.event.legal-request-decided.v1', 'org.throughcare.event.data-access-requested.v1',
    'org.throughcare.event.data-shown.v1');

update timeline.audience set leads = true where type in (
    'org.throughcare.event.case-opened.v1', 'org.throughcare.event.consent-offered.v1',
    'org.throughcare.event.consent-granted.v1', 'org.throughcare.event.needs-assessed.v1',
    'org.throughcare.event.plan-agreed.v1', 'org.throughcare.event.plan-revised.v1',
    'org.throughcare.event.consent-widened.v1', 'org.throughcare.event.consent-renewed.v1');

-- Whoever hears it passes it on; it says all that is left of the consent.
update timeline.audience set rule = 'carer' where type = 'org.throughcare.event.consent-narrowed.v1';

-- A case as a party in these roles sees it, numbered without a gap. Without `data`: only that it happened, and on which
-- day (UTC). With `day`, counted from the first step: as a monitor sees it. Two who put what they see side by side must not
-- find that it is one case: moments and versions stand only where all is shown. Nobody who signs in may call it.
create function timeline.view_of(p_case uuid, p_party text, p_roles text[])
returns table (
    ordinal bigint, day integer, occurred_at timestamptz, recorded_at timestamptz, occurred_on date,
    kind text, type text, half text, version integer, data jsonb,
    cares boolean                                            -- the reader cares for the person: the same in each row
)
language plpgsql stable set search_path = timeline, pg_temp as $$
#variable_conflict use_column
declare
    -- All that monitors are shown of the data: not who, where, when, which service.
    neutral constant text[] := array[
        'change', 'ground_code', 'reason_code', 'refusal_code', 'code', 'step', 'level', 'stage', 'to_role', 'by_role',
        'checkpoint_day', 'contact_kind', 'still_engaged', 'means', 'result', 'hours_since_release',
        'days_since_release', 'unplanned', 'accompanied', 'engaged', 'attempts', 'urgency', 'mandatory', 'signed_how',
        'received_how', 'witness_role', 'interpreter', 'template_code', 'channel', 'origin', 'region', 'plan_version'];
begin
    return query
    with recursive steps as materialized (
        select e.*, a.learn, coalesce(a.rule, 'confided') as rule, coalesce(c.party = p_party, false) as own,
            a.leads and c.party = p_party and p_roles && array['prison-psych', 'prison-health', 'ngo']
                -- A fact that opened it, or a "stop" passed on, does not make one lead it.
                and (e.type <> 'org.throughcare.event.case-opened.v1' or e.data ->> 'reason_code' is not null) as leads
        from entries_of(p_case) e
        left join gateway.commands c on c.id = e.causation and c.case_ref = p_case
        left join audience a on a.type = case e.kind when 'event' then e.type else coalesce(c.type, e.type) end
    ), reader as (
        select p_roles && array['prison-health', 'prison-psych', 'protocol-coordinator']
               or coalesce(bool_or(leads), false) as cares
        from steps
    ), referrals as (                                        -- received; or sent, with those that followed from them
        select ordinal, data ->> 'referral_id' as referral_id from steps, reader
        where type = 'org.throughcare.event.referral-sent.v1' and kind = 'event'
            and (data ->> 'receiver' = p_party or own and cares)
        union
        -- A receiver's refusal makes the next referral: that one is another's.
        select s.ordinal, s.data ->> 'referral_id' from referrals r join steps s
            on s.data ->> 'after_referral_id' = r.referral_id and s.ordinal > r.ordinal, reader
        where s.type = 'org.throughcare.event.referral-sent.v1' and s.kind = 'event' and cares
    ), part as (
        select case when 'monitor' = any (p_roles) then 'monitor' when cares then 'carer'
                    when 'prison-admin' = any (p_roles) then 'administration' else 'receiver' end as part,
            cares,
            array(select referral_id from referrals) as referrals,
            array(select data ->> 'escalation_id' from steps
                  where type = 'org.throughcare.event.escalation-raised.v1'
                      and case when data ->> 'to_party' is null then data ->> 'to_role' = any (p_roles)
                               else data ->> 'to_party' = p_party end) as alarms,
            (select occurred_at from steps where learn is not null order by ordinal limit 1) as began
        from reader
    ), told as (
        select s.*, part, began, part <> 'monitor' and case
                when kind <> 'event' or rule = 'confided' then own
                when rule = 'carer' then own and cares
                when rule = 'notice' then data ->> 'to_party' = p_party
                when data ? 'escalation_id' then data ->> 'escalation_id' = any (alarms)
                when rule = 'review' then own or 'dpo' = any (p_roles)
                when rule = 'deadline' then own and cares or 'protocol-coordinator' = any (p_roles)
                when data ->> 'referral_id' is not null then data ->> 'referral_id' = any (referrals)
                else own end as in_full
        from steps s, part
    )
    select row_number() over (order by ordinal),
        case when part = 'monitor' then floor(extract(epoch from occurred_at - began) / 86400)::integer end,
        case when in_full then occurred_at end,
        case when in_full then recorded_at end,
        case when part <> 'monitor' and not in_full then (occurred_at at time zone 'UTC')::date end,
        kind, type, half, case when in_full then version end,
        case when in_full then coalesce(data, '{}')
             when part = 'monitor' then coalesce(
                 (select jsonb_object_agg(key, value) from jsonb_each(data) where key = any (neutral)), '{}') end,
        part = 'carer'
    from told
    where in_full or part = any (learn) or rule = 'carer' and own
    order by ordinal;
end
$$;

-- The seam: a case as the party that speaks may see it. The reading is a leaf of the log with the same commit.
create function timeline.shown(p_case uuid, p_party text)
returns table (
    ordinal bigint, day integer, occurred_at timestamptz, recorded_at timestamptz, occurred_on date,
    kind text, type text, half text, version integer, data jsonb, cares boolean
)
language plpgsql security definer set search_path = timeline, pg_temp as $$
begin
    -- Whoever is not this party is refused by `record_read`.
    if not access.sees(p_case) then
        perform record_read(null, p_party, 'denied');
        return;
    end if;
    perform record_read(p_case, p_party, 'read');
    return query select * from view_of(
        p_case, p_party, coalesce((select roles from gateway.parties where party = p_party), '{}'));
end
$$;

-- The seam: a case as a monitor sees it, for the demo's page; `p_reader` is what the log calls it.
create function timeline.audited(p_case uuid, p_reader text)
returns table (ordinal bigint, day integer, kind text, type text, half text, data jsonb)
language plpgsql security definer set search_path = timeline, pg_temp as $$
begin
    perform record_read(p_case, p_reader, 'read');
    return query select v.ordinal, v.day, v.kind, v.type, v.half, v.data
                 from view_of(p_case, p_reader, '{monitor}') v;
end
$$;

-- The seam: what a case waits for, for the same page: live promises and alarms whose cause still stands, by their codes
-- and days, the nearest and the oldest first. `taken_on`: whether somebody took an alarm on; null: a promise.
create function timeline.awaited(p_case uuid) returns table (code text, day integer, taken_on boolean)
language sql stable security definer set search_path = timeline, pg_temp as $$
    with said as materialized (
        select e.* from entries_of(p_case) e join audience using (type)
    ), moves as (
        select ordinal, 1 as put, p from said, jsonb_array_elements(data -> 'put') as p
        where type = 'org.throughcare.event.deadlines-changed.v1'
        union all
        select ordinal, 0, p
        from said, jsonb_array_elements(coalesce(data -> 'met', '[]') || coalesce(data -> 'dropped', '[]')) as p
        where type = 'org.throughcare.event.deadlines-changed.v1'
        union all
        select ordinal, 0, data from said
        where type in ('org.throughcare.event.deadline-missed.v1', 'org.throughcare.event.deadline-waived.v1')
    ), promises as (
        select distinct on (p ->> 'code', p ->> 'referral_id', p ->> 'step')
            put, p ->> 'code' as code, (p ->> 'due_at')::timestamptz as at
        from moves order by p ->> 'code', p ->> 'referral_id', p ->> 'step', ordinal desc, put desc
    ), raised as (                                           -- of each alarm the last level
        select distinct on (data ->> 'code', data ->> 'referral_id', data ->> 'step')
            data ->> 'code' as code, data ->> 'escalation_id' as id, occurred_at as at
        from said where type = 'org.throughcare.event.escalation-raised.v1'
        order by data ->> 'code', data ->> 'referral_id', data ->> 'step', ordinal desc
    ), waits as (
        (select code, at, null::boolean as taken_on from promises where put = 1 order by at, code limit 4)
        union all
        select code, at, exists (
            select from said where type = 'org.throughcare.event.escalation-acknowledged.v1'
                and data ->> 'escalation_id' = id)
        from raised where not exists (
            select from said where type = 'org.throughcare.event.escalation-cleared.v1'
                and data ->> 'escalation_id' = id)
    )
    select code, floor(extract(epoch from at - (select occurred_at from said order by ordinal limit 1)) / 86400)::integer,
           taken_on
    from waits
    where not exists (select from said where type = 'org.throughcare.event.case-closed.v1')
    order by at, code
$$;
