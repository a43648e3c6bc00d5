"""Loaded before Django's settings: gives every test process a SLUICE_HOME of its own."""

import atexit
import os
import shutil
import sys
import tempfile

home = tempfile.mkdtemp(prefix="sluice-test-")
atexit.register(shutil.rmtree, home, ignore_errors=True)
os.environ["SLUICE_HOME"] = home
# What the processes of one run share; the first of them, which ends last, makes and removes it.
if "SLUICE_TESTS_FOLDER" not in os.environ:
    os.environ["SLUICE_TESTS_FOLDER"] = shared = tempfile.mkdtemp(prefix="sluice-tests-")
    atexit.register(shutil.rmtree, shared, ignore_errors=True)
# Where Python keeps no compiled modules, each process of the run would compile ours and the tests:
# a second in a server, ten in a worker of the run.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    sys.dont_write_bytecode = False
# A suite asks more than a person would; tests of the limits switch them on.
os.environ["RATE_LIMIT_ENABLED"] = "0"
os.environ["EXPORT_MAX_AT_ONCE"] = "1000"
# Nor does what requests are counted with write, or look at alerts, beside the tests in this process.
os.environ["MONITORING_WRITE_S"] = "86400"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")
