from tests.rag.api.conftest import address, models, sdk, sdk_of  # noqa: F401  (fixtures)
