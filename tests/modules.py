"""The browser's modules, as /static/ names them: `folder/name.js`."""

from django.conf import settings

FOLDERS = [
    settings.BASE_DIR / "static" / "site",
    settings.BASE_DIR / "apiapp" / "static" / "apiapp",
    settings.BASE_DIR / "apiapp" / "static" / "grid",
    settings.BASE_DIR / "streaming" / "static" / "streaming",
]
MODULES = [
    f"{path.parent.name}/{path.name}" for each in FOLDERS for path in sorted(each.glob("*.js"))
]
