"""The whole HTTP surface, on one page.  Upload bodies never come here: see uploads/receive.py."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.urls import URLPattern, path

from apiapp import pages
from apiapp.documentation import views as documentation
from apiapp.documentation.dataset_views import DatasetOpenApi
from apiapp.examples import twin_views as twins
from apiapp.examples import views as examples
from apiapp.http.lifecycle import Deprecation
from apiapp.imports import dataset_views as datasets
from apiapp.imports import views as imports
from apiapp.imports.dataset_api import column_views as columns
from apiapp.imports.dataset_api import permission_views as permissions
from apiapp.imports.dataset_api import row_views as rows
from apiapp.imports.dataset_api.edit_views import EditUndo
from apiapp.imports.exports import export_views as exports
from apiapp.imports.statistics.chart_views import ColumnChart
from apiapp.imports.statistics.statistics_views import ColumnStatistics
from apiapp.imports.windows.views import RowWindowView
from apiapp.jobs import views as jobs
from apiapp.keys import views as keys
from apiapp.monitoring import alert_views as alerts
from apiapp.monitoring import figure_views as figures
from apiapp.monitoring import views as monitoring
from apiapp.monitoring.metrics_views import Metrics
from apiapp.outbound import views as outbound
from apiapp.payments import views as payments
from apiapp.uploads import resumable_views as resumable
from apiapp.uploads import tus_views as tus
from apiapp.uploads import views as uploads
from apiapp.uploads.content_views import UploadContent
from apiapp.uploads.resumablejs_views import ResumableJs
from apiapp.webhooks import incoming_views as incoming
from apiapp.webhooks import views as webhooks


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
    *both("uploads", pages.uploads, "uploads"),
    path("file-keeper.js", pages.file_keeper, name="file-keeper"),
    *both("datasets", pages.datasets, "datasets"),
    *both("datasets/<str:slug>", pages.dataset, "dataset"),
    *both("jobs", pages.jobs, "jobs"),
    *both("monitor", pages.monitor, "monitor"),
    *both("examples", pages.examples, "examples"),
    *both("https", pages.https, "https"),
    path("https/ca.crt", pages.certificate_authority, name="https-ca"),
    *both("login", pages.login, "login"),
    *both("logout", pages.logout, "logout"),
    path("words/<str:language>.json", pages.words, name="words"),
    # --- signing in
    *both("login/<str:token>", keys.redeem_login_link, "login-link"),
    # --- uploads
    *both("api/upload", uploads.OneShotUpload.as_view(), "api-one-shot-upload"),
    *both("api/uploads", uploads.UploadList.as_view(), "api-uploads"),
    *both("api/uploads/resumablejs", ResumableJs.as_view(), "api-resumablejs"),
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
    *both("api/uploads/<str:file_id>/content", UploadContent.as_view(), "api-upload-content"),
    *both("api/tus", tus.TusList.as_view(), "api-tus"),
    *both("api/tus/<str:file_id>", tus.TusUpload.as_view(), "api-tus-upload"),
    *both("api/resumable", resumable.ResumableList.as_view(), "api-resumable"),
    *both(
        "api/resumable/<str:file_id>", resumable.ResumableUpload.as_view(), "api-resumable-upload"
    ),
    # --- calls to others
    *both(
        "api/outbound/connections", outbound.ConnectionList.as_view(), "api-outbound-connections"
    ),
    *both(
        "api/outbound/connections/<int:connection_id>",
        outbound.ConnectionView.as_view(),
        "api-outbound-connection",
    ),
    *both("api/outbound/calls", outbound.CallList.as_view(), "api-outbound-calls"),
    *both("api/outbound/calls/<int:call_id>", outbound.CallView.as_view(), "api-outbound-call"),
    *both(
        "api/outbound/calls/<int:call_id>/replay",
        outbound.CallReplay.as_view(),
        "api-outbound-call-replay",
    ),
    # --- payments
    *both("api/payments", payments.PaymentList.as_view(), "api-payments"),
    *both(
        "api/payments/callback",
        payments.PaymentCallback.as_view(schema=None),
        "api-payments-callback",
    ),
    *both("api/payments/<int:payment_id>", payments.PaymentView.as_view(), "api-payment"),
    *both(
        "api/payments/<int:payment_id>/refund",
        payments.PaymentRefund.as_view(),
        "api-payment-refund",
    ),
    # --- datasets
    *both("api/datasets", datasets.DatasetList.as_view(), "api-datasets"),
    *both("api/datasets/<str:slug>", datasets.DatasetView.as_view(), "api-dataset"),
    *both("api/datasets/<str:slug>/rows", rows.RowList.as_view(), "api-dataset-rows"),
    *both("api/datasets/<str:slug>/columns", columns.ColumnList.as_view(), "api-dataset-columns"),
    *both(
        "api/datasets/<str:slug>/columns/<str:name>",
        columns.ColumnView.as_view(),
        "api-dataset-column",
    ),
    *both(
        "api/datasets/<str:slug>/columns/<str:name>/retype",
        columns.ColumnRetype.as_view(),
        "api-dataset-column-retype",
    ),
    *both(
        "api/datasets/<str:slug>/columns/<str:name>/restore",
        columns.ColumnRestore.as_view(),
        "api-dataset-column-restore",
    ),
    *both(
        "api/datasets/<str:slug>/mapping",
        datasets.DatasetMapping.as_view(),
        "api-dataset-mapping",
    ),
    *both(
        "api/datasets/<str:slug>/history",
        datasets.DatasetHistory.as_view(),
        "api-dataset-history",
    ),
    *both(
        "api/datasets/<str:slug>/history/<int:event_id>/undo",
        EditUndo.as_view(),
        "api-dataset-edit-undo",
    ),
    *both(
        "api/datasets/<str:slug>/rows/window", RowWindowView.as_view(), "api-dataset-rows-window"
    ),
    *both("api/datasets/<str:slug>/rows/<int:row_id>", rows.RowView.as_view(), "api-dataset-row"),
    *both(
        "api/datasets/<str:slug>/permissions",
        permissions.PermissionList.as_view(),
        "api-dataset-permissions",
    ),
    *both(
        "api/datasets/<str:slug>/permissions/<int:permission_id>",
        permissions.PermissionView.as_view(),
        "api-dataset-permission",
    ),
    *both("api/datasets/<str:slug>/owner", permissions.OwnerView.as_view(), "api-dataset-owner"),
    *both(
        "api/datasets/<str:slug>/columns/<str:name>/statistics",
        ColumnStatistics.as_view(),
        "api-dataset-column-statistics",
    ),
    *both(
        "api/datasets/<str:slug>/columns/<str:name>/chart",
        ColumnChart.as_view(),
        "api-dataset-column-chart",
    ),
    *both("api/datasets/<str:slug>/export.csv", exports.CsvExport.as_view(), "api-export-csv"),
    *both(
        "api/datasets/<str:slug>/export.jsonl",
        exports.JsonLinesExport.as_view(),
        "api-export-jsonl",
    ),
    *both("api/datasets/<str:slug>/export.xlsx", exports.ExcelExport.as_view(), "api-export-xlsx"),
    *both(
        "api/datasets/<str:slug>/export.parquet",
        exports.ParquetExport.as_view(),
        "api-export-parquet",
    ),
    *both(
        "api/datasets/<str:slug>/openapi.json",
        DatasetOpenApi.as_view(),
        "api-dataset-openapi",
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
        "api/imports/<int:import_id>/errors/summary",
        imports.ImportErrorsSummary.as_view(),
        "api-import-errors-summary",
    ),
    *both(
        "api/imports/<int:import_id>/rejected.csv",
        imports.ImportRejected.as_view(),
        "api-import-rejected",
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
    # --- webhooks
    *both(
        "api/webhooks/subscriptions",
        webhooks.SubscriptionList.as_view(),
        "api-webhooks-subscriptions",
    ),
    *both(
        "api/webhooks/subscriptions/<int:subscription_id>",
        webhooks.SubscriptionView.as_view(),
        "api-webhooks-subscription",
    ),
    *both(
        "api/webhooks/subscriptions/<int:subscription_id>/secrets",
        webhooks.SubscriptionSecrets.as_view(),
        "api-webhooks-subscription-secrets",
    ),
    *both(
        "api/webhooks/subscriptions/<int:subscription_id>/rotate",
        webhooks.SubscriptionRotation.as_view(),
        "api-webhooks-subscription-rotate",
    ),
    *both(
        "api/webhooks/subscriptions/<int:subscription_id>/pause",
        webhooks.SubscriptionPause.as_view(),
        "api-webhooks-subscription-pause",
    ),
    *both(
        "api/webhooks/subscriptions/<int:subscription_id>/resume",
        webhooks.SubscriptionResumption.as_view(),
        "api-webhooks-subscription-resume",
    ),
    *both(
        "api/webhooks/subscriptions/<int:subscription_id>/test",
        webhooks.SubscriptionTest.as_view(),
        "api-webhooks-subscription-test",
    ),
    *both(
        "api/webhooks/subscriptions/<int:subscription_id>/replay",
        webhooks.SubscriptionReplay.as_view(),
        "api-webhooks-subscription-replay",
    ),
    *both("api/webhooks/deliveries", webhooks.DeliveryList.as_view(), "api-webhooks-deliveries"),
    *both(
        "api/webhooks/deliveries/<int:delivery_id>",
        webhooks.DeliveryView.as_view(),
        "api-webhooks-delivery",
    ),
    *both(
        "api/webhooks/deliveries/<int:delivery_id>/replay",
        webhooks.DeliveryReplay.as_view(),
        "api-webhooks-delivery-replay",
    ),
    *both("api/webhooks/sources", incoming.SourceList.as_view(), "api-webhooks-sources"),
    *both(
        "api/webhooks/sources/<str:source>", incoming.SourceView.as_view(), "api-webhooks-source"
    ),
    *both(
        "api/webhooks/sources/<str:source>/secrets",
        incoming.SourceSecrets.as_view(),
        "api-webhooks-source-secrets",
    ),
    *both("api/webhooks/received", incoming.ReceivedList.as_view(), "api-webhooks-received"),
    *both(
        "api/webhooks/incoming/<str:source>", incoming.Incoming.as_view(), "api-webhooks-incoming"
    ),
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
    *both("metrics", Metrics.as_view(), "metrics"),
    *both(
        "api/monitoring/requests", figures.RequestFiguresView.as_view(), "api-monitoring-requests"
    ),
    *both("api/monitoring/course", figures.RequestCourseView.as_view(), "api-monitoring-course"),
    *both("api/monitoring/gauges", figures.GaugesView.as_view(), "api-monitoring-gauges"),
    *both("api/monitoring/alerts", alerts.AlertList.as_view(), "api-monitoring-alerts"),
    *both(
        "api/monitoring/alerts/<int:alert_id>",
        alerts.AlertView.as_view(),
        "api-monitoring-alert",
    ),
    *both(
        "api/monitoring/alerts/<int:alert_id>/acknowledge",
        alerts.AlertAcknowledgement.as_view(),
        "api-monitoring-alert-acknowledge",
    ),
    *both("api/monitoring/rules", alerts.RuleList.as_view(), "api-monitoring-rules"),
    *both("api/monitoring/rules/<int:rule_id>", alerts.RuleView.as_view(), "api-monitoring-rule"),
]
