-- What the watcher must know of parties that send facts: when each was taken, and for whom they still wait.

create index on gateway.commands (party, taken_at) where type like 'org.throughcare.fact.%';

-- Prison parties, without their keys and addresses.
create view watcher.prisons as
    select party from gateway.parties
    where disabled_at is null and roles && array['prison-admin', 'prison-health'];

-- When a fact of a party was taken, without what it says and of whom.
create view watcher.facts as
    select party, taken_at from gateway.commands where type like 'org.throughcare.fact.%';

-- Cases that a prison party has a name for, without the name. It runs out a day after the release.
create view watcher.held as
    select a.party, a.case_ref
    from gateway.aliases a
    join gateway.cases c using (case_ref)
    where c.opened_at is not null and c.ended_at is null and a.until is null;
