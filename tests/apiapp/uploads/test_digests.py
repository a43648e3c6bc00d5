import base64
import hashlib

import pytest

from apiapp.uploads.digests import FileDigests, md5_from_base64, md5_from_hex, require_match
from apiapp.uploads.errors import BadChecksum, ChecksumMismatch


def test_both_digests_come_from_one_pass():
    digests = FileDigests()

    digests.update(b"hello ")
    digests.update(memoryview(b"world"))

    assert digests.md5 == hashlib.md5(b"hello world").hexdigest()
    assert digests.sha256 == hashlib.sha256(b"hello world").hexdigest()


def test_an_md5_may_be_written_in_upper_case():
    assert md5_from_hex("D41D8CD98F00B204E9800998ECF8427E") == hashlib.md5(b"").hexdigest()


def test_a_content_md5_header_is_read():
    digest = hashlib.md5(b"x")

    assert md5_from_base64(base64.b64encode(digest.digest()).decode()) == digest.hexdigest()


@pytest.mark.parametrize("text", ["", "xyz", "0" * 31, "0" * 33, "g" * 32, "0" * 31 + "\n"])
def test_what_is_no_md5_in_hexadecimal_is_refused(text: str):
    with pytest.raises(BadChecksum):
        md5_from_hex(text)


@pytest.mark.parametrize("text", ["", "%%%", "AAAA", "A" * 23 + "=x", "é" * 24])
def test_what_is_no_content_md5_is_refused(text: str):
    with pytest.raises(BadChecksum):
        md5_from_base64(text)


def test_a_checksum_that_was_not_sent_asks_for_nothing():
    require_match(expected="", got="anything")

    with pytest.raises(ChecksumMismatch) as caught:
        require_match(expected="aa", got="bb")
    assert (caught.value.expected, caught.value.got) == ("aa", "bb")
