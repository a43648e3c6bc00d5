"""What a key may be used for."""

UPLOADS = "uploads"
IMPORTS = "imports"
DATASETS_READ = "datasets:read"
DATASETS_WRITE = "datasets:write"
SCREENS = "screens"
OUTBOUND = "outbound"
WEBHOOKS = "webhooks"
PAYMENTS = "payments"
EXAMPLES = "examples"  # to change rows behind /api/v1/; whoever is known may read them
ADMIN = "admin"  # with a staff user's key: see and change what belongs to others

ALL_SCOPES = (
    *(UPLOADS, IMPORTS, DATASETS_READ, DATASETS_WRITE, SCREENS),
    *(OUTBOUND, WEBHOOKS, PAYMENTS, EXAMPLES, ADMIN),
)
