"""Parsing of environment variables."""

import pytest

from ecgreview.site import env


def test_a_missing_variable_stops_the_start(monkeypatch):
    monkeypatch.delenv("EXAMPLE", raising=False)
    with pytest.raises(env.BadEnvironment, match="EXAMPLE is not set"):
        env.text("EXAMPLE")


def test_a_secret_comes_from_a_file(monkeypatch, tmp_path):
    file = tmp_path / "secret"
    file.write_text("passphrase\n")
    monkeypatch.setenv("EXAMPLE_FILE", str(file))
    assert env.text("EXAMPLE") == "passphrase"


def test_a_missing_secret_file_stops_the_start(monkeypatch, tmp_path):
    monkeypatch.setenv("EXAMPLE_FILE", str(tmp_path / "none"))
    with pytest.raises(env.BadEnvironment, match="cannot be read"):
        env.text("EXAMPLE", "default")


def test_a_variable_set_both_directly_and_by_file_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("EXAMPLE", "open")
    monkeypatch.setenv("EXAMPLE_FILE", str(tmp_path))
    with pytest.raises(env.BadEnvironment, match="both set"):
        env.text("EXAMPLE")


@pytest.mark.parametrize(("value", "meaning"), [("1", True), ("Yes", True), ("off", False)])
def test_a_flag_accepts_common_spellings(monkeypatch, value, meaning):
    monkeypatch.setenv("EXAMPLE", value)
    assert env.flag("EXAMPLE") is meaning


def test_an_invalid_flag_stops_the_start(monkeypatch):
    monkeypatch.setenv("EXAMPLE", "maybe")
    with pytest.raises(env.BadEnvironment, match="write 1 or 0"):
        env.flag("EXAMPLE")


@pytest.mark.parametrize("value", ["many", "0", "99"])
def test_a_number_out_of_range_stops_the_start(monkeypatch, value):
    monkeypatch.setenv("EXAMPLE", value)
    with pytest.raises(env.BadEnvironment, match="EXAMPLE is"):
        env.integer("EXAMPLE", 5, minimum=1, maximum=9)


def test_a_list_has_no_blank_entries(monkeypatch):
    monkeypatch.setenv("EXAMPLE", " a, ,b,")
    assert env.words("EXAMPLE") == ["a", "b"]


def test_the_password_of_a_database_address_may_be_quoted(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://ecg:p%40ss@db/exams?sslmode=require")
    address = env.postgres()
    assert (address.password, address.port, address.options) == (
        "p@ss", 5432, {"sslmode": "require"},
    )  # fmt: skip


def test_the_repr_of_an_address_has_no_password(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://ecg:secret@db/exams")
    assert "secret" not in repr(env.postgres())


@pytest.mark.parametrize("url", ["mysql://a@b/c", "postgresql://db/exams", "postgresql://a@b:x/c"])
def test_an_invalid_database_address_stops_the_start(monkeypatch, url):
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(env.BadEnvironment, match="DATABASE_URL"):
        env.postgres()


def test_an_invalid_queue_address_stops_the_start(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "amqp://localhost")
    with pytest.raises(env.BadEnvironment, match="redis://"):
        env.redis()


@pytest.mark.parametrize(
    ("address", "port", "starts_tls", "is_tls"),
    [
        ("smtp://ana:secret@mail.example", 587, True, False),
        ("smtps://ana:secret@mail.example", 465, False, True),
        ("smtp+plain://ana:secret@mail.example:2525", 2525, False, False),
    ],
)
def test_a_mail_server_is_parsed_from_its_address(monkeypatch, address, port, starts_tls, is_tls):
    monkeypatch.setenv("POST", address)
    server = env.mail_server("POST")
    assert server is not None
    assert (server.host, server.port, server.user) == ("mail.example", port, "ana")
    assert (server.starts_tls, server.is_tls) == (starts_tls, is_tls)
    assert "secret" not in repr(server)


def test_without_an_address_there_is_no_mail_server(monkeypatch):
    monkeypatch.setenv("POST", "")
    assert env.mail_server("POST") is None


@pytest.mark.parametrize("address", ["mail.example", "http://mail.example", "smtp://"])
def test_an_invalid_mail_server_address_stops_the_start(monkeypatch, address):
    monkeypatch.setenv("POST", address)
    with pytest.raises(env.BadEnvironment, match="must look like smtp://"):
        env.mail_server("POST")


def test_a_mail_server_with_an_invalid_port_stops_the_start(monkeypatch):
    monkeypatch.setenv("POST", "smtp://mail.example:post")
    with pytest.raises(env.BadEnvironment, match="port that is not a number"):
        env.mail_server("POST")
