"""What the service holds of a key, and how it compares with the manifest and the environment of now."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eocanvas_apply.diagnostics import error
from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.planner import plan
from eocanvas_apply.planning.state.observed import ObservedKey
from eocanvas_apply.render import why as render
from eocanvas_apply.report.sealed import Sealed
from eocanvas_apply.report.why import Explanation, explain
from tests.planning.scene import HEAD, ONE_OF_EACH, SUBSET, WEEK, Scene

KEY = "key.scenes"
UNSET = "secret_key: the environment variable SECRET is not set"


def done(manifest: str = ONE_OF_EACH) -> Scene:
    scene = Scene(manifest)
    scene.make_key("scenes")
    scene.done("subset")
    return scene


def explanation(scene: Scene, address: str = KEY) -> Explanation:
    recorded, observed = scene.recorded, scene.observed
    found = explain(address, plan(scene.desired, Requests(), recorded, observed), scene.desired, recorded, observed)
    assert found
    return found


def sealed(scene: Scene, address: str = KEY) -> Sealed:
    found = explanation(scene, address).sealed
    assert found
    return found


def rotated(scene: Scene) -> None:
    scene.sees(secrets={(KEY, "access_key"): f"scrypt:{KEY}.access_key", (KEY, "secret_key"): "scrypt:another"})


def unset(scene: Scene) -> None:
    scene.sees(
        secrets={(KEY, "access_key"): f"scrypt:{KEY}.access_key"}, unreadable={KEY: (error("secret-unset", UNSET),)}
    )


def moved(scene: Scene) -> None:
    scene.now_reads(scene.manifest.replace("bucket: olci", "bucket: another"))


@pytest.mark.parametrize(
    ("happened", "comparison", "verdict"),
    [
        ((), "equal", "equal"),
        ((rotated,), "changed", "changed (secret_key)"),
        ((moved,), "changed", "changed (bucket)"),
        ((moved, rotated), "changed", "changed (bucket, secret_key)"),
        ((unset,), "cannot-tell", f"cannot tell, because {UNSET}"),
        ((moved, unset), "changed", f"changed (bucket); cannot tell more, because {UNSET}"),
    ],
)
def test_a_sealed_key_is_compared_with_what_would_be_sealed_now(
    happened: tuple[Any, ...], comparison: str, verdict: str
) -> None:
    scene = done()
    for event in happened:
        event(scene)
    assert sealed(scene).comparison == comparison
    assert f"  compared with now: {verdict}\n" in render.text(explanation(scene))
    assert render.as_json(explanation(scene))["sealed"]["comparison"] == comparison


def test_why_says_the_plain_fields_the_names_of_secrets_and_the_life_of_a_key() -> None:
    text = render.text(explanation(done()))
    assert (
        """sealed: baltic-scenes-1-abc123, generation 1
  bucket: olci
  endpoint: https://s3.example.org
  region: waw3-2
  access_key: (secret)
  secret_key: (secret)
  since 2026-03-01 11:00:00 UTC, until 2026-03-08 11:00:00 UTC
"""
        in text
    )
    found = render.as_json(explanation(done()))["sealed"]
    assert found["config"] == {"bucket": "olci", "endpoint": "https://s3.example.org", "region": "waw3-2"}
    assert found["secrets"] == ["access_key", "secret_key"]
    assert (found["created"], found["expires"]) == ("2026-03-01T11:00:00Z", "2026-03-08T11:00:00Z")
    assert "scrypt" not in json.dumps(found) + text


def test_an_old_generation_has_its_own_fields() -> None:
    scene = done()
    moved(scene)
    scene.make_key("scenes", 2)
    assert sealed(scene, "key.scenes#1").config["bucket"] == "olci"
    assert sealed(scene).config["bucket"] == "another"


def test_nothing_is_sealed_of_a_key_that_is_new_or_deleted() -> None:
    assert explanation(Scene()).sealed is None
    assert "sealed: nothing is at the service\n" in render.text(explanation(Scene()))
    assert render.as_json(explanation(Scene()))["sealed"] is None


def test_a_key_that_the_service_does_not_list_is_said_to_be_so() -> None:
    scene = done()
    scene.keys.clear()
    assert "generation 1; the service does not list it now" in render.text(explanation(scene))


def test_of_a_key_of_others_only_its_life_is_known() -> None:
    scene = Scene(HEAD + "keys:\n  scenes: {type: existing, name: anns, storage: s3}\n" + SUBSET)
    seen = ObservedKey("anns", "S3", public=False, description="", created=scene.at, expires=scene.at + WEEK)
    scene.keys["anns"] = seen
    assert (sealed(scene).comparison, sealed(scene).until) == ("cannot-tell", scene.at + WEEK)
    assert "because it was created elsewhere" in render.text(explanation(scene))


@pytest.mark.parametrize(("shown", "words"), [(True, "without end"), (False, "end not shown by the service")])
def test_no_end_is_another_thing_than_an_unknown_end(shown: bool, words: str) -> None:
    scene = Scene()
    intended = scene.intend_key("scenes")
    scene.show_key(intended, scene.at, None, end_known=shown)
    scene.events.append(e.KeyCreated(address=KEY, generation=1, name=intended.name, intent=intended.intent))
    assert words in render.text(explanation(scene))
