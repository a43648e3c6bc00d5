import subprocess
import sys

import pytest

SCRIPT = """
import resource
from apiapp.management.open_files import allow_many_files

_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
most = min(most, 4096) if most != resource.RLIM_INFINITY else 4096
resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))
allow_many_files()
print(resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such bound there")
def test_the_server_takes_as_many_files_as_the_system_allows():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)

    assert ran.stdout == "True\n"
