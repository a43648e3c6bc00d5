"""Loaded before Django's settings: gives every test process a SLUICE_HOME of its own."""

import atexit
import os
import shutil
import tempfile

home = tempfile.mkdtemp(prefix="sluice-test-")
atexit.register(shutil.rmtree, home, ignore_errors=True)
os.environ["SLUICE_HOME"] = home
# What the processes of one run share; the first of them, which ends last, makes and removes it.
if "SLUICE_TESTS_FOLDER" not in os.environ:
    os.environ["SLUICE_TESTS_FOLDER"] = shared = tempfile.mkdtemp(prefix="sluice-tests-")
    atexit.register(shutil.rmtree, shared, ignore_errors=True)
# Where Python keeps no compiled modules, each of the servers would compile all of ours: a second.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    os.environ["PYTHONPYCACHEPREFIX"] = os.environ["SLUICE_TESTS_FOLDER"] + "/compiled"
# A suite asks more than a person would; tests of the limits switch them on.
os.environ["RATE_LIMIT_ENABLED"] = "0"
os.environ["EXPORT_MAX_AT_ONCE"] = "1000"
# Nor does what requests are counted with write, or look at alerts, beside the tests in this process.
os.environ["MONITORING_WRITE_S"] = "86400"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")
