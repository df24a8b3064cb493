"""Settings: where they come from, and that a bad one stops the start naming its key."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from backtalk.settings import KEY_FILE, BadSetting, Settings, load, secret_keys

GOOD_KEY = "k" * 32


def test_defaults_need_nothing(tmp_path: Path) -> None:
    settings = load({"BACKTALK_DATA_DIR": str(tmp_path)})
    assert settings.address == "http://127.0.0.1:8420"
    assert settings.database == f"sqlite:///{tmp_path / 'backtalk.db'}"
    assert settings.egress_allow == ()


def test_the_default_folder_belongs_to_the_user() -> None:
    assert load({}).data_dir.name.lower().startswith("backtalk")


def test_command_line_beats_environment_beats_file(tmp_path: Path) -> None:
    config = tmp_path / "backtalk.toml"
    config.write_text('port = 1111\nHOST = "::1"\nlog_format = "json"\negress_allow = ["10.1.0.0/16", "printer"]\n')
    settings = load({"BACKTALK_PORT": "2222", "BACKTALK_HOST": ""}, config=config, given={"port": 3333, "host": None})
    assert (settings.port, settings.host, settings.log_format) == (3333, "::1", "json")
    assert settings.egress_allow == ("10.1.0.0/16", "printer")
    assert settings.address == "http://[::1]:3333"


def test_a_comma_list_is_split() -> None:
    settings = load(
        {"BACKTALK_EGRESS_ALLOW": " 127.0.0.1:3000, db.internal ,10.0.0.0/8,", "BACKTALK_TRUSTED_PROXIES": "10.0.0.1"}
    )
    assert settings.egress_allow == ("127.0.0.1:3000", "db.internal", "10.0.0.0/8")
    assert settings.trusted_proxies == ("10.0.0.1",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("HOST", "  "),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", f"{GOOD_KEY},short"),
        ("SECRET_KEY", ","),
        ("PUBLIC_URL", "chat.example.com"),
        ("PUBLIC_URL", "ftp://chat.example.com"),
        ("PUBLIC_URL", "https://chat.example.com/?a=b"),
        ("EGRESS_ALLOW", "http://127.0.0.1:3000"),
        ("EGRESS_ALLOW", "host:99999"),
        ("EGRESS_ALLOW", "10.1.0.0/99"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("RETENTION_DAYS", "0"),
        ("ADMIN_EMAIL", "boss@example.com"),
        ("ADMIN_PASSWORD", "eleven char"),
        ("TRUSTED_PROXIES", "my-proxy"),
    ],
)
def test_o06_a_bad_value_names_its_key_and_is_not_repeated_when_secret(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as caught:
        load({f"BACKTALK_{name}": value})
    assert str(caught.value).startswith(f"BACKTALK_{name}")
    assert "\n" not in str(caught.value)
    if name in ("SECRET_KEY", "ADMIN_PASSWORD"):
        assert value not in str(caught.value)


def test_o06_a_misspelt_variable_stops_the_start() -> None:
    with pytest.raises(BadSetting, match="BACKTALK_EGRES_ALLOW is not a setting; did you mean BACKTALK_EGRESS_ALLOW"):
        load({"BACKTALK_EGRES_ALLOW": "printer"})


def test_a_variable_of_another_tool_is_left_alone() -> None:
    assert load({"BACKTALK_SKIP_WEB": "1"}).port == 8420


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("prot = 1", "prot"),
        ("port = ", "not valid TOML"),
        ("zebra = 1", "known are data_dir"),
        ('port = "x"', "BACKTALK_PORT"),
    ],
)
def test_o06_a_bad_file_is_named(tmp_path: Path, content: str, said: str) -> None:
    config = tmp_path / "backtalk.toml"
    config.write_text(content)
    with pytest.raises(BadSetting, match=said):
        load({}, config=config)


def test_o06_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be read"):
        load({}, config=tmp_path / "none.toml")


def test_k07_postgresql_needs_a_given_key() -> None:
    with pytest.raises(BadSetting, match="BACKTALK_SECRET_KEY must be given"):
        load({"BACKTALK_DATABASE_URL": "postgresql://localhost/backtalk"})
    settings = load({"BACKTALK_DATABASE_URL": "postgresql://localhost/backtalk", "BACKTALK_SECRET_KEY": GOOD_KEY})
    assert settings.uses_postgresql


def test_k07_the_first_local_start_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    settings = load({"BACKTALK_DATA_DIR": str(tmp_path / "new" / "folder")})
    (key,) = secret_keys(settings)
    path = settings.data_dir / KEY_FILE
    assert len(key) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
    assert secret_keys(settings) == [key]


def test_k07_a_damaged_key_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("")
    with pytest.raises(BadSetting, match="restore it from your backup"):
        secret_keys(load({"BACKTALK_DATA_DIR": str(tmp_path)}))


def test_o06_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match="BACKTALK_DATA_DIR"):
        secret_keys(load({"BACKTALK_DATA_DIR": str(tmp_path / "file" / "folder")}))


def test_given_keys_win_and_keep_their_order(tmp_path: Path) -> None:
    other = "o" * 32
    settings = load({"BACKTALK_DATA_DIR": str(tmp_path), "BACKTALK_SECRET_KEY": f"{GOOD_KEY}, {other}"})
    assert secret_keys(settings) == [GOOD_KEY, other]
    assert not (tmp_path / KEY_FILE).exists()


def test_k01_secrets_do_not_show_when_settings_are_printed() -> None:
    settings = Settings(secret_key=GOOD_KEY, admin_email="a@example.com", admin_password="correct horse battery")  # type: ignore[arg-type]
    assert GOOD_KEY not in repr(settings)
    assert "horse" not in repr(settings)


def test_every_setting_describes_itself() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
