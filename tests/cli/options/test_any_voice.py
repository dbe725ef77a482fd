"""A voice that does not exist is one line and exit code 2 in every verb that would buy it."""

from __future__ import annotations

from typing import Any

import pytest

ROWS = [("a", "The first article."), ("b", "The second article.")]
WRONG = "speeko has no voice 'kokoro-frendly': did you mean kokoro-friendly"


@pytest.fixture
def catalog(tmp_path: Any) -> Any:
    path = tmp_path / "catalog.csv"
    path.write_text("id,text\n" + "".join(f'{id},"{text}"\n' for id, text in ROWS), "utf-8")
    return path


def test_every_verb_refuses_a_voice_that_does_not_exist(
    ready: Any, metered: Any, catalog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEEKO_API_URL", metered.url)
    monkeypatch.setenv("SPEEKO_API_KEY", metered.api_key)
    wrong = ("--provider", "speeko", "--voice", "kokoro-frendly")
    for words in (
        ("estimate", catalog),
        ("diff", catalog),
        ("run", catalog),
        ("submit", catalog),
        ("say", "Good morning", "--out", "morning.mp3"),
        ("cache", "warm", catalog),
        ("schedule", "add", "nightly", catalog, "--cron", "0 2 * * *"),
    ):
        code, out, err = ready(*words, *wrong)
        assert code == 2, (words, err)
        (line,) = err.strip().splitlines()
        assert WRONG in line, words
        assert out == ""
    assert metered.calls == 0
    assert ready.json("jobs") == []
    told = ready.json("estimate", catalog, *wrong, "--any-voice")
    assert (told["refused"], told["to_buy"]) == (0, 2)
    code, _, err = ready("estimate", catalog, "--provider", "speeko", "--language", "klingon")
    assert code == 2
    assert "speeko does not speak the language 'klingon' (tlh)" in err
    code, _, err = ready("estimate", catalog, "--provider", "kokoro-fastapi", "--language", "klingon")
    assert code == 2
    assert "kokoro-fastapi does not speak the language 'klingon' (tlh)" in err
