"""A WebSocket client that speaks ASGI to the whole application, without a server between."""

import json
from typing import Any
from uuid import UUID

from asgiref.testing import ApplicationCommunicator

from config.asgi import application


class Socket(ApplicationCommunicator):
    def __init__(self, conversation: UUID, headers: list[tuple[bytes, bytes]]) -> None:
        path = f"/ws/conversations/{conversation}/"
        super().__init__(application, {"type": "websocket", "path": path, "headers": headers, "query_string": b""})

    async def connect(self) -> tuple[bool, int | None]:
        """Whether it was accepted, else the code it was closed with."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(10)
        return answer["type"] == "websocket.accept", answer.get("code")

    async def send(self, *, text: str | None = None, raw: bytes | None = None) -> None:
        await self.send_input({"type": "websocket.receive", "text": text, "bytes": raw})

    async def attach(self, message: object = None, **shown: object) -> None:
        shown |= {"messages": [str(message)]} if message else {}
        await self.send(text=json.dumps({"type": "attach", **shown}))

    async def receive(self) -> dict[str, Any]:
        output = await self.receive_output(10)
        return json.loads(output["text"]) if "text" in output else output

    async def until(self, kind: str) -> list[dict[str, Any]]:
        seen = [await self.receive()]
        while seen[-1]["type"] != kind:
            seen.append(await self.receive())
        return seen

    async def disconnect(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(5)
