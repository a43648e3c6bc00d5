"""The documents' Django server with DRF: `python django_echo.py runserver PORT`, or by gunicorn."""

# ruff: noqa: E402 - in one file, the settings come before what needs them

import secrets
import sys
from typing import Any

import django
from django.conf import settings

settings.configure(
    SECRET_KEY=secrets.token_hex(),
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "rest_framework",
    ],
    MIDDLEWARE=[  # what `startproject` writes
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    LOGGING_CONFIG=None,
)
django.setup()

from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response


@api_view(["GET"])
def get_example(request: Request, user_id: int) -> Response:
    name = request.query_params.get("name", "默认名字")
    user_agent = request.headers.get("User-Agent", "未知")
    return Response({"user_id": user_id, "name": name, "user_agent": user_agent})


@api_view(["POST"])
def post_example(request: Request) -> Response:
    return Response(
        {
            "title": request.data.get("title", "默认标题"),
            "content": request.data.get("content", "默认内容"),
            "authorization": request.headers.get("Authorization", "无授权"),
        }
    )


@api_view(["PUT"])
def put_example(request: Request, item_id: int) -> Response:
    return Response(
        {
            "item_id": item_id,
            "name": request.data.get("name", "默认名称"),
            "description": request.data.get("description", "默认描述"),
            "custom_header": request.headers.get("X-Custom-Header", "无自定义头"),
        }
    )


@api_view(["DELETE"])
def delete_example(request: Request) -> Response:
    if request.query_params.get("confirm", "false").lower() != "true":
        return Response({"message": "删除未确认"}, status=400)
    authorization = request.headers.get("Authorization", "无授权")
    return Response({"deleted": True, "authorization": authorization})


urlpatterns: list[Any] = [
    path("get_example/<int:user_id>", get_example),
    path("post_example", post_example),
    path("put_example/<int:item_id>", put_example),
    path("delete_example", delete_example),
]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line([sys.argv[0], "runserver", "--noreload", sys.argv[2]])
