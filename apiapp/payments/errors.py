"""What can go wrong with a payment."""


class PaymentError(Exception):
    """Base of this feature's errors."""


class UnknownPayment(PaymentError):
    """No such payment, or it is another user's."""

    def __init__(self) -> None:
        super().__init__("there is no such payment")


class NoGateway(PaymentError):
    """No gateway is in use, so that nothing can be charged."""

    def __init__(self) -> None:
        super().__init__("no payment gateway is in use: staff set one up in the admin")


class OrderHasPayment(PaymentError):
    """An order is paid once: it has a payment that has not failed."""

    def __init__(self, *, payment_id: int) -> None:
        super().__init__("the order has a payment that has not failed")
        self.payment_id = payment_id


class NotRefundable(PaymentError):
    """Only what is paid can be given back."""

    def __init__(self, *, status: str) -> None:
        super().__init__(f"the payment is {status}: only one that is paid is refunded")
        self.payment_status = status


class RefundTooLarge(PaymentError):
    """More than is left of what was paid."""

    def __init__(self, *, left: str) -> None:
        super().__init__(f"{left} is left to be refunded")
        self.left = left


class BadSignature(PaymentError):
    """What came as a callback is not signed by a gateway, or not now."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"this callback is not taken: {reason}")


class BadAmount(PaymentError):
    """No amount of this currency."""


class BadReturnUrl(PaymentError):
    """Nowhere that a customer may be led back to."""


class BadReport(PaymentError):
    """What a gateway says of a charge cannot be read."""


class NoWord(PaymentError):
    """The gateway said nothing that decides anything: it is to be asked again."""


class GatewayRefused(PaymentError):
    """The gateway will not, and says so for good."""


class ChargeUnknown(PaymentError):
    """The gateway has no charge of this reference."""
