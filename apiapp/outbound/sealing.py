"""Secrets at rest: sealed by one key, opened by any of several, so that keys can be changed."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from apiapp.outbound.errors import SecretLost

PURPOSE = b"sluice: secrets of outbound connections"  # a key made for this is good for nothing else
KEY_BYTES = 32


class Sealer:
    """keys: texts of any length that nobody can guess; the first seals, each of them opens."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(derived(key)) for key in keys])

    def seal(self, value: Any) -> str:
        """`value` is JSON."""
        return self._fernet.encrypt(json.dumps(value).encode()).decode()

    def unseal(self, sealed: str) -> Any:
        """Raises SecretLost if none of the keys sealed it."""
        try:
            return json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken as error:
            raise SecretLost from error

    def resealed(self, sealed: str) -> str:
        """The same, sealed by the first key.  Raises SecretLost."""
        try:
            return self._fernet.rotate(sealed.encode()).decode()
        except InvalidToken as error:
            raise SecretLost from error


def derived(key: str) -> bytes:
    made = HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=PURPOSE).derive(key.encode())
    return base64.urlsafe_b64encode(made)
