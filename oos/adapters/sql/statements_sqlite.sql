-- Compiled from schema.py by compile.py; a test compares. Do not edit.

-- :add_entries
INSERT INTO events (execution_id, sequence, path, payload, hash) VALUES (?, ?, ?, ?, ?)

-- :entries
SELECT events.execution_id, events.sequence, events.path, events.payload, events.hash
FROM events
WHERE events.execution_id = ? AND events.sequence > ? ORDER BY events.sequence
 LIMIT ? OFFSET 0

-- :entry_place
SELECT events.sequence
FROM events
WHERE events.execution_id = ? AND events.sequence = ?

-- :next_execution
SELECT min(events.execution_id) AS min_1
FROM events
WHERE events.execution_id > ?

-- :put_summary
INSERT INTO executions (execution_id, root_id, parent_id, template_name, status, started_by, started, updated, ended, waiting, message, client_token, region, due, category, firing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (execution_id) DO UPDATE SET status = excluded.status, updated = excluded.updated, ended = excluded.ended, waiting = excluded.waiting, message = excluded.message, due = excluded.due, firing = excluded.firing

-- :summary
SELECT executions.execution_id, executions.root_id, executions.parent_id, executions.template_name, executions.status, executions.started_by, executions.started, executions.updated, executions.ended, executions.waiting, executions.message, executions.client_token, executions.region, executions.due, executions.category, executions.firing
FROM executions
WHERE executions.execution_id = ?

-- :summaries
SELECT executions.execution_id, executions.root_id, executions.parent_id, executions.template_name, executions.status, executions.started_by, executions.started, executions.updated, executions.ended, executions.waiting, executions.message, executions.client_token, executions.region, executions.due, executions.category, executions.firing
FROM executions
WHERE executions.started <= ? AND (executions.started < ? OR executions.execution_id < ?) AND executions.status IN (?, ?, ?, ?, ?, ?, ?, ?, ?) AND lower(executions.template_name) LIKE ? ESCAPE '\' ORDER BY executions.started DESC, executions.execution_id DESC
 LIMIT ? OFFSET 0

-- :summaries_of_parent
SELECT executions.execution_id, executions.root_id, executions.parent_id, executions.template_name, executions.status, executions.started_by, executions.started, executions.updated, executions.ended, executions.waiting, executions.message, executions.client_token, executions.region, executions.due, executions.category, executions.firing
FROM executions
WHERE executions.parent_id = ? AND executions.started <= ? AND (executions.started < ? OR executions.execution_id < ?) AND executions.status IN (?, ?, ?, ?, ?, ?, ?, ?, ?) AND lower(executions.template_name) LIKE ? ESCAPE '\' ORDER BY executions.started DESC, executions.execution_id DESC
 LIMIT ? OFFSET 0

-- :unfinished
SELECT executions.execution_id
FROM executions
WHERE executions.root_id = ? AND executions.ended IS NULL ORDER BY executions.execution_id

-- :due
SELECT executions.root_id, min(executions.due) AS first
FROM executions
WHERE executions.due <= ? GROUP BY executions.root_id ORDER BY first, executions.root_id
 LIMIT ? OFFSET 0

-- :signalled
SELECT DISTINCT signals.root_id
FROM signals ORDER BY signals.root_id

-- :execution_by_token
SELECT executions.execution_id
FROM executions
WHERE executions.client_token = ? AND executions.client_token != ''

-- :add_content
INSERT INTO contents (digest, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING

-- :content
SELECT contents.bytes
FROM contents
WHERE contents.digest = ?

-- :send_signal
INSERT INTO signals (execution_id, root_id, payload) VALUES (?, ?, ?) RETURNING number

-- :answer_signal
DELETE FROM signals WHERE signals.number = ?

-- :signals
SELECT signals.number, signals.execution_id, signals.payload, signals.root_id
FROM signals
WHERE signals.number > ? ORDER BY signals.number

-- :get_document
SELECT documents.body
FROM documents
WHERE documents.kind = ? AND documents."key" = ?

-- :put_document
INSERT INTO documents (kind, "key", body) VALUES (?, ?, ?) ON CONFLICT (kind, "key") DO UPDATE SET body = excluded.body

-- :add_document
INSERT INTO documents (kind, "key", body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING

-- :remove_document
DELETE FROM documents WHERE documents.kind = ? AND documents."key" = ?

-- :documents
SELECT documents."key", documents.body
FROM documents
WHERE documents.kind = ? AND documents."key" >= ? AND documents."key" > ? ORDER BY documents."key"
 LIMIT ? OFFSET 0

-- :revision
SELECT alembic_version.version_num
FROM alembic_version

-- :stamp
INSERT INTO alembic_version (version_num) VALUES (?)

-- :create
CREATE TABLE contents (
    digest TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (digest)
)

-- :create
CREATE TABLE documents (
    kind TEXT NOT NULL,
    "key" TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, "key")
)

-- :create
CREATE TABLE events (
    execution_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    path TEXT NOT NULL,
    payload BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (execution_id, sequence)
)

-- :create
CREATE TABLE executions (
    execution_id TEXT NOT NULL,
    root_id TEXT NOT NULL,
    parent_id TEXT NOT NULL,
    template_name TEXT NOT NULL,
    status TEXT NOT NULL,
    started_by TEXT NOT NULL,
    started BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    ended BIGINT,
    waiting TEXT NOT NULL,
    message TEXT NOT NULL,
    client_token TEXT NOT NULL,
    region TEXT NOT NULL,
    due BIGINT,
    category TEXT DEFAULT '' NOT NULL,
    firing BLOB,
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
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    root_id TEXT NOT NULL,
    process BIGINT NOT NULL
)

-- :create
CREATE INDEX leases_process ON leases (process)

-- :create
CREATE UNIQUE INDEX leases_root ON leases (root_id)

-- :create
CREATE TABLE processes (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    expires DATETIME NOT NULL
)

-- :create
CREATE TABLE signals (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    execution_id TEXT NOT NULL,
    root_id TEXT NOT NULL,
    payload BLOB NOT NULL,
    sent_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL
)

-- :create
CREATE INDEX signals_root ON signals (root_id, number)

-- :create
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
