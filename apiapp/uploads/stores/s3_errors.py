"""What may go wrong with S3, in our words.  Imports boto3's core: only where S3 is used."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from apiapp.uploads.errors import StoreUnavailable

logger = logging.getLogger(__name__)

NO_UPLOAD = "NoSuchUpload"
NO_KEY = {"NoSuchKey", "404"}  # the latter as an answer to HEAD


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def unavailable_told() -> Iterator[None]:
    """Raises StoreUnavailable, and logs why: it is the operator who can do something about it."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        logger.error("the object store cannot be used now: %s", error)
        raise StoreUnavailable from error
