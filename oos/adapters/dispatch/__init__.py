"""Distribution over processes by Procrastinate, on the PostgreSQL that holds the journal (decision 040).

Jobs are nudges: *drive this execution*, *carry out these calls*. What they are about is in the journal; so a job may
get lost or be delivered twice, and the queue need not be as durable as the journal is. Procrastinate is imported when
there is somebody to share calls with, and by `oos worker`.
"""
