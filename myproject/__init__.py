"""Composes the parts; the only package that knows them all."""

from myproject.celery import app as celery_app

__all__ = ["celery_app"]
