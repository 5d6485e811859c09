from oos.notebook.connection import api as api
from oos.notebook.connection import connect as connect
from oos.notebook.connection import current as current
from oos.notebook.connection import exec as exec
from oos.notebook.connection import run as run
from oos.notebook.magics import load_ipython_extension as load_ipython_extension
