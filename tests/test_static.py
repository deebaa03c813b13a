from django.core.files.storage import FileSystemStorage

from config.static import CompressedOnce


def collect(folder):
    storage = CompressedOnce(location=folder)
    list(storage.post_process({"site.css": (FileSystemStorage(folder), "site.css")}))
    return sorted(folder.glob("*.br"))


def test_what_pages_name_is_compressed_by_the_first_start_and_left_by_the_next(tmp_path):
    (tmp_path / "site.css").write_text("main { color: black }\n" * 99)

    [compressed] = collect(tmp_path)
    compressed.write_bytes(b"as it was")

    assert compressed.name.startswith("site.")
    assert compressed.name != "site.css.br"
    assert collect(tmp_path) == [compressed]
    assert compressed.read_bytes() == b"as it was"


def test_another_content_is_another_file_and_compressed(tmp_path):
    for colour in ("black", "white"):
        (tmp_path / "site.css").write_text(f"main {{ color: {colour} }}\n" * 99)
        collect(tmp_path)

    assert len(list(tmp_path.glob("*.br"))) == 2
