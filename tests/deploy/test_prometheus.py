"""Rules and the dashboard name figures that the exporter has, with labels that they have, in valid PromQL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from speeko_cli.monitoring.prometheus import UP
from speeko_jobs import runtime
from speeko_jobs.flow.reporting.metrics import READINGS, Family
from speeko_jobs.settings import Settings
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "speeko.json"
OF_PROMETHEUS = {"job", "instance"}
GRAFANAS = {"$__rate_interval": "5m", "$tenant": ".*"}
COUNTING = {"rate", "increase"}


@pytest.fixture
def figures(migrated_url: str, redis_url: str, tmp_path: Path) -> dict[str, Family]:  # noqa: F811
    """Every series by its name, as it is scraped, of an empty system."""
    context = runtime.open_context(
        Settings(home=str(tmp_path), database_url=migrated_url, redis_url=redis_url)
    )
    try:
        families = [family for read in READINGS.values() for family in read(context)]
    finally:
        runtime.close(context)
    found = {f"{f.name}_total" if f.kind == "counter" else f.name: f for f in families}
    assert len(found) == len(families)
    return found | {name: Family(name, help, "gauge", (), {}) for name, help in UP.values()}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """Where it stands, and a PromQL expression."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel.get("targets", ()):
            expression = target["expr"]
            for variable, value in GRAFANAS.items():
                expression = expression.replace(variable, value)
            yield panel["title"], expression


def visited(expression: str) -> list[Any]:
    """All parts of an expression."""
    found: list[Any] = []
    promql_parser.walk(promql_parser.parse(expression), found.append)
    return found


def wrong(expression: str, figures: dict[str, Family]) -> list[str]:
    """What an expression asks for and the exporter does not have."""
    nodes = visited(expression)
    selectors = [node for node in nodes if isinstance(node, promql_parser.VectorSelector)]
    names = {s.name for s in selectors}
    assert names, expression
    out = [f"{name} is no figure" for name in names - figures.keys()]
    labels = {label for name in names & figures.keys() for label in figures[name].labels} | OF_PROMETHEUS
    for selector in selectors:
        known = {*figures[selector.name].labels, *OF_PROMETHEUS} if selector.name in figures else labels
        out += [f"{selector.name} has no {m.name}" for m in selector.matchers.matchers if m.name not in known]
    grouped = re.findall(r"\b(?:by|on|without|ignoring) ?\(([^)]*)\)", expression)
    asked = {label.strip() for group in grouped for label in group.split(",") if label.strip()}
    out += [f"nothing has {label}" for label in asked - labels]
    for node in nodes:
        if isinstance(node, promql_parser.Call) and node.func.name in (*COUNTING, "delta"):
            name = node.args[0].vector_selector.name
            if name in figures and (figures[name].kind == "counter") is not (node.func.name in COUNTING):
                out.append(f"{node.func.name} of {name}, a {figures[name].kind}")
    return out


def test_all_expressions_ask_for_what_there_is(figures: dict[str, Family]) -> None:
    found = {place: wrong(expression, figures) for place, expression in expressions()}
    assert {place: faults for place, faults in found.items() if faults} == {}


@pytest.mark.parametrize(
    "expression",
    ["speeko_gone > 0", "sum by (job_id) (speeko_jobs)", 'speeko_up{tenant="x"} == 0',
     "rate(speeko_jobs[5m])", "delta(speeko_calls_total[5m])"],
    ids=["name", "group", "label", "rate-of-a-gauge", "delta-of-a-counter"],
)  # fmt: skip
def test_what_there_is_not_is_found(figures: dict[str, Family], expression: str) -> None:
    assert len(wrong(expression, figures)) == 1


def test_rules_have_the_shape_that_prometheus_reads() -> None:
    groups = yaml.safe_load(ALERTS.read_text())
    assert groups.keys() == {"groups"}
    assert len({group["name"] for group in groups["groups"]}) == len(groups["groups"])
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
        assert rule["labels"].keys() == {"severity"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}
        for text in rule["annotations"].values():
            assert set(re.findall(r"\$labels\.(\w+)", text)) <= {"tenant", "provider", "account", "status"}
            assert text.count("{{") == text.count("}}")


def test_prometheus_reads_the_rules_that_are_there() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text())
    for name in config["rule_files"]:
        assert (DEPLOY / "prometheus" / name).is_file()
    assert {job["job_name"] for job in config["scrape_configs"]} >= {"speeko", "flower"}


def test_the_dashboard_has_the_shape_that_grafana_reads() -> None:
    board = json.loads(DASHBOARD.read_text())
    assert board["schemaVersion"] >= 39
    shown = [panel for panel in panels() if panel["type"] != "row"]
    assert len({panel["id"] for panel in panels()}) == len(panels())
    variables = {f"${{{v['name']}}}" for v in board["templating"]["list"]}
    cells: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        mine = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in mine) < 24
        assert not mine & cells, panel["title"]
        cells |= mine
    for panel in shown:
        assert panel["targets"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        assert {target["datasource"]["uid"] for target in panel["targets"]} <= variables
    for file in sorted((DEPLOY / "grafana" / "provisioning").rglob("*.yaml")):
        assert yaml.safe_load(file.read_text())["apiVersion"] == 1
