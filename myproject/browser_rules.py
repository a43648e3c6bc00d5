"""What browsers are told that pages may do: CSP, CORS and the like."""

CORS_ALLOW_HEADERS = [
    "accept", "authorization", "content-digest", "content-disposition", "content-type",
    "content-md5", "idempotency-key", "if-match", "if-modified-since", "if-none-match",
    "if-range", "if-unmodified-since", "range", "repr-digest", "tus-resumable", "upload-checksum",
    "upload-complete", "upload-concat", "upload-defer-length", "upload-draft-interop-version",
    "upload-length", "upload-metadata", "upload-offset", "want-repr-digest", "x-custom-header",
    "x-http-method-override", "x-request-id", "x-requested-with",
]  # fmt: skip
CORS_ALLOW_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
CORS_EXPOSE_HEADERS = [
    "accept-patch", "accept-ranges", "allow", "content-disposition", "content-range",
    "deprecation", "etag", "file-id", "idempotent-replayed", "link", "location", "ratelimit",
    "ratelimit-policy", "repr-digest", "retry-after", "sunset", "tus-checksum-algorithm",
    "tus-extension", "tus-max-size", "tus-resumable", "tus-version", "upload-complete",
    "upload-concat", "upload-defer-length", "upload-draft-interop-version", "upload-expires",
    "upload-length", "upload-limit", "upload-metadata", "upload-offset", "want-content-digest",
    "want-repr-digest", "x-request-id",
]  # fmt: skip
DIRECTIVES = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:", "blob:"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}
# The admin's theme evaluates expressions in attributes, and writes its colours as a style element.
ADMIN_CSP = {
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
}
PERMISSIONS_POLICY = ", ".join(
    [
        *(f"{name}=()" for name in ("camera", "microphone", "geolocation", "payment", "usb")),
        "display-capture=(self)",
    ]
)
# Of what is no page at all, should a browser ever show it as one.
DATA_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": PERMISSIONS_POLICY,
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def content_security_policy(more: str) -> dict[str, dict[str, list[str]]]:
    """django-csp's setting: our directives, and those of `more`, written as in the header.

    A directive of ours grows by the sources in `more`; one that allows nothing is replaced.
    """
    directives = {name: list(sources) for name, sources in DIRECTIVES.items()}
    for name, *sources in filter(None, map(str.split, more.split(";"))):
        known = directives.get(name, [])
        directives[name] = sources if known == ["'none'"] else [*known, *sources]
    return {"DIRECTIVES": directives}
