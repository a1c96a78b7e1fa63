"""A post's pictures: known by their content, kept under their hash."""

import io

import pytest
from PIL import Image

from campaigns import media
from campaigns.media import NewPicture, PictureRefused


@pytest.mark.parametrize(
    ("kind", "mime", "extension"),
    [
        ("JPEG", "image/jpeg", "jpg"),
        ("PNG", "image/png", "png"),
        ("WEBP", "image/webp", "webp"),
        ("GIF", "image/gif", "gif"),
    ],
)
def test_a_kind_is_known_by_the_content_and_not_by_the_name(picture, tmp_path, kind, mime, extension):
    new = NewPicture("affiche.docx", picture(kind, 64, 48))
    facts = new.facts()
    assert (facts.mime, facts.width, facts.height, facts.size) == (mime, 64, 48, len(new.data))
    assert media.store(tmp_path, 1, 0, new).file.endswith(f".{extension}")


def test_a_phones_jpeg_with_a_second_picture_inside_is_a_jpeg(tmp_path):
    """iPhones append a gain map; Pillow calls that an MPO."""
    file = io.BytesIO()
    plain = Image.new("RGB", (64, 48))
    plain.save(file, "MPO", save_all=True, append_images=[plain])
    new = NewPicture("IMG_0042.JPG", file.getvalue())
    assert new.facts().mime == "image/jpeg"
    assert media.store(tmp_path, 1, 0, new).file.endswith(".jpg")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "picture a.jpg is empty"),
        (b"%PDF-1.7 tract", "picture a.jpg is not a JPEG, PNG, WebP or GIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a JPEG, PNG, WebP or GIF"),
        (b"\xff\xd8\xff\xe0", "is not a JPEG, PNG, WebP or GIF"),  # a JPEG's first bytes and no more
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", "is not a JPEG, PNG, WebP or GIF"),  # a PNG cut in its header
        (b"x" * 20_000_001, "has 20.0 MB; at most 20 MB"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(data, sentence):
    with pytest.raises(PictureRefused) as refused:
        NewPicture("a.jpg", data).facts()
    assert sentence in str(refused.value)


def test_a_picture_of_a_known_kind_that_no_network_takes_is_refused(picture):
    with pytest.raises(PictureRefused, match="is not a JPEG"):
        NewPicture("a.png", picture("BMP")).facts()


def test_a_gigantic_picture_is_refused_with_its_size_and_the_limit():
    file = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(file, "PNG")  # 112 MB here, 30 kB in the file
    with pytest.raises(
        PictureRefused, match=r"a\.png is too large: Image size \(900000000 pixels\) exceeds limit of \d+"
    ):
        NewPicture("a.png", file.getvalue()).facts()


def test_the_same_bytes_are_kept_once(picture, tmp_path):
    one = media.store(tmp_path, 1, 0, NewPicture("a.jpg", picture(), "Une affiche", focus=(20, 80)))
    two = media.store(tmp_path, 2, 3, NewPicture("b.jpg", picture()))
    other = media.store(tmp_path, 2, 4, NewPicture("b.jpg", picture(colour="#1D2B5C")))
    assert one.file == two.file != other.file
    assert len(list(tmp_path.iterdir())) == 2
    assert (two.post_id, two.position, two.alt) == (2, 3, "")
    loaded = media.load(tmp_path, one)
    assert (loaded.data, loaded.mime, loaded.alt, loaded.focus) == (picture(), "image/jpeg", "Une affiche", (20, 80))


def test_a_crash_in_the_middle_of_a_file_leaves_no_half_picture(picture, tmp_path, monkeypatch):
    new = NewPicture("a.jpg", picture())

    def write_half(source, target):
        target.write(source.read(len(new.data) // 2))
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfileobj", write_half)
        with pytest.raises(OSError, match="No space"):
            media.store(tmp_path, 1, 0, new)
    assert not list(tmp_path.glob("*.jpg"))
    assert media.load(tmp_path, media.store(tmp_path, 1, 0, new)).data == new.data


def test_a_picture_whose_file_is_gone_is_an_os_error(picture, tmp_path):
    row = media.store(tmp_path, 1, 0, NewPicture("a.jpg", picture()))
    (tmp_path / row.file).unlink()
    with pytest.raises(FileNotFoundError):
        media.load(tmp_path, row)
