"""Static files, hashed and compressed when the product starts."""

from collections.abc import Iterable, Iterator

from whitenoise.storage import CompressedManifestStaticFilesStorage


class CompressedOnce(CompressedManifestStaticFilesStorage):
    """Compresses what pages name: files with their hash, which never change, so that one start has done it for all.

    The plain names are there for error pages, which must not depend on anything.
    """

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        named = set(self.hashed_files.values())
        yield from super().compress_files(p for p in paths if p in named and not self.exists(f"{p}.br"))
