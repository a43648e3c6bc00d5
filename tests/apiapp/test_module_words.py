import re

from apiapp.module_words import MODULES, all_words, messages_in, with_imports, words_of

IMPORT = re.compile(r'\bfrom "\./(\w+\.js)"|^import "\./(\w+\.js)"', re.MULTILINE)


def test_every_import_of_every_module_is_found():
    for path in sorted(MODULES.glob("*.js")):
        written = {a or b for a, b in IMPORT.findall(path.read_text(encoding="utf-8"))}

        assert written <= with_imports(path.name), path.name


def test_what_is_imported_later_is_not_counted():
    assert "drop_zone.js" in with_imports("home_page.js")
    assert "import_card.js" not in with_imports("home_page.js")
    assert "server_words.js" not in with_imports("home_page.js")


def test_a_page_has_every_word_its_modules_use_and_few_others():
    words = words_of("home_page.js", "zh-hans")

    assert set(words) == {m for name in with_imports("home_page.js") for m in messages_in(name)}
    assert len(words) < len(all_words("zh-hans")) / 2


def test_english_needs_no_words():
    assert words_of("home_page.js", "en") == {}
