"""/api/jobs/: how far one's background work is, and how it ended."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from apiapp.http.promises import refuses
from apiapp.http.views import ApiView
from apiapp.jobs import services
from apiapp.jobs.errors import JobHasEnded, JobNotRetryable
from apiapp.jobs.models import Job
from apiapp.jobs.serializers import JobDetail
from apiapp.keys.authentication import caller_of


class JobFilter(serializers.Serializer[Any]):
    state = serializers.MultipleChoiceField(choices=Job.State.choices, required=False)


class JobList(ApiView, generics.ListAPIView[Job]):
    """GET: the caller's jobs, newest first; the server's periodic work is in the admin alone."""

    serializer_class = JobDetail

    def get_queryset(self) -> QuerySet[Job]:
        wanted = JobFilter(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        states = wanted.validated_data.get("state", ())
        return services.listed_jobs(caller_of(self.request), states=states)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "state",
                str,
                enum=Job.State.values,
                many=True,
                description="Only jobs in this state; give it several times for several states.",
            )
        ]
    )
    @refuses(ValidationError)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class JobView(ApiView):
    """GET: one job."""

    @extend_schema(responses=JobDetail)
    def get(self, request: Request, job_id: int) -> Response:
        return Response(JobDetail(services.get_job(caller_of(request), job_id)).data)


class JobCancel(ApiView):
    """POST: end a queued job; ask a running one to stop, which takes a moment."""

    @extend_schema(request=None, responses=JobDetail)
    @refuses(JobHasEnded)
    def post(self, request: Request, job_id: int) -> Response:
        job = services.get_job(caller_of(request), job_id)
        return Response(JobDetail(services.cancel(job=job, now=timezone.now())).data)


class JobRetry(ApiView):
    """POST: queue a failed or cancelled job again."""

    @extend_schema(request=None, responses=JobDetail)
    @refuses(JobNotRetryable)
    def post(self, request: Request, job_id: int) -> Response:
        job = services.get_job(caller_of(request), job_id)
        return Response(JobDetail(services.retry(job=job, now=timezone.now())).data)
