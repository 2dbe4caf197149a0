"""Tables of 0 and 1, one for each reader, as CODE-test was published."""

from __future__ import annotations

import numpy as np
import pytest

from ecgreview.published_readings import CLASSES, BadReadings, code_test, parse, read

HEADING = ",".join(CLASSES)
ROWS = ("0,0,0,0,0,0", "1,0,0,0,0,1", "0,1,0,0,0,0")


def table(*rows: str, heading: str = HEADING, end: str = "\n") -> bytes:
    return end.join([heading, *rows, ""]).encode()


def refusal(*rows: str, heading: str = HEADING) -> list[str]:
    return told({"ana.csv": table(*rows, heading=heading)})


def told(files: dict[str, bytes]) -> list[str]:
    with pytest.raises(BadReadings) as caught:
        parse(files)
    return str(caught.value).splitlines()


def given(content: bytes) -> list[list[int]]:
    rows: list[list[int]] = parse({"ana.csv": content}).given[0].tolist()
    return rows


PLAIN = [[0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 1], [0, 1, 0, 0, 0, 0]]


class TestTables:
    def test_a_reader_is_named_for_the_file(self):
        result = parse({"dnn.csv": table(*ROWS), "cardiologist1.csv": table(*ROWS)})
        assert result.readers == ("cardiologist1", "dnn")

    def test_the_array_has_readers_then_exams_then_classes(self):
        result = parse({"dnn.csv": table(*ROWS), "ana.csv": table(*ROWS[::-1])})
        assert result.given.shape == (2, 3, 6)
        assert result.given.dtype == np.dtype(np.int8)
        assert result.given.tolist() == [PLAIN[::-1], PLAIN]
        assert result.n_exams == 3

    def test_nobody_changes_what_was_read(self):
        assert not parse({"ana.csv": table(*ROWS)}).given.flags.writeable

    def test_columns_stand_in_any_order(self):
        rows = [row[::-1] for row in ROWS]
        assert given(table(*rows, heading=",".join(CLASSES[::-1]))) == PLAIN

    @pytest.mark.parametrize("name", ["", "Unnamed: 0", '""', "unnamed: 0"])
    @pytest.mark.parametrize("start", [0, 1])
    def test_the_numbers_of_the_rows_are_left_out(self, name, start):
        rows = [f"{number},{row}" for number, row in enumerate(ROWS, start=start)]
        assert given(table(*rows, heading=f"{name},{HEADING}")) == PLAIN

    @pytest.mark.parametrize(
        "content",
        [
            table(*ROWS, end="\r\n"),
            b"\xef\xbb\xbf" + table(*ROWS),
            table(*(row.replace(",", " , ") for row in ROWS)),
            table(*('"' + row.replace(",", '","') + '"' for row in ROWS)),
            table(*(row.replace("0", "0.0").replace("1", "1.0") for row in ROWS)),
            table(*(row.replace(",", ";") for row in ROWS), heading=HEADING.replace(",", ";")),
            table(*ROWS).rstrip(b"\n"),
            table(*ROWS) + b"\n\n",
        ],
        ids=["crlf", "bom", "blanks", "quoted", "decimals", "semicolons", "no end", "blank end"],
    )
    def test_the_usual_ways_of_writing_it_say_the_same(self, content):
        assert given(content) == PLAIN

    def test_the_published_readers_are_read(self, shared_data):
        names = [f"code_test_cardiologist{n}_first100.csv" for n in (1, 2)]
        result = parse({name: (shared_data / "readers" / name).read_bytes() for name in names})
        assert result.given.shape == (2, 100, 6)
        differing = (result.given[0] != result.given[1]).any(axis=1)
        assert differing.sum() == 5  # as the README of the folder says


class TestRefusals:
    @pytest.mark.parametrize("value", ["2", "-1", "x", "NaN", "nan", "True", "0.5", "10", "٠"])
    def test_another_value_is_told_with_its_place(self, value):
        assert refusal(ROWS[0], f"0,0,{value},0,0,0") == [
            f"ana.csv: line 3, column 3: LBBB: row 2 has {value!r}, neither 0 nor 1. Write 0 or 1."
        ]

    @pytest.mark.parametrize("row", ["0,0,,0,0,0", "0,0, ,0,0,0"])
    def test_an_empty_cell_is_no_zero(self, row):
        assert refusal(row) == [
            "ana.csv: line 2, column 3: LBBB: row 1 has nothing, neither 0 nor 1. Write 0 or 1."
        ]

    def test_a_short_row_is_told(self):
        (line,) = refusal("0,0,0,0,0")
        assert "ST: row 1 has nothing" in line

    def test_a_long_row_is_told(self):
        (line,) = refusal("0,0,0,0,0,0,1")
        assert line.startswith("ana.csv: line 2, column 7: the row has 7 cells, the heading 6.")

    def test_a_missing_column_is_told(self):
        assert refusal("0,0,0,0,0", heading="1dAVb,RBBB,LBBB,SB,AF") == [
            "ana.csv: line 1: ST: is a column that is missing. Add it to the first row."
        ]

    def test_an_unknown_column_is_told(self):
        (line,) = refusal("0,0,0,0,0,0,0", heading=f"{HEADING},PVC")
        assert line.startswith("ana.csv: line 1, column 7: pvc: is a column nobody knows.")

    def test_a_column_is_there_once(self):
        assert refusal("0,0,0,0,0,0,0", heading=f"{HEADING},rbbb") == [
            "ana.csv: line 1, column 7: RBBB: is a column that is there twice. Remove one."
        ]

    def test_rows_without_a_heading_are_no_table(self):
        lines = refusal(*ROWS[1:], heading=ROWS[0])
        assert "ana.csv: line 1: ST: is a column that is missing. Add it to the first row." in lines

    @pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
    def test_an_empty_file_is_told(self, content):
        (line,) = told({"ana.csv": content})
        assert line.startswith("ana.csv: the file is empty. The columns are 1dAVb, RBBB,")

    def test_a_table_without_rows_is_told(self):
        (line,) = refusal()
        assert line.startswith("ana.csv: has no row below the names of its columns.")

    def test_what_is_not_utf8_is_told(self):
        (line,) = told({"ana.csv": table(ROWS[0], "0,é,0,0,0,0").decode().encode("latin-1")})
        assert line.startswith("ana.csv: line 3, column 3: is not UTF-8 text")

    def test_an_empty_row_would_move_all_later_ones(self):
        for empty in ("", ",,,,,", " , , , , , "):
            assert refusal(ROWS[0], empty, ROWS[1])[0].startswith(
                "ana.csv: line 3: the row is empty, but others follow."
            )

    def test_the_first_row_is_an_exam_too(self):
        (line,) = refusal(",,,,,", *ROWS)
        assert line.startswith("ana.csv: line 2: the row is empty, but others follow.")

    def test_lines_above_the_heading_are_no_rows(self):
        assert given(b"\n\n" + table(*ROWS)) == PLAIN

    def test_the_last_row_is_an_exam_too(self):
        (line,) = refusal(ROWS[0], ",,,,,")
        assert line.startswith("ana.csv: line 3: the last row is empty.")

    @pytest.mark.parametrize(
        "numbers", [(0, 2, 1), (2, 3, 4), (0, 1, 1), ("a", "b", "c"), (1, 0, 2)]
    )
    def test_numbers_that_contradict_the_order_of_the_rows_are_told(self, numbers):
        rows = [f"{number},{row}" for number, row in zip(numbers, ROWS, strict=True)]
        (line,) = refusal(*rows, heading=f",{HEADING}")
        assert ": the column of row numbers has" in line
        assert line.endswith(
            "The order of the rows tells which exam each is: restore it or drop the column."
        )

    def test_an_unnamed_column_at_the_end_holds_numbers_too(self):
        (line,) = refusal(*(f"{row}," for row in ROWS), heading=f"{HEADING},")
        assert "column 7: the column of row numbers has nothing where 1 is due" in line

    def test_files_of_different_length_are_told(self):
        (line,) = told({"a.csv": table(*ROWS), "b.csv": table(*ROWS), "c.csv": table(*ROWS[1:])})
        assert line.startswith(
            "c.csv: has 2 rows, but a.csv has 3. Every file holds the same exams"
        )

    @pytest.mark.parametrize("other", ["ANA.csv", "Ana.CSV", " ana .csv", "ａｎａ.csv"])
    def test_two_readers_have_two_names(self, other):
        (line,) = told({"ana.csv": table(*ROWS), other: table(*ROWS)})
        assert line.startswith(f"{other}: names the same reader as ana.csv")

    @pytest.mark.parametrize("name", [" ", "a" * 81, "a\u202eb", "a\nb"])
    def test_a_name_can_be_seen(self, name):
        with pytest.raises(BadReadings, match="its name is no reader's"):
            parse({f"{name}.csv": table(*ROWS)})

    def test_everything_that_is_wrong_in_every_file_is_told(self):
        files = {"ana.csv": table("2,0,0,0,0,x"), "bruno.csv": b"", "clara.csv": table(*ROWS)}
        assert [line.split(":")[0] for line in told(files)] == ["ana.csv", "ana.csv", "bruno.csv"]

    def test_a_wrong_file_does_not_fill_the_screen(self):
        assert len(refusal(*["x,x,x,x,x,x"] * 100)) == 20


class TestFolders:
    def test_every_csv_file_is_a_reader(self, tmp_path):
        (tmp_path / "ana.csv").write_bytes(table(*ROWS))
        (tmp_path / "BRUNO.CSV").write_bytes(table(*ROWS))
        (tmp_path / "README.md").write_text("Two readers")
        (tmp_path / "._ana.csv").write_bytes(b"\0\1\2")  # macOS leaves these
        assert read(tmp_path).readers == ("BRUNO", "ana")

    def test_there_must_be_a_folder(self, tmp_path):
        with pytest.raises(BadReadings, match="there is no such folder"):
            read(tmp_path / "nowhere")

    def test_a_file_is_no_folder(self, tmp_path):
        (tmp_path / "ana.csv").write_bytes(table(*ROWS))
        with pytest.raises(BadReadings, match="is a file, not a folder"):
            read(tmp_path / "ana.csv")

    def test_there_must_be_a_file(self, tmp_path):
        with pytest.raises(BadReadings, match=r"the folder has no \.csv file"):
            read(tmp_path)

    def test_a_folder_is_no_reader(self, tmp_path):
        (tmp_path / "ana.csv").mkdir()
        with pytest.raises(BadReadings, match=r"ana\.csv: is a folder, not a file"):
            read(tmp_path)

    def test_a_link_to_nowhere_is_told(self, tmp_path):
        (tmp_path / "ana.csv").symlink_to(tmp_path / "gone")
        with pytest.raises(BadReadings, match=r"ana\.csv: cannot be read"):
            read(tmp_path)


class TestClasses:
    def test_the_list_has_the_columns(self):
        assert tuple(row.code for row in code_test().classes) == CLASSES

    def test_no_class_stands_alone(self):
        assert not any(row.is_exclusive for row in code_test().classes)
