"""``claimcheck models`` tells what is shipped, from the folders as they are."""

import hashlib
import json

import pytest
from click.testing import CliRunner

from claimcheck.cli import cli


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CLAIMCHECK_MODELS", str(tmp_path))
    reader = tmp_path / "reader"
    reader.mkdir()
    (reader / "config.json").write_text(json.dumps({"purpose": "judges pairs", "max_tokens": 96}))
    (reader / "model.onnx").write_bytes(b"x" * 2_000_000)
    (reader / "README.md").write_text("# Reader\n\nTrained on \x1b[31msets.\n")
    claims = tmp_path / "claims"
    claims.mkdir()
    (claims / "worthiness.json").write_text("{}")
    (tmp_path / "notes").mkdir()
    return tmp_path


def models(*arguments):
    return CliRunner().invoke(cli, ["models", *arguments], catch_exceptions=False)


def test_list_names_each_model_with_size_and_purpose(folder):
    lines = models("list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["claims", "reader"]
    assert "2.0 MB  judges pairs" in lines[1]


def test_list_in_json(folder):
    rows = json.loads(models("list", "--format", "json").stdout)
    assert rows[1]["name"] == "reader"
    assert rows[1]["bytes"] > 2_000_000


def test_info_shows_configuration_digests_and_card(folder):
    text = models("info", "reader").stdout
    assert "max_tokens: 96" in text
    assert f"sha256 model.onnx: {hashlib.sha256(b'x' * 2_000_000).hexdigest()}" in text
    assert "Trained on" in text
    assert "\x1b" not in text


def test_info_in_json_holds_the_whole_card(folder):
    assert json.loads(models("info", "reader", "--format", "json").stdout)["card"].startswith("# Reader")


def test_an_unknown_model_is_wrong_usage_and_names_the_known_ones(folder):
    result = models("info", "large")
    assert result.exit_code == 2
    assert result.stderr == "claimcheck: found no model 'large'; expected one of claims, reader\n"


@pytest.mark.parametrize("content", ["not json", "[1]"])
def test_a_damaged_configuration_is_status_4(folder, content):
    (folder / "reader" / "config.json").write_text(content)
    result = models("list")
    assert result.exit_code == 4
    assert "reinstall claimcheck" in result.stderr


def test_no_models_at_all_is_status_4(tmp_path, monkeypatch):
    monkeypatch.setenv("CLAIMCHECK_MODELS", str(tmp_path))
    assert models("list").exit_code == 4
