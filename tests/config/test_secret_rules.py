"""Who may use a secret: the rules of `secrets.allow`."""

import pytest

from config.secret_rules import Target, check_rule, is_within
from config.settings import SettingsError, load_settings

CRM = "https://crm.example.com/*"


def to(url: str) -> Target:
    """Where a client that takes a URL as it stands goes."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    host, _, port = place.partition(":")
    return Target(scheme, host, int(port) if port else None, slash + path)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        (CRM, "https://crm.example.com/"),
        (CRM, "https://crm.example.com/a/b"),
        (CRM, "https://CRM.example.com/a/../b"),
        (CRM, "https://crm.example.com:443/a"),
        ("https://CRM.example.com:443/*", "https://crm.example.com/a"),
        ("http://crm.example.com:8080/*", "http://crm.example.com:8080/a"),
        ("http://crm.example.com:*/*", "http://crm.example.com:8080/a"),
        ("https://*.example.com/*", "https://a.b.example.com/x"),
        ("https://*/*", "https://example.org/x"),
        ("https://crm.example.com/v1/*/import", "https://crm.example.com/v1/a/b/import"),
        ("https://crm.example.com/v1", "https://crm.example.com/v1"),
        ("http://[::1]:8080/*", "http://::1"),
        ("*", "http://anywhere.example.com/"),
    ],
)
def test_a_url_fits(pattern: str, url: str) -> None:
    target = Target("http", "::1", 8080, "/") if "::1" in url else to(url)
    assert is_within(target, [pattern])


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        (CRM, "http://crm.example.com/"),
        (CRM, "https://crm.example.com.evil.org/"),
        (CRM, "https://evil.org/crm.example.com/"),
        (CRM, "https://xcrm.example.com/"),
        (CRM, "https://crm-example.com/"),
        (CRM, "https://crm.example.com:8443/"),
        ("https://*.example.com/*", "https://evil.org/a.example.com/x"),
        ("https://*.example.com/*", "https://example.com/x"),
        ("https://crm.example.com/v1/*", "https://crm.example.com/v2/"),
        ("https://crm.example.com/v1/*", "https://crm.example.com/v1"),
        ("https://crm.example.com/v1/*", "https://crm.example.com/v1/../v2/"),
        ("https://crm.example.com/v1/*", "https://crm.example.com/v1/%2e%2E/v2/"),
        ("https://crm.example.com/v1/*", "https://crm.example.com/v1/..%2fv2/"),
        ("https://crm.example.com/v1/*", "https://crm.example.com/v1/..\\v2/"),
        ("https://crm.example.com/v1.0", "https://crm.example.com/v1x0"),
    ],
)
def test_a_url_does_not_fit(pattern: str, url: str) -> None:
    assert not is_within(to(url), [pattern])
    assert not is_within(to(url), [])


@pytest.mark.parametrize(
    "rule", ["*", "sync_*", "crm.import-all", "[a-c]*", "http_* https://a/*", f"notify {CRM}", f"* {CRM}"]
)
def test_rules(rule: str) -> None:
    assert check_rule(rule) == rule


@pytest.mark.parametrize(
    "rule",
    [
        "",
        " ",
        "a b c",
        CRM,
        "sync_* https://crm.example.com/*",
        "http_request crm.example.com/*",
        "http_request https://crm.example.com",
        "http_request ftp://crm.example.com/*",
        "http_request https://*@crm.example.com/*",
        "http_request https://crm.example.com/a?b=*",
        "http_request *",
        "http_request https://grüße.example.com/*",
    ],
)
def test_what_is_no_rule_stops_the_process(rule: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings({"CALLSHEET_SECRETS__ALLOW": f'{{"CRM_KEY": ["*", "{rule}"]}}'})
    [problem] = error.value.problems
    assert problem.startswith("secrets.allow.CRM_KEY.1: ")


def test_a_name_that_no_secret_can_have_is_a_problem() -> None:
    with pytest.raises(SettingsError, match=r"secrets\.allow"):
        load_settings({"CALLSHEET_SECRETS__ALLOW": '{"CRM-KEY": []}'})


def test_the_environment_gives_rules_as_json() -> None:
    settings = load_settings({"CALLSHEET_SECRETS__ALLOW": '{"CRM_KEY": ["sync_*"], "NOBODYS": []}'})
    assert settings.secrets.allow == {"CRM_KEY": ["sync_*"], "NOBODYS": []}
