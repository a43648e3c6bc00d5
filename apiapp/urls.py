"""The whole HTTP surface, on one page.  Upload bodies never come here: see uploads/receive.py."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.urls import URLPattern, path

from apiapp import pages
from apiapp.documentation import views as documentation
from apiapp.examples import twin_views as twins
from apiapp.examples import views as examples
from apiapp.http.lifecycle import Deprecation
from apiapp.imports import dataset_views as datasets
from apiapp.imports import views as imports
from apiapp.jobs import views as jobs
from apiapp.keys import views as keys
from apiapp.monitoring import views as monitoring
from apiapp.uploads import views as uploads


def both(route: str, view: Callable[..., Any], name: str) -> list[URLPattern]:
    """The route with its trailing slash (which the name reverses to) and without it."""
    return [path(f"{route}/", view, name=name), path(route, view)]


# As one of the documents spells it; new programs have no reason to.
SAID_TWICE = Deprecation(
    since=datetime(2026, 11, 21, tzinfo=UTC), successor="/api/resource/{resource_id}"
)


def example(route: str, view: type[examples.OpenView], name: str) -> list[URLPattern]:
    """The route of an example, and a second time under `/api/`, where it is not documented."""
    again = view.as_view(schema=None)
    return [*both(route, view.as_view(), name), *both(f"api/{route}", again, f"{name}-again")]


urlpatterns = [
    # --- examples: first, as they are asked for most and every line above would be tried before
    *example("get_example/<str:user_id>", examples.GetExample, "get-example"),
    *example("post_example", examples.PostExample, "post-example"),
    *example("put_example/<str:item_id>", examples.PutExample, "put-example"),
    *example("delete_example", examples.DeleteExample, "delete-example"),
    *both("api/resource/<str:resource_id>", examples.ResourceView.as_view(), "resource-example"),
    *both(
        "api/api/resource/<str:resource_id>",
        examples.ResourceView.as_view(schema=None, deprecation=SAID_TWICE),
        "resource-example-again",
    ),
    *both("api/post", examples.PostJson.as_view(), "json-example"),
    *both("api/form", examples.PostForm.as_view(), "form-example"),
    *both("api/data", examples.Data.as_view(), "data-example"),
    *both("api/users", examples.UserList.as_view(), "users-example"),
    *both("stream", examples.Stream.as_view(), "stream-example"),
    # --- their twins
    *both("api/v1/users", twins.UserList.as_view(), "api-users"),
    *both("api/v1/users/<int:user_id>", twins.UserView.as_view(), "api-user"),
    *both("api/v1/posts", twins.PostList.as_view(), "api-posts"),
    *both("api/v1/posts/<int:post_id>", twins.PostView.as_view(), "api-post"),
    *both("api/v1/items", twins.ItemList.as_view(), "api-items"),
    *both("api/v1/items/<int:item_id>", twins.ItemView.as_view(), "api-item"),
    *both("api/v1/resources", twins.ResourceList.as_view(), "api-resources"),
    *both("api/v1/resources/<str:resource_id>", twins.ResourceView.as_view(), "api-resource"),
    # --- pages
    path("", pages.home, name="home"),
    *both("import", pages.importing, "import"),
    *both("datasets", pages.datasets, "datasets"),
    *both("datasets/<str:slug>", pages.dataset, "dataset"),
    *both("jobs", pages.jobs, "jobs"),
    *both("examples", pages.examples, "examples"),
    *both("login", pages.login, "login"),
    *both("logout", pages.logout, "logout"),
    path("words/<str:language>.json", pages.words, name="words"),
    # --- signing in
    *both("login/<str:token>", keys.redeem_login_link, "login-link"),
    # --- uploads
    *both("api/upload", uploads.OneShotUpload.as_view(), "api-one-shot-upload"),
    *both("api/uploads", uploads.UploadList.as_view(), "api-uploads"),
    *both("api/uploads/<str:file_id>", uploads.UploadView.as_view(), "api-upload"),
    *both("api/uploads/<str:file_id>/chunks", uploads.ChunkList.as_view(), "api-upload-chunks"),
    *both(
        "api/uploads/<str:file_id>/chunks/<str:index>",
        uploads.ChunkView.as_view(),
        "api-upload-chunk",
    ),
    *both(
        "api/uploads/<str:file_id>/complete",
        uploads.UploadCompletion.as_view(),
        "api-upload-complete",
    ),
    *both(
        "api/uploads/<str:file_id>/content", uploads.UploadContent.as_view(), "api-upload-content"
    ),
    # --- datasets
    *both("api/datasets", datasets.DatasetList.as_view(), "api-datasets"),
    *both("api/datasets/<str:slug>", datasets.DatasetView.as_view(), "api-dataset"),
    *both("api/datasets/<str:slug>/rows", datasets.RowList.as_view(), "api-dataset-rows"),
    *both(
        "api/datasets/<str:slug>/rows/<int:row_id>", datasets.RowView.as_view(), "api-dataset-row"
    ),
    # --- imports
    *both("api/import", imports.ImportStart.as_view(), "api-import-start"),
    *both("api/imports", imports.ImportList.as_view(), "api-imports"),
    *both("api/imports/preview", imports.ImportPreview.as_view(), "api-import-preview"),
    *both("api/imports/<int:import_id>", imports.ImportView.as_view(), "api-import"),
    *both(
        "api/imports/<int:import_id>/errors", imports.ImportErrors.as_view(), "api-import-errors"
    ),
    *both(
        "api/imports/<int:import_id>/errors.csv",
        imports.ImportErrorsCsv.as_view(),
        "api-import-errors-csv",
    ),
    *both("api/imports/<int:import_id>/undo", imports.ImportUndo.as_view(), "api-import-undo"),
    *both(
        "api/imports/<int:import_id>/cancel", imports.ImportCancel.as_view(), "api-import-cancel"
    ),
    *both("api/imports/<int:import_id>/retry", imports.ImportRetry.as_view(), "api-import-retry"),
    # --- documentation
    path("openapi.json", documentation.openapi_json, name="openapi"),
    *both("api/schema", documentation.openapi, "api-schema"),
    *both("docs", documentation.swagger, "docs"),
    *both("redoc", documentation.redoc, "redoc"),
    path("redoc/redoc.js", documentation.redoc_script, name="redoc-script"),
    # --- jobs
    *both("api/jobs", jobs.JobList.as_view(), "api-jobs"),
    *both("api/jobs/<int:job_id>", jobs.JobView.as_view(), "api-job"),
    *both("api/jobs/<int:job_id>/cancel", jobs.JobCancel.as_view(), "api-job-cancel"),
    *both("api/jobs/<int:job_id>/retry", jobs.JobRetry.as_view(), "api-job-retry"),
    # --- health
    *both("api/status", monitoring.StatusView.as_view(), "api-status"),
    *both("readyz", monitoring.ready, "readyz"),
    *both("healthz", monitoring.alive, "healthz"),
]
