import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from apiapp.keys import services

pytestmark = pytest.mark.django_db


def link_for(user: User) -> str:
    token = services.create_login_link(
        user=user, server_secret=settings.SECRET_KEY, now=timezone.now(), expires_s=60
    )
    return f"/login/{token}/"


def test_the_first_visitor_is_signed_in_and_the_second_is_told_why_not(staff: User):
    link = link_for(staff)
    first, second = Client(), Client()

    assert first.get(link).headers["Location"] == "/"
    assert first.get("/admin/").status_code == 200

    refused = second.get(link)
    assert refused.status_code == 410
    assert second.get("/admin/").status_code == 302


def test_signing_in_makes_a_new_session(staff: User):
    visitor = Client()
    visitor.get("/admin/login/")
    session = visitor.session
    session["kept"] = "from before"
    session.save()
    before = session.session_key

    visitor.get(link_for(staff))

    assert visitor.session.session_key != before


@pytest.mark.parametrize("token", ["x", "%00", "a" * 500, "资源"])
def test_a_link_that_never_was_gets_a_page_not_an_error(token: str):
    assert Client().get(f"/login/{token}/").status_code == 410


def test_a_link_cannot_be_posted_to(staff: User):
    assert Client().post(link_for(staff)).status_code == 405
