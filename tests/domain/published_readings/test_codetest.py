"""Tables of 0 and 1, one per reader, as published with CODE-test."""

from __future__ import annotations

import numpy as np
import pytest

from ecgreview.published_readings import CLASSES, BadReadings, code_test, parse, read

HEADING = ",".join(CLASSES)
ROWS = ("0,0,0,0,0,0", "1,0,0,0,0,1", "0,1,0,0,0,0")


def table(*rows: str, heading: str = HEADING, end: str = "\n") -> bytes:
    return end.join([heading, *rows, ""]).encode()


def refusal(*rows: str, heading: str = HEADING) -> list[str]:
    return problems_of({"ana.csv": table(*rows, heading=heading)})


def problems_of(files: dict[str, bytes]) -> list[str]:
    with pytest.raises(BadReadings) as caught:
        parse(files)
    return str(caught.value).splitlines()


def read_one(content: bytes) -> list[list[int]]:
    rows: list[list[int]] = parse({"ana.csv": content}).states[0].tolist()
    return rows


PLAIN = [[0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 1], [0, 1, 0, 0, 0, 0]]


class TestTables:
    def test_a_reader_is_named_after_the_file(self):
        result = parse({"dnn.csv": table(*ROWS), "cardiologist1.csv": table(*ROWS)})
        assert result.readers == ("cardiologist1", "dnn")

    def test_the_array_has_readers_then_exams_then_classes(self):
        result = parse({"dnn.csv": table(*ROWS), "ana.csv": table(*ROWS[::-1])})
        assert result.states.shape == (2, 3, 6)
        assert result.states.dtype == np.dtype(np.int8)
        assert result.states.tolist() == [PLAIN[::-1], PLAIN]
        assert result.n_exams == 3

    def test_the_array_is_read_only(self):
        assert not parse({"ana.csv": table(*ROWS)}).states.flags.writeable

    def test_columns_may_have_any_order(self):
        rows = [row[::-1] for row in ROWS]
        assert read_one(table(*rows, heading=",".join(CLASSES[::-1]))) == PLAIN

    @pytest.mark.parametrize("name", ["", "Unnamed: 0", '""', "unnamed: 0"])
    @pytest.mark.parametrize("start", [0, 1])
    def test_a_row_number_column_is_ignored(self, name, start):
        rows = [f"{number},{row}" for number, row in enumerate(ROWS, start=start)]
        assert read_one(table(*rows, heading=f"{name},{HEADING}")) == PLAIN

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
    def test_csv_variants_are_equivalent(self, content):
        assert read_one(content) == PLAIN

    def test_the_published_readers_are_read(self, shared_data):
        names = [f"code_test_cardiologist{n}_first100.csv" for n in (1, 2)]
        result = parse({name: (shared_data / "readers" / name).read_bytes() for name in names})
        assert result.states.shape == (2, 100, 6)
        differing = (result.states[0] != result.states[1]).any(axis=1)
        assert differing.sum() == 5  # according to the README of the folder


class TestRefusals:
    @pytest.mark.parametrize("value", ["2", "-1", "x", "NaN", "nan", "True", "0.5", "10", "٠"])
    def test_another_value_is_reported_with_its_position(self, value):
        assert refusal(ROWS[0], f"0,0,{value},0,0,0") == [
            f"ana.csv: line 3, column 3: LBBB: row 2 has {value!r}, neither 0 nor 1. Write 0 or 1."
        ]

    @pytest.mark.parametrize("row", ["0,0,,0,0,0", "0,0, ,0,0,0"])
    def test_an_empty_cell_is_not_zero(self, row):
        assert refusal(row) == [
            "ana.csv: line 2, column 3: LBBB: row 1 has nothing, neither 0 nor 1. Write 0 or 1."
        ]

    def test_a_short_row_is_reported(self):
        (line,) = refusal("0,0,0,0,0")
        assert "ST: row 1 has nothing" in line

    def test_a_long_row_is_reported(self):
        (line,) = refusal("0,0,0,0,0,0,1")
        assert line.startswith("ana.csv: line 2, column 7: the row has 7 cells, the header has 6.")

    def test_a_missing_column_is_reported(self):
        assert refusal("0,0,0,0,0", heading="1dAVb,RBBB,LBBB,SB,AF") == [
            "ana.csv: line 1: ST: is missing. Add it to the first row."
        ]

    def test_an_unknown_column_is_reported(self):
        (line,) = refusal("0,0,0,0,0,0,0", heading=f"{HEADING},PVC")
        assert line.startswith("ana.csv: line 1, column 7: pvc: is not a known column.")

    def test_a_duplicate_column_is_reported(self):
        assert refusal("0,0,0,0,0,0,0", heading=f"{HEADING},rbbb") == [
            "ana.csv: line 1, column 7: RBBB: appears twice. Remove one."
        ]

    def test_rows_without_a_heading_are_reported(self):
        lines = refusal(*ROWS[1:], heading=ROWS[0])
        assert "ana.csv: line 1: ST: is missing. Add it to the first row." in lines

    @pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
    def test_an_empty_file_is_reported(self, content):
        (line,) = problems_of({"ana.csv": content})
        assert line.startswith("ana.csv: the file is empty. The columns are 1dAVb, RBBB,")

    def test_a_table_without_rows_is_reported(self):
        (line,) = refusal()
        assert line.startswith("ana.csv: has no rows below the header.")

    def test_other_encodings_are_reported(self):
        (line,) = problems_of({"ana.csv": table(ROWS[0], "0,é,0,0,0,0").decode().encode("latin-1")})
        assert line.startswith("ana.csv: line 3, column 3: is not UTF-8 text")

    def test_an_empty_row_is_reported(self):
        for empty in ("", ",,,,,", " , , , , , "):
            assert refusal(ROWS[0], empty, ROWS[1])[0].startswith(
                "ana.csv: line 3: the row is empty, but others follow."
            )

    def test_an_empty_first_row_is_reported(self):
        (line,) = refusal(",,,,,", *ROWS)
        assert line.startswith("ana.csv: line 2: the row is empty, but others follow.")

    def test_lines_above_the_heading_are_not_rows(self):
        assert read_one(b"\n\n" + table(*ROWS)) == PLAIN

    def test_an_empty_last_row_is_reported(self):
        (line,) = refusal(ROWS[0], ",,,,,")
        assert line.startswith("ana.csv: line 3: the last row is empty.")

    @pytest.mark.parametrize(
        "numbers", [(0, 2, 1), (2, 3, 4), (0, 1, 1), ("a", "b", "c"), (1, 0, 2)]
    )
    def test_row_numbers_out_of_order_are_reported(self, numbers):
        rows = [f"{number},{row}" for number, row in zip(numbers, ROWS, strict=True)]
        (line,) = refusal(*rows, heading=f",{HEADING}")
        assert ": the column of row numbers has" in line
        assert line.endswith(
            "Rows are matched to exams by order. Restore the order, or remove the column."
        )

    def test_an_unnamed_last_column_may_hold_row_numbers(self):
        (line,) = refusal(*(f"{row}," for row in ROWS), heading=f"{HEADING},")
        assert "column 7: the column of row numbers has nothing where 1 is expected" in line

    def test_files_of_different_length_are_reported(self):
        (line,) = problems_of(
            {"a.csv": table(*ROWS), "b.csv": table(*ROWS), "c.csv": table(*ROWS[1:])}
        )
        assert line.startswith(
            "c.csv: has 2 rows, but a.csv has 3. Every file holds the same exams"
        )

    @pytest.mark.parametrize("other_name", ["ANA.csv", "Ana.CSV", " ana .csv", "ａｎａ.csv"])
    def test_equal_reader_names_are_reported(self, other_name):
        (line,) = problems_of({"ana.csv": table(*ROWS), other_name: table(*ROWS)})
        assert line.startswith(f"{other_name}: has the same reader name as ana.csv")

    @pytest.mark.parametrize("name", [" ", "a" * 81, "a\u202eb", "a\nb"])
    def test_an_invisible_name_is_reported(self, name):
        with pytest.raises(BadReadings, match="its name is not valid for a reader"):
            parse({f"{name}.csv": table(*ROWS)})

    def test_all_problems_of_all_files_are_reported(self):
        files = {"ana.csv": table("2,0,0,0,0,x"), "bruno.csv": b"", "clara.csv": table(*ROWS)}
        assert [line.split(":")[0] for line in problems_of(files)] == [
            "ana.csv",
            "ana.csv",
            "bruno.csv",
        ]

    def test_the_number_of_problems_is_limited(self):
        assert len(refusal(*["x,x,x,x,x,x"] * 100)) == 20


class TestFolders:
    def test_every_csv_file_is_a_reader(self, tmp_path):
        (tmp_path / "ana.csv").write_bytes(table(*ROWS))
        (tmp_path / "BRUNO.CSV").write_bytes(table(*ROWS))
        (tmp_path / "README.md").write_text("Two readers")
        (tmp_path / "._ana.csv").write_bytes(b"\0\1\2")  # created by macOS
        assert read(tmp_path).readers == ("BRUNO", "ana")

    def test_a_missing_folder_is_reported(self, tmp_path):
        with pytest.raises(BadReadings, match="there is no such folder"):
            read(tmp_path / "nowhere")

    def test_a_file_instead_of_a_folder_is_reported(self, tmp_path):
        (tmp_path / "ana.csv").write_bytes(table(*ROWS))
        with pytest.raises(BadReadings, match="is a file, not a folder"):
            read(tmp_path / "ana.csv")

    def test_a_folder_without_files_is_reported(self, tmp_path):
        with pytest.raises(BadReadings, match=r"the folder has no \.csv file"):
            read(tmp_path)

    def test_a_subfolder_is_not_a_reader(self, tmp_path):
        (tmp_path / "ana.csv").mkdir()
        with pytest.raises(BadReadings, match=r"ana\.csv: is a folder, not a file"):
            read(tmp_path)

    def test_a_broken_symlink_is_reported(self, tmp_path):
        (tmp_path / "ana.csv").symlink_to(tmp_path / "gone")
        with pytest.raises(BadReadings, match=r"ana\.csv: cannot be read"):
            read(tmp_path)


class TestClasses:
    def test_the_list_has_the_columns(self):
        assert tuple(row.code for row in code_test().classes) == CLASSES

    def test_no_class_is_exclusive(self):
        assert not any(row.is_exclusive for row in code_test().classes)
