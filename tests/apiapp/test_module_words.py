import re

import pytest

from apiapp.module_words import all_words, messages_in, source_of, with_imports, words_of
from tests.modules import MODULES

IMPORT = re.compile(r'\bfrom "\.[./\w]*/(\w+\.js)"|^import "\.[./\w]*/(\w+\.js)"', re.MULTILINE)


def test_every_import_of_every_module_is_found():
    for name in MODULES:
        written = {a or b for a, b in IMPORT.findall(source_of(name))}

        assert written <= {found.rpartition("/")[2] for found in with_imports(name)}, name


def test_a_module_may_import_from_another_folder():
    assert {"site/i18n.js", "site/elements.js"} <= with_imports("apiapp/home_page.js")


def test_a_module_that_is_not_there_is_an_error():
    with pytest.raises(FileNotFoundError, match=r"site/nothing\.js"):
        words_of("site/nothing.js", "en")


def test_what_is_imported_later_is_not_counted():
    assert "apiapp/drop_zone.js" in with_imports("apiapp/home_page.js")
    assert "apiapp/import_card.js" not in with_imports("apiapp/home_page.js")
    assert "site/server_words.js" not in with_imports("apiapp/home_page.js")


def test_a_page_has_every_word_its_modules_use_and_few_others():
    words = words_of("apiapp/home_page.js", "zh-hans")

    assert set(words) == {
        m for name in with_imports("apiapp/home_page.js") for m in messages_in(name)
    }
    assert len(words) < len(all_words("zh-hans")) / 2


def test_english_needs_no_words():
    assert words_of("apiapp/home_page.js", "en") == {}
