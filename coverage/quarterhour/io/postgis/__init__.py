"""Tables and layers of a PostGIS database, in and out: connect (and what can go wrong), read, write.

Needs the extra ``postgis`` (SQLAlchemy, psycopg), which is opened only when a database is asked for.
"""

from quarterhour.io.postgis.connect import Database
from quarterhour.io.postgis.read import read_database
from quarterhour.io.postgis.write import check_writable, write_database

__all__ = ["Database", "check_writable", "read_database", "write_database"]
