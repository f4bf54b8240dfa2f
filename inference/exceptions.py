"""Everything the server refuses, as the OpenAI API words it.

InferenceError                500
├── InvalidRequest            400
│   └── ContextTooLong        400
├── Unauthorised              401
├── UnknownModel              404
├── BodyTooLarge              413
├── StillLoading              503
├── GenerationFailed          500
└── ModelUnusable             500   at start only: ends the process
"""


class InferenceError(Exception):
    status = 500
    type = "server_error"
    code: str | None = None

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param

    def to_dict(self) -> dict[str, object]:
        return {"error": {"message": str(self), "type": self.type, "param": self.param, "code": self.code}}


class InvalidRequest(InferenceError):
    status = 400
    type = "invalid_request_error"


class ContextTooLong(InvalidRequest):
    code = "context_length_exceeded"


class Unauthorised(InferenceError):
    status = 401
    type = "authentication_error"
    code = "invalid_api_key"


class UnknownModel(InferenceError):
    status = 404
    type = "invalid_request_error"
    code = "model_not_found"


class BodyTooLarge(InferenceError):
    status = 413
    type = "invalid_request_error"
    code = "request_too_large"


class StillLoading(InferenceError):
    status = 503
    code = "model_loading"


class GenerationFailed(InferenceError):
    code = "generation_failed"


class ModelUnusable(InferenceError):
    """The message is one line for a person."""
