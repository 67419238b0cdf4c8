import csv
import json

from click.testing import CliRunner

from wslearn import progress
from wslearn.cli.main import main


def run(*arguments):
    result = CliRunner().invoke(main, ["progress", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def count(lesson):
    return len(progress.exercises(lesson))


def test_the_table_says_what_comes_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert f"02  0 of {count('02')}  next: shout\n" in run()[1]
    notebooks = tmp_path / "wslearn-notebooks"
    notebooks.mkdir()
    for name in progress.exercises("02"):
        progress.write(name, notebooks / progress.FILE)
    for arguments in ((), (notebooks,)):
        code, out, err = run(*arguments)
        assert (code, err) == (0, "")
        assert f"01  0 of {count('01')}  next: accept\n" in out
        assert f"02  {count('02')} of {count('02')}  all done\n" in out
        assert out.endswith(f"{count('02')} of {sum(map(count, progress.LESSONS))}  in all\n")


def test_export_writes_a_file_to_hand_in_and_overwrites_none(tmp_path):
    file = tmp_path / "ann.json"
    assert "there is no progress in" in run(tmp_path, "--export", file)[2]
    progress.write("echo.shout", tmp_path / progress.FILE)
    assert run(tmp_path, "--export", file)[0] == 0
    assert json.loads(file.read_text("utf-8"))["done"].keys() == {"echo.shout"}
    code, _, err = run(tmp_path, "--export", file)
    assert code == 1 and "File exists" in err
    assert progress.read(file).keys() == {"echo.shout"}


def test_a_class_is_one_row_a_file_also_for_what_cannot_be_read(tmp_path):
    group = tmp_path / "b"
    group.mkdir()
    progress.write("echo.shout", tmp_path / "ann.json")
    progress.write("auth.verify", group / "=bob.json")
    (tmp_path / "carl.json").write_text("{")
    (tmp_path / ".hidden").write_text("{")
    code, out, err = run("--csv", tmp_path)
    assert code == 1 and err.startswith("Not read: ") and "carl.json is not a file" in err
    rows = {row["file"]: row for row in csv.DictReader(out.splitlines())}
    assert list(rows) == ["ann.json", "b/=bob.json", "carl.json"]
    assert rows["ann.json"]["02"] == f"1 of {count('02')}" and rows["ann.json"]["total"].startswith("1 of ")
    assert rows["b/=bob.json"]["05"] == f"1 of {count('05')}"
    assert rows["carl.json"]["total"] == ""


def test_a_name_is_never_a_formula(tmp_path):
    progress.write("echo.shout", tmp_path / "=1+1.json")
    assert "\n'=1+1.json," in run("--csv", tmp_path)[1]


def test_refused(tmp_path):
    assert "--export or --csv" in run("--csv", tmp_path, "--export", tmp_path / "x")[2]
    assert "does not exist" in run(tmp_path / "nowhere")[2]
    (tmp_path / ".wslearn").mkdir()
    (tmp_path / progress.FILE).write_text("{")
    assert "not a file that wslearn has written" in run(tmp_path)[2]
