"""Secrets at rest, and how their keys are changed."""

import pytest
from django.contrib.auth.models import User

from apiapp.outbound import services
from apiapp.outbound.errors import SecretLost
from apiapp.outbound.models import Connection
from apiapp.outbound.sealing import Sealer


def test_what_is_sealed_is_opened_by_its_key_alone():
    sealed = Sealer(["key"]).seal({"a": "ü"})

    assert "ü" not in sealed
    assert Sealer(["key"]).unseal(sealed) == {"a": "ü"}
    with pytest.raises(SecretLost):
        Sealer(["other"]).unseal(sealed)
    with pytest.raises(SecretLost):
        Sealer(["key"]).unseal(sealed[:-8])


def test_the_first_key_seals_and_each_opens():
    old, both, new = Sealer(["old"]), Sealer(["new", "old"]), Sealer(["new"])

    assert both.unseal(old.seal(1)) == 1
    assert new.unseal(both.seal(1)) == 1
    assert new.unseal(both.resealed(old.seal(1))) == 1


def made(user: User, key: str) -> Connection:
    return services.create_connection(
        owner=user, sealer=Sealer([key]), secret="x", name=key, base_url="https://a.example"
    )


def test_after_resealing_the_old_key_may_go(user: User):
    row = made(user, "old")

    assert services.reseal(sealer=Sealer(["new", "old"])) == 1

    row.refresh_from_db()
    assert Sealer(["new"]).unseal(row.sealed_secret) == "x"


def test_resealing_changes_nothing_if_a_key_is_missing(user: User):
    rows = [made(user, "old"), made(user, "older")]

    with pytest.raises(SecretLost):
        services.reseal(sealer=Sealer(["new", "old"]))

    for row in rows:
        before = row.sealed_secret
        row.refresh_from_db()
        assert row.sealed_secret == before
