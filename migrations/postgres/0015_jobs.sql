-- Work that plugins do without a caller.
CREATE TABLE jobs (
    organization UUID NOT NULL REFERENCES organizations (id),
    id UUID NOT NULL,
    plugin TEXT NOT NULL,
    name TEXT NOT NULL,
    -- JSON.
    payload TEXT NOT NULL,
    deduplicate TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed', 'cancelled')),
    run_after BIGINT NOT NULL,
    -- Where it goes on, and how many slices are done.
    cursor TEXT,
    slices BIGINT NOT NULL DEFAULT 0,
    -- Whether anything of it was begun, and how often the slice at hand was.
    begun BOOLEAN NOT NULL DEFAULT FALSE,
    attempts BIGINT NOT NULL DEFAULT 0,
    -- Who does it just now, and until when nobody else takes it over.
    holder UUID,
    held_until BIGINT NOT NULL DEFAULT 0,
    -- It was asked for again while it was being done: with what, and not before when.
    again TEXT,
    again_after BIGINT,
    -- Why the last try failed.
    error TEXT,
    -- How many subscribers stand between it and what somebody did.
    depth BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (organization, id)
);
CREATE UNIQUE INDEX jobs_once ON jobs (organization, plugin, name, deduplicate)
    WHERE state = 'waiting' AND deduplicate IS NOT NULL;
CREATE INDEX jobs_waiting ON jobs (organization, plugin) WHERE state = 'waiting';
CREATE INDEX jobs_due ON jobs (run_after) WHERE state = 'waiting';
CREATE INDEX jobs_ended ON jobs (changed_at) WHERE state <> 'waiting';

-- When jobs are done by themselves.
CREATE TABLE job_schedules (
    organization UUID NOT NULL REFERENCES organizations (id),
    plugin TEXT NOT NULL,
    name TEXT NOT NULL,
    -- As the next time was calculated from.
    schedule TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    next_at BIGINT NOT NULL,
    last_at BIGINT,
    PRIMARY KEY (organization, plugin, name)
);
CREATE INDEX job_schedules_due ON job_schedules (next_at);

-- How far plugins were told of what was changed.
CREATE TABLE subscribers (
    organization UUID NOT NULL REFERENCES organizations (id),
    plugin TEXT NOT NULL,
    log_transaction BIGINT NOT NULL,
    log_sequence BIGINT NOT NULL,
    -- Tries in a row that failed, and when the next one is made.
    failures BIGINT NOT NULL DEFAULT 0,
    run_after BIGINT NOT NULL DEFAULT 0,
    holder UUID,
    held_until BIGINT NOT NULL DEFAULT 0,
    -- Since when it is told nothing any more, since it failed too often.
    parked_at BIGINT,
    error TEXT,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (organization, plugin)
);

-- How many subscribers stand between a change and what somebody did.
ALTER TABLE changes ADD COLUMN depth BIGINT NOT NULL DEFAULT 0;
