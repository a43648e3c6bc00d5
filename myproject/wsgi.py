"""Plain sync Django: everything but upload bodies and sockets."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")

import django

django.setup(set_prefix=False)

from apiapp.http.handler import Handler
from myproject import urls
from myproject.counting import counted_wsgi

application = counted_wsgi(Handler(), urls.urlpatterns)
