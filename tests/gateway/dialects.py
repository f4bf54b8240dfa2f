"""Servers that speak as vLLM, Ollama and the others do, after their documented answers."""

from collections.abc import Callable
from typing import Any

from tests.fake_upstream import Connection, FakeUpstream, Request, Script

Answers = dict[str, Any]  # "METHOD /path" to content, a function of the request's body, or a status


class Server(FakeUpstream):
    """Knows the addresses it is given, and no other."""

    def __init__(self, answers: Answers, *models: dict[str, Any]) -> None:
        super().__init__()
        self.answers, self.models = answers, list(models)

    def _script(self, request: Request) -> Script:
        if request.path == "/v1/models":
            return super()._script(request)
        answer = self.answers.get(f"{request.method} {request.path}", 404)
        if isinstance(answer, Callable):  # type: ignore[arg-type]
            answer = answer(request.body)
        status, content = (answer, {"error": {"message": "as scripted"}}) if isinstance(answer, int) else (200, answer)

        async def script(connection: Connection) -> None:
            await connection.json(content, status)

        return script


def vllm() -> Server:
    answers = {"GET /version": {"version": "0.11.2"}, "POST /v1/responses": 400}
    return Server(answers, {"id": "Qwen/Qwen3-8B", "object": "model", "owned_by": "vllm", "max_model_len": 32768})


def old_vllm() -> Server:
    return Server({"GET /version": {"version": "0.9.1"}}, {"id": "wren", "owned_by": "vllm", "max_model_len": 4096})


def sglang() -> Server:
    answers = {
        "GET /get_model_info": {"model_path": "some/e5", "is_generation": False},
        "GET /get_server_info": {"version": "0.5.2", "internal_states": [{"max_running_requests": 24}]},
    }
    return Server(answers, {"id": "some/finch", "owned_by": "sglang", "max_model_len": 8192})


def new_sglang() -> Server:
    states = [{"effective_max_running_requests_per_dp": 24}, {"effective_max_running_requests_per_dp": 24}]
    answers = {
        "GET /model_info": {"model_path": "some/parrot", "is_generation": True},
        "GET /server_info": {"version": "0.5.9", "context_length": None, "internal_states": states},
    }
    return Server(answers, {"id": "some/parrot", "owned_by": "sglang", "max_model_len": 65536})


def llamacpp() -> Server:
    answers = {
        "GET /props": {"default_generation_settings": {"n_ctx": 16384}, "total_slots": 4, "build_info": "b6500-abc"},
        "POST /v1/responses": 404,
    }
    return Server(answers, {"id": "parrot.gguf", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131072}})


def lmstudio() -> Server:
    listed = [
        {"id": "parrot", "type": "vlm", "max_context_length": 131072, "loaded_context_length": 8192, "state": "loaded"},
        {"id": "finch", "type": "embeddings", "max_context_length": 2048, "quantization": "Q4_0"},
    ]
    answers = {"GET /api/v0/models": {"object": "list", "data": listed}, "POST /v1/responses": 400}
    return Server(answers, {"id": "parrot"}, {"id": "finch"})


def tgi() -> Server:
    about = {"model_id": "some/parrot", "max_input_tokens": 7000, "max_total_tokens": 8192, "version": "3.3.4"}
    return Server({"GET /info": {**about, "max_concurrent_requests": 128}}, {"id": "some/parrot"})


def tei() -> Server:
    about = {"model_id": "x", "model_type": {"reranker": {}}, "max_input_length": 512, "version": "1.8.0"}
    return Server({"GET /info": {**about, "max_concurrent_requests": 512}}, {"id": "some/finch"})


SHOWN = {
    "parrot:8b": {
        "license": "\n   MIT License\n\nCopyright the birds",
        "parameters": 'stop "x"\nnum_ctx                        8192\ntemperature 1',
        "details": {"quantization_level": "Q4_K_M"},
        "model_info": {"general.architecture": "bird", "bird.context_length": 131072},
        "capabilities": ["completion", "tools"],
    },
    "finch:latest": {
        "license": "…",
        "model_info": {
            "general.architecture": "bert",
            "bert.context_length": 512,
            "general.license": "apache-2.0",
        },
        "capabilities": ["embedding"],
    },
    "swift:cloud": {"capabilities": ["completion"], "remote_host": "https://elsewhere.example.org"},
}


def ollama() -> Server:
    answers = {
        "GET /api/version": {"version": "0.13.5"},
        "GET /api/ps": {"models": [{"model": "finch:latest", "context_length": 256}]},
        "POST /api/show": lambda body: SHOWN.get(body.get("model"), 404),
        "POST /v1/responses": 400,
    }
    return Server(answers, *({"id": name, "owned_by": "library"} for name in SHOWN))
