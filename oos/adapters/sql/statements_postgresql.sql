-- Compiled from schema.py by compile.py; a test compares. Do not edit.

-- :add_entries
INSERT INTO events (execution_id, sequence, path, payload, hash) SELECT unnest(CAST(%s AS TEXT[]) COLLATE "C") AS unnest_1, unnest(CAST(%s AS INTEGER[])) AS unnest_2, unnest(CAST(%s AS TEXT[]) COLLATE "C") AS unnest_3, unnest(CAST(%s AS BYTEA[])) AS unnest_4, unnest(CAST(%s AS BYTEA[])) AS unnest_5

-- :entries
SELECT events.execution_id, events.sequence, events.path, events.payload, events.hash
FROM events
WHERE events.execution_id = %s AND events.sequence > %s ORDER BY events.sequence
 LIMIT %s OFFSET 0

-- :entry_place
SELECT events.sequence
FROM events
WHERE events.execution_id = %s AND events.sequence = %s

-- :next_execution
SELECT min(events.execution_id) AS min_1
FROM events
WHERE events.execution_id > %s

-- :put_summary
INSERT INTO executions (execution_id, root_id, parent_id, template_name, status, started_by, started, updated, ended, waiting, message, client_token, region, due, category, firing) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (execution_id) DO UPDATE SET status = excluded.status, updated = excluded.updated, ended = excluded.ended, waiting = excluded.waiting, message = excluded.message, due = excluded.due, firing = excluded.firing

-- :summary
SELECT executions.execution_id, executions.root_id, executions.parent_id, executions.template_name, executions.status, executions.started_by, executions.started, executions.updated, executions.ended, executions.waiting, executions.message, executions.client_token, executions.region, executions.due, executions.category, executions.firing
FROM executions
WHERE executions.execution_id = %s

-- :summaries
SELECT executions.execution_id, executions.root_id, executions.parent_id, executions.template_name, executions.status, executions.started_by, executions.started, executions.updated, executions.ended, executions.waiting, executions.message, executions.client_token, executions.region, executions.due, executions.category, executions.firing
FROM executions
WHERE executions.started <= %s AND (executions.started < %s OR executions.execution_id < %s) AND executions.status IN (%s, %s, %s, %s, %s, %s, %s, %s, %s) AND lower(executions.template_name) LIKE %s ESCAPE '\' ORDER BY executions.started DESC, executions.execution_id DESC
 LIMIT %s OFFSET 0

-- :summaries_of_parent
SELECT executions.execution_id, executions.root_id, executions.parent_id, executions.template_name, executions.status, executions.started_by, executions.started, executions.updated, executions.ended, executions.waiting, executions.message, executions.client_token, executions.region, executions.due, executions.category, executions.firing
FROM executions
WHERE executions.parent_id = %s AND executions.started <= %s AND (executions.started < %s OR executions.execution_id < %s) AND executions.status IN (%s, %s, %s, %s, %s, %s, %s, %s, %s) AND lower(executions.template_name) LIKE %s ESCAPE '\' ORDER BY executions.started DESC, executions.execution_id DESC
 LIMIT %s OFFSET 0

-- :unfinished
SELECT executions.execution_id
FROM executions
WHERE executions.root_id = %s AND executions.ended IS NULL ORDER BY executions.execution_id

-- :due
SELECT executions.root_id, min(executions.due) AS first
FROM executions
WHERE executions.due <= %s GROUP BY executions.root_id ORDER BY first, executions.root_id
 LIMIT %s OFFSET 0

-- :signalled
SELECT DISTINCT signals.root_id
FROM signals ORDER BY signals.root_id

-- :execution_by_token
SELECT executions.execution_id
FROM executions
WHERE executions.client_token = %s AND executions.client_token != ''

-- :add_content
INSERT INTO contents (digest, bytes) VALUES (%s, %s) ON CONFLICT DO NOTHING

-- :content
SELECT contents.bytes
FROM contents
WHERE contents.digest = %s

-- :send_signal
INSERT INTO signals (execution_id, root_id, payload) VALUES (%s, %s, %s) RETURNING signals.number

-- :answer_signal
DELETE FROM signals WHERE signals.number = %s

-- :signals
SELECT signals.number, signals.execution_id, signals.payload, signals.root_id
FROM signals
WHERE signals.root_id = ANY (%s) AND signals.number > %s ORDER BY signals.number

-- :get_document
SELECT documents.body
FROM documents
WHERE documents.kind = %s AND documents.key = %s

-- :put_document
INSERT INTO documents (kind, key, body) VALUES (%s, %s, %s) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body

-- :add_document
INSERT INTO documents (kind, key, body) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING

-- :remove_document
DELETE FROM documents WHERE documents.kind = %s AND documents.key = %s

-- :documents
SELECT documents.key, documents.body
FROM documents
WHERE documents.kind = %s AND documents.key >= %s AND documents.key > %s ORDER BY documents.key
 LIMIT %s OFFSET 0

-- :revision
SELECT alembic_version.version_num
FROM alembic_version

-- :stamp
INSERT INTO alembic_version (version_num) VALUES (%s)

-- :create
CREATE TABLE contents (
    digest TEXT COLLATE "C" NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (digest)
)

-- :create
CREATE TABLE documents (
    kind TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (kind, key)
)

-- :create
CREATE TABLE events (
    execution_id TEXT COLLATE "C" NOT NULL,
    sequence INTEGER NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    payload BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (execution_id, sequence)
)

-- :create
CREATE TABLE executions (
    execution_id TEXT COLLATE "C" NOT NULL,
    root_id TEXT COLLATE "C" NOT NULL,
    parent_id TEXT COLLATE "C" NOT NULL,
    template_name TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    started_by TEXT COLLATE "C" NOT NULL,
    started BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    ended BIGINT,
    waiting TEXT COLLATE "C" NOT NULL,
    message TEXT COLLATE "C" NOT NULL,
    client_token TEXT COLLATE "C" NOT NULL,
    region TEXT COLLATE "C" NOT NULL,
    due BIGINT,
    category TEXT COLLATE "C" DEFAULT '' NOT NULL,
    firing BYTEA,
    PRIMARY KEY (execution_id)
)

-- :create
CREATE UNIQUE INDEX executions_client_token ON executions (client_token) WHERE client_token != ''

-- :create
CREATE INDEX executions_due ON executions (due, root_id) WHERE due IS NOT NULL

-- :create
CREATE INDEX executions_parent ON executions (parent_id, started, execution_id)

-- :create
CREATE INDEX executions_started ON executions (started, execution_id)

-- :create
CREATE INDEX executions_unfinished ON executions (root_id) WHERE ended IS NULL

-- :create
CREATE TABLE leases (
    number BIGSERIAL NOT NULL,
    root_id TEXT COLLATE "C" NOT NULL,
    process BIGINT NOT NULL,
    PRIMARY KEY (number)
)

-- :create
CREATE INDEX leases_process ON leases (process)

-- :create
CREATE UNIQUE INDEX leases_root ON leases (root_id)

-- :create
CREATE TABLE processes (
    number BIGSERIAL NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    expires TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (number)
)

-- :create
CREATE TABLE signals (
    number BIGSERIAL NOT NULL,
    execution_id TEXT COLLATE "C" NOT NULL,
    root_id TEXT COLLATE "C" NOT NULL,
    payload BYTEA NOT NULL,
    sent_at TIMESTAMP WITHOUT TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
    PRIMARY KEY (number)
)

-- :create
CREATE INDEX signals_root ON signals (root_id, number)

-- :create
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
