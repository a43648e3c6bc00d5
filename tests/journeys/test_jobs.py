"""The page of jobs: live, and able to stop and repeat."""

import pytest
from playwright.sync_api import Page, expect

from tests.serving import Server

pytestmark = pytest.mark.chromium

QUEUE_FOR_TOMORROW = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from apiapp.jobs import services
now = timezone.now()
admin = User.objects.get(username="admin")
job = services.enqueue(
    task="uploads.merge", kwargs={"file_id": "none"}, owner=admin, now=now,
    run_at=now + timedelta(days=1),
)
print(job.pk)
"""


def test_a_new_job_appears_by_itself_and_is_cancelled_and_run_again(page: Page, server: Server):
    page.goto("/jobs/")
    expect(page.locator(".skeleton")).to_have_count(0)

    job_id = server.manage("shell", "-c", QUEUE_FOR_TOMORROW).stdout.split()[-1]
    row = page.get_by_role("row", name=f"#{job_id} ")
    expect(row).to_contain_text("Waiting for its turn")
    expect(page.get_by_title("1 job is running")).to_have_text("1")

    row.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("cancelled")
    expect(page.locator("#jobs-running")).to_be_hidden()

    row.get_by_role("button", name="Run again").click()
    expect(row).to_contain_text("The server knows nothing of this upload any more")
    expect(row).to_contain_text("failed")
