import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from analysis.__main__ import COMMANDS, main

CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)


def test_help_does_not_load_torch():
    code = (
        "import sys\nfrom analysis.__main__ import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print('torch' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "False"


def one_line(capsys):
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert "Traceback" not in text
    return text


def test_a_missing_input_is_bad_input(tmp_path, capsys):
    assert main(["analyse", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 2
    assert "nowhere" in one_line(capsys)


def test_a_file_that_is_no_dicom_is_bad_input(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("hello")
    assert main(["analyse", str(tmp_path / "notes.txt"), "--out", str(tmp_path / "out")]) == 2
    assert "not a DICOM file" in one_line(capsys)
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_is_bad_input(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["analyse", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 2
    one_line(capsys)


def test_an_output_that_is_a_file_is_bad_input(tmp_path, capsys):
    (tmp_path / "out").write_text("")
    assert main(["analyse", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "needs a folder" in one_line(capsys)


def test_images_without_a_bolus_series_are_nothing_to_analyse(dual, tmp_path, capsys):
    first = sorted(path for path in dual.folder.rglob("*") if path.is_file())[0]
    (tmp_path / "in").mkdir()
    shutil.copy(first, tmp_path / "in")
    assert main(["analyse", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 3
    one_line(capsys)


def test_a_haematocrit_without_meaning_is_bad_input(tmp_path, capsys):
    arguments = ["analyse", str(tmp_path), "--out", str(tmp_path / "out"), "--haematocrit", "42"]
    assert main(arguments) == 2
    assert "haematocrit" in one_line(capsys)


def test_an_exam_gives_a_document_and_one_npz_per_slice(single, tmp_path, capsys):
    assert main(["analyse", str(single.folder), "--out", str(tmp_path / "out"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    written = json.loads((tmp_path / "out" / "result.json").read_text())
    assert printed == written
    assert written["schema"] == "qperf-result-1"
    pieces = [piece for a in written["acquisitions"] for piece in a["slices"]]
    assert [piece["arrays"] for piece in pieces] == ["stress_mid.npz"]
    with np.load(tmp_path / "out" / "stress_mid.npz", allow_pickle=False) as arrays:
        assert arrays["corrected"].shape == tuple(pieces[0]["shape"])


def test_an_unknown_benchmark_is_bad_input(capsys):
    assert main(["benchmark", "--only", "nothing"]) == 2
    assert "network" in one_line(capsys)
