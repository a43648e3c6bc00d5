"""The project's settings with hashes of passwords that cost nothing.

For servers that are asked with thousands of made-up passwords, each of which takes half a second of
CPU otherwise (DJANGO_SETTINGS_MODULE=tests.quick_logins).
"""

from myproject.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
