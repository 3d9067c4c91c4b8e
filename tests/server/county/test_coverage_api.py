"""The coverage API: the page's figures as JSON, with a bearer token, described in the OpenAPI document."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi.openapi.models import OpenAPI

Get = Callable[[str], httpx.Response]


@pytest.fixture
def api(site: Any) -> Iterator[httpx.Client]:
    """A program with the administrator's token."""
    headers = {"Authorization": f"Bearer {site.token}"}
    with httpx.Client(base_url=site.address, headers=headers, trust_env=False, verify=False) as client:
        yield client


def test_the_answer_has_the_agreed_shape(filled: object, api: httpx.Client) -> None:
    body = api.get("/api/v1/coverage/140525").json()
    assert {
        "area", "name", "as_of", "synthetic", "households", "heated", "not_heated", "converted",
        "converted_by_kind", "clean", "area_classes", "plan", "tablets", "children",
    } <= body.keys()  # fmt: skip
    assert (body["area"], body["name"], body["households"]) == ("140525", "泽州县", 240)
    assert body["as_of"] == "2020-09-01T08:00:00Z"
    assert {"electric", "gas", "waste_heat"} <= body["converted_by_kind"].keys()
    assert "clean_coal" not in body["converted_by_kind"]
    assert body["converted"] == sum(kind["installed"] for kind in body["converted_by_kind"].values())
    assert set(body["area_classes"]) == {"built_up", "fringe", "rural", "unclassified"}
    assert body["area_classes"]["rural"]["target"] == {
        "pct": 60, "op": ">=", "binding": "strive", "by": "2020-10-31", "reached": False,
    }  # fmt: skip
    assert body["area_classes"]["unclassified"]["target"] is None
    assert (body["plan"]["total"], body["plan"]["deadline"]) == (17_360, "2020-10-31")
    assert body["tablets"] == {"total": 0, "not_reported": 0}
    assert [child["area"] for child in body["children"]] == ["140525100", "140525200"]


def test_page_and_api_say_the_same(filled: object, api: httpx.Client, get: Get) -> None:
    page, body = get("/coverage/140525").text, api.get("/api/v1/coverage/140525").json()
    clean = body["clean"]["households"]
    assert f'data-n="{clean["clean"]}">{clean["rate"]:.2f} %' in page
    assert f">{body['converted']}</a>" in page
    areas = re.findall(r'<a href="/coverage/(\d{9})">', page)
    assert areas == [child["area"] for child in body["children"]]


def test_a_rate_is_a_number_and_null_of_nothing(official: httpx.Client) -> None:
    body = official.get("/api/v1/coverage/140525").json()
    assert body["clean"]["households"] == {"clean": 0, "heated": 0, "rate": None}
    assert body["plan"] is None


def test_a_wrong_token_opens_nothing(site: Any) -> None:
    with httpx.Client(base_url=site.address, trust_env=False, verify=False) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
            answer = client.get("/api/v1/coverage/140525", headers=headers)
            assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
            assert answer.json().keys() == {"error", "message", "remedy"}


def test_the_openapi_document_describes_it_with_its_security(site: Any) -> None:
    document = httpx.get(f"{site.address}/api/openapi.json", trust_env=False, verify=False).json()
    OpenAPI.model_validate(document)
    described = document["paths"]["/api/v1/coverage/{area}"]["get"]
    assert described["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    schema = described["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    assert schema.endswith("CoverageOut")
    assert {"401", "403", "404"} <= described["responses"].keys()
