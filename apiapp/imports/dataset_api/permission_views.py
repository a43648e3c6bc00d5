"""/api/datasets/{slug}/permissions/ and .../owner/: with whom a dataset is shared, and whose it is."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from apiapp.http.promises import refuses
from apiapp.idempotency.decorators import idempotent
from apiapp.imports.access import grants
from apiapp.imports.access.grants import Grantee
from apiapp.imports.dataset_api.base import OneDataset
from apiapp.imports.dataset_serializers import (
    DatasetDetail,
    GrantDetail,
    NewGrant,
    NewOwner,
    RoleGiven,
)
from apiapp.imports.errors import BadGrantee, NotPermitted
from apiapp.imports.models import DatasetGrant, Role
from apiapp.keys.authentication import caller_of
from apiapp.pagination import KeysetPagination


class OldestFirst(KeysetPagination):
    ordering = "pk"


class PermissionList(OneDataset, generics.ListAPIView[DatasetGrant]):
    """GET: with whom the dataset is shared; who does not own it sees what they were given."""

    serializer_class = GrantDetail
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[DatasetGrant]:
        dataset = self.dataset(self.kwargs["slug"])
        return grants.grants_of(caller=caller_of(self.request), dataset=dataset)

    @extend_schema(request=NewGrant, responses={201: GrantDetail, 200: GrantDetail})
    @refuses(NotPermitted, BadGrantee)
    @idempotent()
    def post(self, request: Request, slug: str) -> Response:
        """Share the dataset with a user or a group; 200 where it was, which changes the role."""
        dataset = self.dataset(slug, needs=Role.OWNER)
        asked = NewGrant(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted: dict[str, Any] = dict(asked.validated_data)
        grant, is_new = grants.share(
            caller=caller_of(request),
            dataset=dataset,
            role=wanted.pop("role"),
            grantee=Grantee(**wanted),
            now=timezone.now(),
        )
        return Response(
            GrantDetail(grant).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={
                "Location": reverse("api-dataset-permission", [slug, grant.pk], request=request)
            },
        )


class PermissionView(OneDataset):
    @extend_schema(responses=GrantDetail)
    def get(self, request: Request, slug: str, permission_id: int) -> Response:
        """One permission."""
        return Response(GrantDetail(self.grant(slug, permission_id)).data)

    @extend_schema(request=RoleGiven, responses=GrantDetail)
    @refuses(NotPermitted)
    def patch(self, request: Request, slug: str, permission_id: int) -> Response:
        """Change the role."""
        grant = self.grant(slug, permission_id)
        asked = RoleGiven(data=request.data)
        asked.is_valid(raise_exception=True)
        changed = grants.change_role(
            caller=caller_of(request),
            dataset=self.dataset(slug),
            grant=grant,
            role=asked.validated_data["role"],
            now=timezone.now(),
        )
        return Response(GrantDetail(changed).data)

    @extend_schema(responses={204: None})
    @refuses(NotPermitted)
    def delete(self, request: Request, slug: str, permission_id: int) -> Response:
        """Share it no more; whom it was given to may give it back."""
        grants.revoke(
            caller=caller_of(request),
            dataset=self.dataset(slug),
            grant=self.grant(slug, permission_id),
            now=timezone.now(),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    def grant(self, slug: str, permission_id: int) -> DatasetGrant:
        return grants.grant_of(
            caller=caller_of(self.request), dataset=self.dataset(slug), grant_id=permission_id
        )


class OwnerView(OneDataset):
    @extend_schema(request=NewOwner, responses={200: DatasetDetail})
    @refuses(NotPermitted, BadGrantee)
    def put(self, request: Request, slug: str) -> Response:
        """Give the dataset away; who owned it goes on as an editor."""
        dataset = self.dataset(slug, needs=Role.OWNER)
        asked = NewOwner(data=request.data)
        asked.is_valid(raise_exception=True)
        caller = caller_of(request)
        grants.give_away(
            caller=caller,
            dataset=dataset,
            to=asked.validated_data["user"],
            now=timezone.now(),
        )
        given = self.dataset(slug)
        return Response(DatasetDetail(given, context={"request": request}).data)
