"""Loaded before Django's settings: gives every test process a SLUICE_HOME of its own."""

import atexit
import os
import shutil
import tempfile

home = tempfile.mkdtemp(prefix="sluice-test-")
atexit.register(shutil.rmtree, home, ignore_errors=True)
os.environ["SLUICE_HOME"] = home
# A suite asks more than a person would; tests of the limits switch them on.
os.environ["RATE_LIMIT_ENABLED"] = "0"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")
