#!/usr/bin/env python
"""Django's command line: `python manage.py serve` starts everything."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)

    from django.apps import apps

    if apps.ready:
        from apiapp.audit import commands

        commands.told(sys.argv[1:])


if __name__ == "__main__":
    main()
