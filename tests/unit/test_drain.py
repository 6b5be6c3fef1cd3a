"""What a process that is being stopped answers."""

from typing import Any

import pytest

from nyumba.drain import READY_PATH, Gate


async def answer(_: Any, __: Any, send: Any) -> None:  # noqa: ANN401  (ASGI as it is)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": b"ok", "more_body": False})


async def ask(gate: Gate, path: str) -> dict[str, Any]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:  # noqa: ANN401
        sent.append(message)

    await gate({"type": "http", "method": "GET", "path": path}, None, send)  # type: ignore[typeddict-item, arg-type]
    return sent[0]


@pytest.mark.parametrize("path", [READY_PATH, "/api/v1/properties"])
async def test_until_then_nothing_is_changed(path: str) -> None:
    start = await ask(Gate(answer), path)
    assert (start["status"], start["headers"]) == (200, [(b"x-own", b"1")])


async def test_from_then_on_each_answer_is_the_last_on_its_connection() -> None:
    gate = Gate(answer)
    gate.is_closing = True
    start = await ask(gate, "/api/v1/properties")
    assert (start["status"], start["headers"]) == (200, [(b"x-own", b"1"), (b"connection", b"close")])


async def test_from_then_on_it_is_not_ready() -> None:
    gate = Gate(answer)
    gate.is_closing = True
    start = await ask(gate, READY_PATH)
    assert (start["status"], (b"connection", b"close") in start["headers"]) == (503, True)
