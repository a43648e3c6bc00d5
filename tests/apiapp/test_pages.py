"""The pages as they come from the server; what their modules do is proven in tests/journeys."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apiapp.imports.models import Dataset
from apiapp.jobs import services as jobs

pytestmark = pytest.mark.django_db(databases="__all__")

CLOSED = ["import", "uploads", "datasets", "jobs"]
OPEN = ["home", "examples", "https"]
PAGES = [*OPEN, *CLOSED]


@pytest.fixture
def visit(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def dataset_of() -> Callable[[User], Dataset]:
    def make(owner: User) -> Dataset:
        return Dataset.objects.create(
            owner=owner,
            slug=f"of-{owner.username}",
            title="Measurements",
            table_name=f"t_{owner.pk}",
            row_count=1234567,
            published_at=timezone.now(),
        )

    return make


@pytest.mark.parametrize("name", CLOSED)
def test_a_page_is_for_those_who_are_signed_in(visit: Client, name: str):
    path = reverse(name)

    assert visit.get(path).status_code == 200
    sent_away = Client().get(path)
    assert sent_away.status_code == 302
    assert sent_away["Location"] == f"/login/?next={path}"


@pytest.mark.parametrize("path", ["/import", "/jobs", "/datasets", "/login", "/https"])
def test_a_page_answers_without_its_trailing_slash_too(visit: Client, path: str):
    assert visit.get(path).status_code in (200, 302)
    assert visit.get(path).headers.get("Location") != f"{path}/"


def test_the_page_of_a_dataset_is_its_owners(
    visit: Client, user: User, other_user: User, dataset_of: Callable[[User], Dataset]
):
    own, foreign = dataset_of(user), dataset_of(other_user)

    page = visit.get(reverse("dataset", args=[own.slug]))

    assert "1,234,567 rows" in page.content.decode()
    assert visit.get(reverse("dataset", args=[foreign.slug])).status_code == 404
    assert visit.get("/datasets/no-such/").status_code == 404


def test_staff_see_everybodys_datasets(
    staff: User, user: User, dataset_of: Callable[[User], Dataset]
):
    client = Client()
    client.force_login(staff)

    page = client.get(reverse("dataset", args=[dataset_of(user).slug])).content.decode()

    assert "of alice" in page
    assert "/admin/imports/dataset/" in page


def test_a_stranger_is_told_what_this_server_is_and_how_to_get_in():
    page = Client().get("/")
    html = page.content.decode()

    assert page.status_code == 200
    for told in (
        "This is a Sluice server",
        "Sign in to watch or share a screen",
        "login_link",
        "make run",
    ):
        assert told in html
    for link in ("/login/", "/docs/", "/redoc/", "/openapi.json", "/examples/"):
        assert f'href="{link}"' in html


def test_a_stranger_is_told_of_the_state_whether_it_is_ready_and_no_more():
    without_worker = Client().get("/").content.decode()
    jobs.worker_seen(name="one", now=timezone.now())
    with_worker = Client().get("/").content.decode()

    assert "The server is not ready" in without_worker
    assert "The server is ready" in with_worker
    for html in (without_worker, with_worker):
        assert "server-state" not in html
        assert "free" not in html


def test_home_leads_staff_to_the_admin_and_others_not(visit: Client, staff: User):
    html = visit.get("/").content.decode()
    visit.force_login(staff)
    of_staff = visit.get("/").content.decode()

    assert "/admin/" not in html
    assert "/admin/keys/apikey/add/" in of_staff
    assert html.count('id="server-state"') == of_staff.count('id="server-state"') == 1


def test_the_page_of_monitoring_is_for_staff(visit: Client, staff: User):
    stranger = Client().get("/monitor/")
    refused = visit.get("/monitor/", headers={"Accept": "text/html"})
    home = visit.get("/").content.decode()
    visit.force_login(staff)

    assert stranger["Location"] == "/login/?next=/monitor/"
    assert refused.status_code == 403
    assert "Your account may not do this." in refused.content.decode()
    assert 'href="/monitor/"' not in home
    assert visit.get("/monitor/").status_code == visit.get("/monitor").status_code == 200
    assert visit.get("/").content.decode().count('href="/monitor/"') == 2


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_every_link_of_home_leads_somewhere(visit: Client, is_signed_in: bool):
    client = visit if is_signed_in else Client()

    links = set(re.findall(r'href="(/(?!static)[^"#]*)"', client.get("/").content.decode()))

    assert len(links) >= 4
    assert {link for link in links if client.get(link).status_code != 200} == set()


def test_no_page_has_anything_inline_that_runs(visit: Client):
    answers = [visit.get(reverse(name)) for name in PAGES]
    for response in [*answers, *(Client().get(reverse(name)) for name in OPEN)]:
        html = response.content.decode()
        scripts = [tag for tag in re.findall("<script [^>]*>", html) if "/json" not in tag]
        assert len(scripts) == 1
        assert re.fullmatch(
            r'<script type="module" src="/static/(?:apiapp|site|streaming)/\w+\.js">', scripts[0]
        )
        assert "style=" not in html
        assert " onclick=" not in html
        assert "default-src 'self'" in response["Content-Security-Policy"]


def test_a_form_without_its_token_gets_a_page_that_says_what_to_do(user: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    answer = client.post("/logout/")

    assert answer.status_code == 403
    assert "reload that page" in answer.content.decode()


def test_the_page_of_an_unforeseen_error_needs_nothing_of_the_request():
    assert "Something broke here" in render_to_string("500.html")


def test_words_for_the_modules_come_with_the_page_in_its_language(visit: Client):
    chinese = visit.get("/import/", headers={"Accept-Language": "zh-CN"}).content.decode()
    english = visit.get("/import/", headers={"Accept-Language": "en"}).content.decode()

    assert '<html lang="zh-hans"' in chinese
    assert '"Choose files":"选择文件"' in chinese
    assert '"Uploading":"正在上传"' not in chinese  # a card's, which is fetched with the first file
    assert '<script id="catalog" type="application/json">{}</script>' in english


def test_the_service_worker_of_uploads_is_served_where_it_sees_every_page():
    answer = Client().get("/file-keeper.js")

    assert answer["Content-Type"] == "text/javascript"
    assert b"uppy/ADD_FILE" in answer.content


def test_every_word_of_the_modules_can_be_fetched_later():
    words = Client().get("/words/zh-hans.json")

    assert words.json()["Uploading"] == "正在上传"
    assert words["Cache-Control"] == "public, max-age=300"
    assert Client().get("/words/en.json").json() == {}
    assert Client().get("/words/xx.json").status_code == 404
