"""The snippets of docs/ci.md and the pre-commit hook: valid by their hosts' schemas, and their scripts run."""

import re
import subprocess
import sys

import pytest
import yaml

from tests.ci.runner import ACTION, FAKE, ROOT, Host, fulfils

TEXTS = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "ci.md").read_text(encoding="utf-8"), re.DOTALL)
WORKFLOW, GITLAB, PRE_COMMIT = map(yaml.safe_load, TEXTS)
HOOKS = ROOT / ".pre-commit-hooks.yaml"


def succeeds(*arguments):
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(("schema", "text"), [("vendor.github-workflows", TEXTS[0]), ("vendor.gitlab-ci", TEXTS[1])])
def test_snippets_fulfil_the_published_schemas(schema, text, tmp_path):
    path = tmp_path / "snippet.yml"
    path.write_text(text, encoding="utf-8")
    assert fulfils(schema, path)


def test_the_workflow_gives_inputs_that_the_action_has():
    step = WORKFLOW["jobs"]["claims"]["steps"][-1]
    assert step["uses"].split("@")[0].endswith("/lineage-audit")
    assert step["with"].keys() <= ACTION["inputs"].keys()


def run_gitlab(host, **variables):
    job = GITLAB["lineage-audit"]
    return host.run("\n".join(job["script"]), {**job["variables"], **variables})


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_gitlab_job_ends_with_the_exit_code_and_its_artifacts(tmp_path, code):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    host = Host(tmp_path / "host", workspace, FAKE, {"FAKE_EXIT_CODE": str(code)})
    assert run_gitlab(host, SUBJECT="models/nova 7b", REFERENCE="$(touch pwned)").returncode == code
    source, _, commit = host.called("pip")[-1].rpartition("@")
    assert source.startswith("lineage-audit[bom] @ git+https://")
    assert re.fullmatch(r"[0-9a-f]{40}", commit)
    arguments = host.called("lineage-audit")
    assert arguments[:3] == ["check", "--earlier", "$(touch pwned)"]
    assert arguments[-2:] == ["--", "models/nova 7b"]
    artifacts = GITLAB["lineage-audit"]["artifacts"]
    assert {path.name for path in workspace.iterdir()} == {*artifacts["paths"], *artifacts["reports"].values()}


def test_the_hook_is_accepted_by_pre_commit():
    assert succeeds("pre_commit", "validate-manifest", str(HOOKS))


def test_the_hook_is_the_one_that_is_documented():
    (hook,) = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    documented = PRE_COMMIT["repos"][0]["hooks"][0]
    assert documented["id"] == hook["id"]
    assert hook["entry"] == "lineage-audit check"


@pytest.mark.parametrize(
    ("path", "wakes"),
    [
        ("README.md", True),
        ("models/nova/README.md", True),
        ("LICENSE", True),
        ("LICENSE.txt", True),
        ("NOTICE", True),
        ("config.json", True),
        ("model-00001-of-00002.safetensors", True),
        ("nova.Q4_K_M.gguf", True),
        ("mergekit_config.yml", True),
        ("docs/README.txt", False),
        ("train.py", False),
        ("results.json", False),
    ],
)
def test_the_hook_wakes_for_what_a_check_reads(path, wakes):
    (hook,) = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    assert bool(re.search(hook["files"], path)) == wakes
