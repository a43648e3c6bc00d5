"""What can go wrong with a resumable upload or its digests, as the registry of problem types has it.

draft-ietf-httpbis-resumable-upload-12, section 7; draft-ietf-httpapi-digest-fields-problem-types-06.
"""

from collections.abc import Sequence

from apiapp.uploads.errors import UploadError


class MismatchingUploadOffset(UploadError):
    """The client and the server disagree about how much has arrived."""

    def __init__(self, *, expected_offset: int, provided_offset: int) -> None:
        super().__init__(f"the upload goes on at byte {expected_offset}, not {provided_offset}")
        self.expected_offset = expected_offset
        self.provided_offset = provided_offset

    @property
    def headers(self) -> dict[str, str]:
        return {"Upload-Offset": str(self.expected_offset)}


class InconsistentUploadLength(UploadError):
    """The length of the file follows from this request otherwise than from what was told."""

    def __init__(self) -> None:
        super().__init__("this does not fit the length of the upload that was told")


class DigestProblem(UploadError):
    """Something is wrong with digests.  wanted: the field that asks for those that are known."""

    def __init__(self, words: str, *, header: str, wanted: str = "") -> None:
        super().__init__(words)
        self._header = header
        self._wanted = wanted

    @property
    def headers(self) -> dict[str, str]:
        return {f"Want-{self._header}": self._wanted} if self._wanted else {}


class UnsupportedDigests(DigestProblem):
    def __init__(self, *, algorithms: Sequence[str], header: str, wanted: str) -> None:
        super().__init__(
            f"{header}: none of its algorithms is known here", header=header, wanted=wanted
        )
        self.unsupported_algorithms = [
            {"algorithm": algorithm, "header": header} for algorithm in algorithms
        ]


class InvalidDigest(DigestProblem):
    def __init__(self, *, algorithm: str, header: str, wanted_bytes: int) -> None:
        reason = f"a {algorithm} has {wanted_bytes} bytes"
        super().__init__(f"{header}: {reason}", header=header)
        self.invalid_digests = [{"algorithm": algorithm, "header": header, "reason": reason}]


class MismatchedDigest(DigestProblem):
    """provided_digest: as a structured field writes it."""

    def __init__(
        self, *, algorithm: str, header: str, provided_digest: str, words: str = ""
    ) -> None:
        super().__init__(
            words
            or f"what arrived does not have the {algorithm} of its {header}; nothing of it is kept",
            header=header,
        )
        self.mismatched_digests = [
            {"algorithm": algorithm, "provided_digest": provided_digest, "header": header}
        ]


class ContradictedDigest(MismatchedDigest):
    """The whole file cannot have two digests by one algorithm."""

    def __init__(self, *, algorithm: str, provided_digest: str) -> None:
        super().__init__(
            algorithm=algorithm,
            header="Repr-Digest",
            provided_digest=provided_digest,
            words=f"the file was to have another {algorithm}; nothing of this request is kept",
        )
