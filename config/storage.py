from servestatic.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Also rewrites the imports between our script modules, so that every file may be cached for good."""

    support_js_module_import_aggregation = True
