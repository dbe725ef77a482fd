"""Which accounts settings hold, where they came from, and what others may see of them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from speeko_jobs import settings as speeko_settings
from speeko_jobs.core.providers import accounts
from speeko_jobs.errors import ConfigError
from speeko_jobs.settings import Account, Settings

FILE = """
provider = "speeko"
[accounts.shop-b]
url = "https://b.example"
key_env = "SHOP_B"
[accounts.lab]
provider = "openai"
key = "sk-lab"
"""


def loaded(tmp_path: Path, text: str = FILE, **environ: str) -> Settings:
    path = tmp_path / "speeko.toml"
    path.write_text(text)
    return speeko_settings.load({}, environ, path)


def test_accounts_come_from_the_file_and_variables_win(tmp_path: Path) -> None:
    environ = {
        "SHOP_B": "sk-b",
        "SPEEKO_ACCOUNT_SHOP_B_URL": "https://other.example",
        "SPEEKO_ACCOUNT_NEW_ONE_KEY": "sk-new",
    }
    found = loaded(tmp_path, **environ)
    assert found.named_accounts == {
        "shop-b": Account("shop-b", "speeko", "https://other.example", "sk-b"),
        "lab": Account("lab", "openai", "", "sk-lab"),
        "new_one": Account("new_one", "speeko", "", "sk-new"),
    }


def test_a_workers_environment_holds_the_same_accounts(tmp_path: Path) -> None:
    """What a supervisor passes on: one variable, with the keys that other variables named."""
    found = loaded(tmp_path, SHOP_B="sk-b")
    again = speeko_settings.load({}, {"SPEEKO_ACCOUNTS": found.accounts, "SPEEKO_PROVIDER": "speeko"}, None)
    assert again.named_accounts == found.named_accounts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[accounts.a]\nkey = 'k'", "accounts.a: needs a provider that has keys"),
        ("[accounts.a]\nprovider = 'speeko'\ncolour = 'k'", "accounts.a: there is no 'colour'"),
        ("[accounts.a]\nprovider = 'speeko'\nkey = 7", "accounts.a.key takes a text"),
        (
            "[accounts.a]\nprovider = 'speeko'\nkey_env = 'NOWHERE'",
            "the variable 'NOWHERE' of key_env is not set",
        ),
        ("[accounts.A]\nprovider = 'speeko'", "'A' is no name"),
        ("accounts = 3", "takes a table for each account"),
        ("accounts = 'sk-secret'", "takes a table for each account"),
    ],
)
def test_what_is_no_account_is_one_line_without_a_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_key_belongs_to_the_provider_that_it_was_given_with() -> None:
    settings = Settings(provider="openai", api_key="sk-1")
    assert accounts.own_account(settings, "openai").key == "sk-1"
    assert accounts.own_account(settings, "speeko").key == ""
    unnamed = Settings(api_url="https://a", api_key="sk-1")  # no provider was chosen: any may have it
    assert accounts.own_account(unnamed, "speeko") == Account("speeko", "speeko", "https://a", "sk-1")
    assert accounts.own_account(unnamed, "espeak") == Account("espeak", "espeak")


def test_a_job_names_its_accounts() -> None:
    named = json.dumps({"b": {"provider": "speeko", "key": "k"}, "c": {"provider": "openai", "key": "k"}})
    settings = Settings(provider="speeko", accounts=named)
    assert accounts.asked_for(settings) == ("speeko",)
    assert accounts.asked_for(dataclasses.replace(settings, account="b, elsewhere,b")) == ("b", "elsewhere")
    assert accounts.asked_for(Settings()) == ()
    with pytest.raises(ConfigError, match="--account c is of provider openai, the job's is speeko"):
        accounts.asked_for(dataclasses.replace(settings, account="b,c"))


def test_an_account_brings_its_provider_and_not_anothers_key() -> None:
    named = json.dumps({"c": {"provider": "openai", "key": "k"}})
    settings = Settings(provider="speeko", api_url="https://a", api_key="sk-a", account="c", accounts=named)
    with_provider = accounts.with_provider_of_account
    found = with_provider(settings, provider_is_given=False, account_is_given=True)
    assert (found.provider, found.api_url, found.api_key) == ("openai", "", "")
    assert with_provider(settings, provider_is_given=True, account_is_given=True) is settings
    assert with_provider(settings, provider_is_given=True, account_is_given=False).account == ""


def test_an_account_that_is_given_twice_is_refused() -> None:
    named = json.dumps({"speeko": {"provider": "speeko", "url": "https://a", "key": "sk-a"}})
    with pytest.raises(ConfigError, match="give one of them"):
        accounts.check(Settings(provider="speeko", api_url="https://b", api_key="sk-b", accounts=named))
    accounts.check(Settings(provider="speeko", accounts=named))
    accounts.check(Settings(provider="speeko", api_url="https://a", api_key="sk-a", accounts=named))
    wrong = json.dumps({"openai": {"provider": "speeko", "key": "k"}})
    with pytest.raises(ConfigError, match="that provider's own account"):
        accounts.check(Settings(accounts=wrong))


def test_a_fingerprint_tells_keys_apart_and_gives_none_away() -> None:
    one, other = accounts.fingerprint("speeko", "sk-1"), accounts.fingerprint("speeko", "sk-2")
    assert one != other
    assert len(one) == 8
    assert accounts.fingerprint("b", "sk-1") != one  # two names do not show that they share a key
    assert accounts.fingerprint("speeko", "") == ""
    assert "sk-1" not in repr(Account("b", "speeko", "", "sk-1"))
