"""The manifests for Kubernetes by their schemas, what refers to what, and what scales the workers."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from speeko_cli.dashboard.api import ROUTES
from speeko_cli.main import VERBS
from speeko_jobs.settings import Settings
from speeko_workers.supervisor import STOP_SECONDS
from tests.deploy.compose import DEPLOY
from tests.fixtures.database import plain_url
from tests.fixtures.inprocess import InProcess

FOLDER = DEPLOY / "kubernetes"
SETTINGS = {f"SPEEKO_{f.name.upper()}" for f in dataclasses.fields(Settings)}
PODS = ("Deployment", "Job")


@pytest.fixture(scope="module")
def kustomization() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def things(kustomization: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything that the kustomization puts into the cluster."""
    texts = [(FOLDER / name).read_text("utf-8") for name in kustomization["resources"]]
    return [thing for text in texts for thing in yaml.safe_load_all(text)]


def pods(things: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, pod and container of each."""
    for thing in things:
        if thing["kind"] in PODS:
            pod = thing["spec"]["template"]["spec"]
            (container,) = pod["containers"]
            yield thing["metadata"]["name"], pod, container


def test_every_file_is_used(kustomization: dict[str, Any]) -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == set(kustomization["resources"])


def test_they_are_what_kubernetes_takes(kustomization: dict[str, Any]) -> None:
    tool = str(Path(sys.executable).with_name("kubernetes-validate"))
    files = [str(FOLDER / name) for name in kustomization["resources"]]
    done = subprocess.run([tool, "--strict", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    unknown = re.findall(r"schema for kind (\w+)", done.stdout + done.stderr)
    assert sorted(unknown) == ["ScaledObject", "TriggerAuthentication"]  # KEDA's own


def test_what_is_named_is_there(kustomization: dict[str, Any], things: list[dict[str, Any]]) -> None:
    named = {(thing["kind"], thing["metadata"]["name"]) for thing in things}
    labels = {p["metadata"]["labels"]["app.kubernetes.io/name"]: p["spec"] for p in templates(things)}
    maps = {generator["name"] for generator in kustomization["configMapGenerator"]}
    for name, pod, container in pods(things):
        assert ("ServiceAccount", pod["serviceAccountName"]) in named
        sources = [next(iter(source.items())) for source in container["envFrom"]]
        assert [kind for kind, _ in sources] == ["configMapRef", "secretRef"], name
        assert {source["name"] for _, source in sources} <= maps | {"speeko"}
        assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}, name
        assert container["image"] in {image["name"] for image in kustomization["images"]}
        assert container["args"][0] in {verb for verbs in VERBS.values() for verb in verbs}
    for thing in things:
        if thing["kind"] == "Service":
            pod = labels[thing["spec"]["selector"]["app.kubernetes.io/name"]]
            ports = {port["name"] for port in pod["containers"][0]["ports"]}
            assert {port["targetPort"] for port in thing["spec"]["ports"]} <= ports
        if thing["kind"] == "PodDisruptionBudget":
            assert thing["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] in labels
        if thing["kind"] == "ScaledObject":
            target = ("Deployment", thing["spec"]["scaleTargetRef"]["name"])
            assert target in named
            for trigger in thing["spec"]["triggers"]:
                assert ("TriggerAuthentication", trigger["authenticationRef"]["name"]) in named


def test_what_is_served_can_be_reached_and_nothing_else(things: list[dict[str, Any]]) -> None:
    """Containers that listen do so at all addresses, each port has its service, and no other is open."""
    listening = {
        name: str(port["containerPort"])
        for name, _, container in pods(things)
        for port in container.get("ports", [])
    }
    assert set(listening) == {"speeko-dashboard", "speeko-flower", "speeko-metrics"}
    for name, _, container in pods(things):
        if name in listening:
            verb, _, address, _, port = container["args"]
            assert (f"speeko-{verb}", address, port) == (name, "0.0.0.0", listening[name])
    (policy,) = (thing for thing in things if thing["kind"] == "NetworkPolicy")
    assert {str(p["port"]) for rule in policy["spec"]["ingress"] for p in rule["ports"]} == {
        *listening.values()
    }
    services = {
        thing["metadata"]["name"]: thing["spec"]["ports"] for thing in things if thing["kind"] == "Service"
    }
    assert {name: str(ports[0]["port"]) for name, ports in services.items()} == listening


def test_the_dashboard_is_asked_what_it_answers(things: list[dict[str, Any]]) -> None:
    (container,) = (container for name, _, container in pods(things) if name == "speeko-dashboard")
    asked = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert asked <= set(ROUTES)
    assert "--allow-actions" not in container["args"]


def templates(things: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [thing["spec"]["template"] for thing in things if thing["kind"] in PODS]


def test_selectors_fit_their_pods(things: list[dict[str, Any]]) -> None:
    for thing in things:
        if thing["kind"] == "Deployment":
            labels = thing["spec"]["template"]["metadata"]["labels"]
            assert thing["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_pods_may_do_little(things: list[dict[str, Any]]) -> None:
    for name, pod, container in pods(things):
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"], name
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}


def test_settings_are_known_and_hold_no_secret() -> None:
    lines = (FOLDER / "settings.env").read_text("utf-8").splitlines()
    names = {line.split("=")[0] for line in lines if line and not line.startswith("#")}
    secret = {f"SPEEKO_{f.name.upper()}" for f in dataclasses.fields(Settings) if f.metadata["secret"]}
    assert names <= SETTINGS - secret


def test_workers_get_the_time_that_they_need_to_stop(things: list[dict[str, Any]]) -> None:
    (grace,) = (
        pod["terminationGracePeriodSeconds"] for name, pod, _ in pods(things) if name == "speeko-worker"
    )
    assert grace >= STOP_SECONDS + 10


def test_a_broker_that_is_away_kills_no_worker(things: list[dict[str, Any]]) -> None:
    (worker,) = (container for name, _, container in pods(things) if name == "speeko-worker")
    assert "livenessProbe" not in worker
    assert worker["readinessProbe"]["exec"]["command"] == ["alive", "worker"]


def test_the_query_that_scales_counts_what_is_due(things: list[dict[str, Any]], flow: InProcess) -> None:
    (trigger,) = (thing["spec"]["triggers"][0] for thing in things if thing["kind"] == "ScaledObject")
    assert trigger["type"] == "postgresql"

    def due() -> int:
        with psycopg.connect(plain_url(flow.settings.database_url)) as connection:
            ((count,),) = connection.execute(trigger["metadata"]["query"].encode()).fetchall()
        assert isinstance(count, int)
        return count

    assert due() == 0
    few = flow.again(chunk_rows=10)
    job, _ = few.submit(few.catalog([(f"r{n}", f"Text {n} of these.") for n in range(40)]))
    chunks = len(few.chunks(job, "planned", "synthesizing", "ready"))
    assert due() == chunks > 1
    few.drive(job)
    few.close()
    assert due() == 0
