"""What a key may be used for."""

UPLOADS = "uploads"
IMPORTS = "imports"
DATASETS_READ = "datasets:read"
DATASETS_WRITE = "datasets:write"
SCREENS = "screens"
OUTBOUND = "outbound"
ADMIN = "admin"  # with a staff user's key: see and change what belongs to others

ALL_SCOPES = (UPLOADS, IMPORTS, DATASETS_READ, DATASETS_WRITE, SCREENS, OUTBOUND, ADMIN)
