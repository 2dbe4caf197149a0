"""Scripts and styles as they are sent."""

from __future__ import annotations

import subprocess

import pytest

from ecgreview import lean
from ecgreview.embedded.places import REPOSITORY

STATIC = REPOSITORY / "static"


def read_from(files: dict[str, str]):
    return files.__getitem__


def run(script: str) -> str:
    """Return what node prints for a module."""
    done = subprocess.run(
        ["node", "--input-type=module", "-"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


SHOP = {
    "js/shop.js": (
        'import { price as asked, Till } from "./till.js";\n'
        'import * as words from "./words.js";\n'
        'import "./bell.js";\n'
        "const price = 1;\n"
        'const late = async () => (await import("./deep/late.js")).say();\n'
        "console.log(words.hello, asked(2), price, new Till().open(), await late());\n"
    ),
    "js/till.js": (
        "// A till.\n"
        "const rate = 3;\n"
        "/** What something costs. */\n"
        "export function price(n) {\n  return n * rate; // in money\n}\n"
        "export class Till {\n  open() {\n    return price(rate);\n  }\n}\n"
    ),
    "js/words.js": 'export const hello = "https://hello";\nexport async function bye() {}\n',
    "js/bell.js": 'import { hello } from "./words.js";\nconsole.log("bell", hello);\n',
    "js/deep/late.js": (
        'import { price } from "../till.js";\nconsole.log("late");\n'
        "export const say = () => `two\n  lines ${price(1)}`;\n"
    ),
}


def test_a_joined_module_does_what_its_modules_do() -> None:
    said = run(lean.joined("js/shop.js", read_from(SHOP)))
    assert said == "bell https://hello\nlate\nhttps://hello 6 1 9 two\n  lines 3"


def test_each_module_is_in_the_file_once() -> None:
    text = lean.joined("js/shop.js", read_from(SHOP))
    assert text.count("https://hello") == 1
    assert text.count("n * rate") == 1


def test_comments_and_indents_are_not_sent() -> None:
    text = lean.joined("js/shop.js", read_from(SHOP))
    assert "A till." not in text
    assert "costs" not in text
    assert "in money" not in text
    assert "\nreturn n * rate;\n" in text


def test_slashes_in_strings_and_lines_of_templates_stay() -> None:
    source = 'const a = "x // y";\nconst b = `\n    // kept\n    \\``;\n  const c = 1; // gone\n'
    assert (
        lean.stripped(source)
        == 'const a = "x // y";\nconst b = `\n    // kept\n    \\``;\nconst c = 1;\n'
    )


def test_pages_name_the_modules_that_no_other_imports() -> None:
    assert lean.entries(SHOP, read_from(SHOP)) == {"js/shop.js"}


@pytest.mark.parametrize(
    "line", ["export default 3;", "export { a };", 'import a from "./b.js";', "export let a = 1;"]
)
def test_a_form_that_cannot_be_joined_is_refused(line: str) -> None:
    files = {"a.js": 'import "./b.js";\n', "b.js": f"{line}\n"}
    with pytest.raises(lean.Unjoinable, match=r"b\.js"):
        lean.joined("a.js", read_from(files))


def test_modules_that_import_each_other_are_refused() -> None:
    files = {"a.js": 'import "./b.js";\n', "b.js": 'import "./a.js";\n'}
    with pytest.raises(lean.Unjoinable, match="imports itself"):
        lean.joined("a.js", read_from(files))


def test_a_style_sheet_holds_what_it_imports() -> None:
    files = {
        "css/all.css": '/* All. */\n@import "one.css";\nb { c: d; }\n',
        "css/one.css": "a {\n  b: c;\n}\n",
    }
    assert lean.styles("css/all.css", read_from(files)) == "a {\nb: c;\n}\nb { c: d; }\n"


def test_every_page_of_the_product_can_be_joined() -> None:
    names = [file.relative_to(STATIC).as_posix() for file in STATIC.rglob("*.js")]

    def read(name: str) -> str:
        return (STATIC / name).read_text(encoding="utf-8")

    for entry in lean.entries(names, read):
        text = lean.joined(entry, read)
        done = subprocess.run(
            ["node", "--check", "--input-type=module", "-"],
            input=text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{entry}: {done.stderr}"
