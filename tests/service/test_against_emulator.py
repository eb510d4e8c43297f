"""The client against the project's own emulator, over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER, Behaviour, Quota
from eocanvas_apply.errors import CredentialsError, Doubt, Refused
from eocanvas_apply.secrets.sealing import plaintext
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.service.credentials import Credentials
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.urls import Endpoints
from eocanvas_apply.service.wire import JobInfo, ResultInfo
from eocanvas_apply.vocabulary import StorageType

from .scripted_service import VirtualClock

DAYS = {"area": "Sindian", "startDay": "2024-07-01", "endDay": "2024-07-02"}
BODY = json.dumps({"inputs": DAYS, "outputs": {}, "response": "raw"}).encode()
S3: dict[str, str | Secret] = {
    "bucket": "b",
    "endpoint": "https://s3.test",
    "region": "r",
    "access_key": Secret("a"),
    "secret_key": Secret("s"),
}


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


class Service:
    """A running emulator and what a test does with it."""

    def __init__(self, emulator: RunningEmulator) -> None:
        self.emulator = emulator

    def run(self, act: Callable[[EOCanvas], Awaitable[Any]], password: str = DEFAULT_USER.password) -> Any:
        async def main() -> Any:
            me = Credentials(DEFAULT_USER.name, Secret(password), "environment")
            async with EOCanvas(Endpoints(self.emulator.url), me, VirtualClock()) as canvas:
                return await act(canvas)

        return asyncio.run(main())

    def fault(self, fault: Fault) -> None:
        with self.emulator.model() as wire:
            wire.faults.append(fault)

    def jobs(self) -> int:
        with self.emulator.model() as wire:
            return len(list(wire.service.jobs.every()))


@pytest.fixture
def serving(private_key: rsa.RSAPrivateKey) -> Callable[..., Any]:
    @contextmanager
    def serve(**options: Any) -> Iterator[Service]:
        with running(Options(private_key=private_key, **options)) as emulator:
            yield Service(emulator)

    return serve


async def sealed(canvas: EOCanvas, name: str) -> None:
    public = await canvas.public_key()
    data = public.seal(plaintext(StorageType.S3, S3))
    await canvas.create_key(name, type="S3", expire_s=7200, public=False, description="mine", data=data)


async def launch(canvas: EOCanvas) -> JobInfo:
    return await canvas.execute("shearwater-demo", BODY)


def test_the_life_of_a_key(serving: Callable[..., Any]) -> None:
    async def live(canvas: EOCanvas) -> None:
        await sealed(canvas, "jane-key")
        key = await canvas.key("jane-key")
        assert key is not None
        assert key.created is not None
        assert key.ends is not None
        assert (key.type, key.description, key.expire_s) == ("S3", "mine", 7200)
        assert abs((key.ends - key.created).total_seconds() - 7200) < 2
        assert {"jane-key", "eodata"} <= {k.name for k in await canvas.keys()}
        with pytest.raises(Refused) as caught:
            await sealed(canvas, "jane-key")
        assert caught.value.status == 409
        assert await canvas.delete_key("jane-key") is True
        assert await canvas.delete_key("jane-key") is False
        assert await canvas.key("jane-key") is None

    with serving() as service:
        service.run(live)


def test_eodata_has_no_end(serving: Callable[..., Any]) -> None:
    with serving() as service:
        assert service.run(lambda c: c.key("eodata")).end_known


@pytest.mark.parametrize("href", ["absolute", "relative"])
def test_the_life_of_a_job(serving: Callable[..., Any], href: str) -> None:
    async def live(canvas: EOCanvas, service: Service) -> None:
        job = await launch(canvas)
        assert job.status == "accepted"
        assert await canvas.results(job.job_id) is None
        service.emulator.advance(60)
        ended = await canvas.job(job.job_id)
        assert ended is not None
        assert ended.status == "successful"
        assert ended.created is not None
        assert await canvas.logs(job.job_id)
        results = await canvas.results(job.job_id)
        assert results is not None
        assert len({r.name for r in results}) == 23
        assert await content(canvas, results[0]) == await content(canvas, results[0], 1000)
        listed = await canvas.jobs()
        assert [j.job_id for j in listed.jobs] == [job.job_id]
        assert listed.complete

    behaviour = Behaviour().changed({"result_href": href})
    with serving(results_per_job=23, behaviour=behaviour) as service:
        service.run(lambda canvas: live(canvas, service))


async def content(canvas: EOCanvas, result: ResultInfo, offset: int = 0) -> bytes:
    first = b""
    if offset:
        async with canvas.download(result) as whole:
            first = b"".join([c async for c in whole.chunks])[:offset]
    async with canvas.download(result, offset) as part:
        assert part.resumed is bool(offset)
        found = first + b"".join([c async for c in part.chunks])
        assert part.total == len(found)
    return found


@pytest.mark.parametrize("stamps", ["mixed", "dots", "zulu", "nanoseconds", "space"])
def test_long_lists_in_every_shape_of_stamp(serving: Callable[..., Any], stamps: str) -> None:
    async def many(canvas: EOCanvas) -> None:
        ids = {(await launch(canvas)).job_id for _ in range(25)}
        listed = await canvas.jobs()
        assert {j.job_id for j in listed.jobs} == ids
        assert all(j.created for j in listed.jobs)
        assert listed.complete

    with serving(behaviour=Behaviour().changed({"list_limit": 10, "job_stamps": stamps})) as service:
        service.run(many)


@pytest.mark.parametrize(("kind", "effect"), [("drop-before", 0), ("drop-after", 1), ("truncate", 1), ("html", 0)])
def test_a_lost_answer_is_in_doubt_with_or_without_its_effect(
    serving: Callable[..., Any], kind: Any, effect: int
) -> None:
    with serving() as service:
        service.fault(Fault(kind, path="*/execution"))
        with pytest.raises(Doubt):
            service.run(launch)
        assert service.jobs() == effect


def test_reads_succeed_after_two_failures(serving: Callable[..., Any]) -> None:
    with serving() as service:
        service.fault(Fault("drop-after", path="*/keys"))
        service.fault(Fault("status", path="*/keys", status=503))
        assert service.run(EOCanvas.keys)


def test_a_refused_token_is_replaced(serving: Callable[..., Any]) -> None:
    async def revoked(canvas: EOCanvas, service: Service) -> None:
        await canvas.keys()
        with service.emulator.model() as wire:
            wire.service.accounts.revoke()
        await launch(canvas)

    with serving() as service:
        service.run(lambda canvas: revoked(canvas, service))
        assert service.jobs() == 1


@pytest.mark.parametrize("place", ["identity", "hda-broker"])
def test_the_log_in_is_found_at_either_address(serving: Callable[..., Any], place: str) -> None:
    with serving(behaviour=Behaviour().changed({"token_at": place})) as service:
        assert service.run(EOCanvas.keys)


def test_a_wrong_password(serving: Callable[..., Any]) -> None:
    with serving() as service, pytest.raises(CredentialsError, match="'jane'"):
        service.run(EOCanvas.keys, password="wrong")


def test_a_used_up_quota_is_a_refusal(serving: Callable[..., Any]) -> None:
    async def twice(canvas: EOCanvas) -> None:
        await launch(canvas)
        await launch(canvas)

    with serving(quotas=(Quota(1, 3600),)) as service, pytest.raises(Refused) as caught:
        service.run(twice)
    assert caught.value.status == 429


@pytest.mark.parametrize(("answer", "outcome"), [("supported", True), ("404", False), ("405", None), ("501", None)])
def test_dismissing_at_services_with_and_without_it(
    serving: Callable[..., Any], answer: str, outcome: bool | None
) -> None:
    async def dismissed(canvas: EOCanvas) -> bool | None:
        return await canvas.dismiss((await launch(canvas)).job_id)

    with serving(behaviour=Behaviour().changed({"dismiss": answer})) as service:
        assert service.run(dismissed) is outcome


def test_unknown_ids_give_none(serving: Callable[..., Any]) -> None:
    async def ask(canvas: EOCanvas) -> tuple[object, ...]:
        return await canvas.job("x"), await canvas.results("x"), await canvas.logs("x")

    with serving() as service:
        assert service.run(ask) == (None, None, None)
