"""The journal and the registry in an SQL database: one SQLite file, so far.

The tables are SQLAlchemy Core (schema.py), the migrations Alembic. Neither is imported to open an up-to-date database:
SQLAlchemy alone takes 0.4 s. The statements are compiled from the tables beforehand (compile.py) and kept as text
beside the code; a test compiles them again and compares.
"""

from oos.adapters.sql.database import Database, open_database
from oos.adapters.sql.journal import SqlJournal
from oos.adapters.sql.registry import SqlRegistry

__all__ = ["Database", "SqlJournal", "SqlRegistry", "open_database"]
