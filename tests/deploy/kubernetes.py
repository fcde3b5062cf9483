"""The manifests: Kubernetes' own schemas, and the rules that these files promise."""

import copy
import re
import shutil
import subprocess
from collections.abc import Callable

import kubernetes_validate
import yaml

from report import DEPLOY, ROOT, USER, Report, version

FOLDER = DEPLOY / "kubernetes"
# The oldest that has every field that is used, and the newest whose schemas are there.
VERSIONS = ("1.30", "1.37")
Resources = list[dict]


def resources() -> Resources:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    return [one for name in listed for one in yaml.safe_load_all((FOLDER / name).read_text())]


def of_kind(all_of_them: Resources, kind: str) -> Resources:
    return [one for one in all_of_them if one["kind"] == kind]


def schema_problems(all_of_them: Resources) -> list[str]:
    problems = []
    for one in all_of_them:
        for release in VERSIONS:
            try:
                kubernetes_validate.validate(one, release, strict=True)
            except kubernetes_validate.ValidationError as problem:
                problems.append(f"{one['kind']} {one['metadata']['name']}, {release}: {problem.message}")
    return problems


def container_problems(pod: dict, container: dict) -> list[str]:
    problems = []
    security = pod.get("securityContext", {}) | container.get("securityContext", {})
    expected = {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    problems += [f"securityContext.{name} is not {value}" for name, value in expected.items() if security.get(name) != value]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    for probe, path in {"livenessProbe": "/healthz", "readinessProbe": "/readyz", "startupProbe": "/healthz"}.items():
        get = container.get(probe, {}).get("httpGet", {})
        if get.get("path") != path or ports.get(get.get("port")) != 8787:
            problems.append(f"{probe} does not ask {path} of the API's port")
    if "memory" not in container.get("resources", {}).get("limits", {}):
        problems.append("there is no limit of memory")
    tag = container["image"].rpartition(":")[2]
    if tag != version():
        problems.append(f"image {container['image']} is not of this version")
    if container["args"] != ["serve"]:
        problems.append("the arguments are not `serve` alone: options are variables")
    return problems


def secrets_wanted(container: dict) -> set[tuple[str, str]]:
    sources = (entry.get("valueFrom", {}).get("secretKeyRef") for entry in container["env"])
    return {(source["name"], source["key"]) for source in sources if source}


def secrets_explained() -> set[tuple[str, str]]:
    """The secret and its keys as docs/deployment.md makes them."""
    text = (ROOT / "docs/deployment.md").read_text()
    commands = re.findall(r"create secret generic (\S+)((?:[^\n]*\\\n)*[^\n]*)", text)
    return {(name, key) for name, rest in commands for key in re.findall(r"--from-file=([\w-]+)=", rest)}


def rule_problems(all_of_them: Resources) -> list[str]:
    [deployment] = of_kind(all_of_them, "Deployment")
    spec, pod = deployment["spec"], deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    labels = spec["template"]["metadata"]["labels"]
    problems = container_problems(pod, container)
    if spec["replicas"] < 2:
        problems.append("there are fewer than two nodes")
    if spec["strategy"]["rollingUpdate"]["maxUnavailable"] != 0:
        problems.append("a rollout takes a node away before the next one serves")
    if pod.get("enableServiceLinks") is not False or pod.get("automountServiceAccountToken") is not False:
        problems.append("the pod is given variables of services, or a token of the cluster")
    grace = pod["terminationGracePeriodSeconds"] - container["lifecycle"]["preStop"]["sleep"]["seconds"]
    if grace < 30:
        problems.append("the server's 25 s for requests in flight do not fit into the grace period")
    for missing in sorted(secrets_wanted(container) ^ secrets_explained()):
        problems.append(f"secret {missing}: either the pod or docs/deployment.md does not know it")
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(all_of_them, "ConfigMap")}
    options = {}
    for source in container["envFrom"]:
        if (name := source["configMapRef"]["name"]) not in maps:
            problems.append(f"ConfigMap {name} is not there")
        options |= maps.get(name, {})
    for name in options:
        if not name.startswith("KEYHOLT_") or name in ("KEYHOLT_ROOT_KEY", "KEYHOLT_BOOTSTRAP_API_KEY", "KEYHOLT_DATABASE_URL"):
            problems.append(f"{name} does not belong into a ConfigMap")
    for one in of_kind(all_of_them, "Secret"):
        problems.append(f"Secret {one['metadata']['name']}: secrets are not in the repository")
    budgets, policies = of_kind(all_of_them, "PodDisruptionBudget"), of_kind(all_of_them, "NetworkPolicy")
    selectors = [one["spec"]["selector"]["matchLabels"] for one in budgets]
    selectors += [one["spec"]["podSelector"]["matchLabels"] for one in policies]
    selectors += [one["spec"]["selector"] for one in of_kind(all_of_them, "Service")]
    selectors += [one["labelSelector"]["matchLabels"] for one in pod["topologySpreadConstraints"]]
    if not budgets or not policies or any(not selector.items() <= labels.items() for selector in selectors):
        problems.append("a budget, a policy or a service does not select the pods")
    for policy in policies:
        problems += policy_problems(policy)
    return problems


def policy_problems(policy: dict) -> list[str]:
    """Every rule names ports, and its other side; the internet is the public one."""
    problems = []
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for rule in policy["spec"][direction]:
            if not rule.get("ports") or not rule.get(side):
                problems.append(f"a rule of {direction} lets everybody or every port through")
            for block in (peer["ipBlock"] for peer in rule.get(side, []) if "ipBlock" in peer):
                if block["cidr"] == "0.0.0.0/0" and "169.254.0.0/16" not in block.get("except", []):
                    problems.append("the machines' metadata service is let through")
    return problems


def broken() -> dict[str, Callable[[dict], object]]:
    """One change of the deployment for each rule: the rules have to find every one."""
    def container(deployment: dict) -> dict:
        return deployment["spec"]["template"]["spec"]["containers"][0]

    def pod(deployment: dict) -> dict:
        return deployment["spec"]["template"]["spec"]

    return {
        "as root": lambda one: pod(one)["securityContext"].update(runAsNonRoot=False),
        "writable": lambda one: container(one)["securityContext"].pop("readOnlyRootFilesystem"),
        "capabilities": lambda one: container(one)["securityContext"].pop("capabilities"),
        "no readiness": lambda one: container(one).pop("readinessProbe"),
        "liveness on the database": lambda one: container(one)["livenessProbe"]["httpGet"].update(path="/readyz"),
        "latest": lambda one: container(one).update(image="keyholt:latest"),
        "one node": lambda one: one["spec"].update(replicas=1),
        "a gap": lambda one: one["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable=1),
        "unknown secret": lambda one: container(one)["env"][0]["valueFrom"]["secretKeyRef"].update(key="other"),
        "unknown options": lambda one: container(one)["envFrom"][0]["configMapRef"].update(name="other"),
        "cut off": lambda one: pod(one).update(terminationGracePeriodSeconds=20),
        "service links": lambda one: pod(one).pop("enableServiceLinks"),
        "other labels": lambda one: one["spec"]["template"]["metadata"].update(labels={"app": "other"}),
        "token": lambda one: pod(one).update(automountServiceAccountToken=True),
    }


def undetected(all_of_them: Resources) -> list[str]:
    missed, known = [], set(rule_problems(all_of_them))
    for name, change in broken().items():
        copies = copy.deepcopy(all_of_them)
        change(of_kind(copies, "Deployment")[0])
        if set(rule_problems(copies)) <= known:
            missed.append(f"nothing is found wrong with: {name}")
    misspelt = copy.deepcopy(all_of_them)
    of_kind(misspelt, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    if not schema_problems(misspelt):
        missed.append("the schemas let a misspelt field through")
    return missed


def run(report: Report) -> None:
    listed = resources()
    report.holds(f"{len(listed)} manifests are valid in Kubernetes {' and '.join(VERSIONS)}", schema_problems(listed))
    report.holds("manifests keep the rules", rule_problems(listed))
    report.holds(f"{len(broken()) + 1} broken manifests are found", undetected(listed))
    if shutil.which("kubectl"):
        built = subprocess.run(["kubectl", "kustomize", FOLDER], capture_output=True, text=True)
        count = len([one for one in yaml.safe_load_all(built.stdout) if one]) if built.returncode == 0 else 0
        report.holds("kubectl kustomize builds all of them", [] if count == len(listed) else [built.stderr.strip()])
    else:
        report.left_out("kubectl kustomize", "kubectl is not installed")
    report.left_out("kubectl apply, probes, rollout, eviction, network policy", "there is no cluster")
