"""Standard Webhooks: who signed, whether all of it, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from apiapp.signing import ID, SIGNATURE, TIMESTAMP, NotSigned, signed_headers, signer_of

# The example of the specification's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
AT = datetime.fromtimestamp(1614265330, UTC)
HEADERS = {
    ID: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    TIMESTAMP: "1614265330",
    SIGNATURE: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
OTHER = "whsec_" + "A" * 32


def test_a_message_is_signed_as_others_sign_it():
    assert (
        signed_headers(message_id=HEADERS[ID], content=BODY, secrets_=[SECRET], now=AT) == HEADERS
    )


def test_it_is_said_which_secret_signed():
    assert signer_of(HEADERS, BODY, secrets_=[OTHER, SECRET], now=AT) == 1
    several = {**HEADERS, SIGNATURE: f"v1a,x v1,AAAA {HEADERS[SIGNATURE]}"}
    assert signer_of(several, BODY, secrets_=["(lost)", SECRET], now=AT) == 1


@pytest.mark.parametrize(
    ("changed", "body", "after_s"),
    [
        ({ID: "msg_other"}, BODY, 0),
        ({ID: ""}, BODY, 0),
        ({ID: "x" * 256}, BODY, 0),
        ({TIMESTAMP: "1614265331"}, BODY, 0),
        ({TIMESTAMP: "now"}, BODY, 0),
        ({TIMESTAMP: ""}, BODY, 0),
        ({TIMESTAMP: "9" * 40}, BODY, 0),
        ({SIGNATURE: ""}, BODY, 0),
        ({SIGNATURE: "v1,"}, BODY, 0),
        ({SIGNATURE: "v1,é"}, BODY, 0),
        ({SIGNATURE: HEADERS[SIGNATURE].replace("v1", "v2")}, BODY, 0),
        ({}, BODY + b" ", 0),
        ({}, b"\xff", 0),
        ({}, BODY, 301),
        ({}, BODY, -301),
    ],
)
def test_whatever_is_changed_is_refused(changed: dict[str, str], body: bytes, after_s: int):
    with pytest.raises(NotSigned):
        now = AT + timedelta(seconds=after_s)
        signer_of({**HEADERS, **changed}, body, secrets_=[SECRET], now=now)


def test_without_a_secret_nothing_is_taken():
    with pytest.raises(NotSigned):
        signer_of(HEADERS, BODY, secrets_=[], now=AT)
