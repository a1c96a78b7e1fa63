"""Where pictures lie: a folder and a bucket do the same, and a bucket that is away says so."""

import io
import resource
from pathlib import Path

import pytest

from campaigns import media_stores
from campaigns.media import NewPicture, keep, load
from campaigns.media_stores import Bucket, Folder, MediaAway, MediaProblem, MediaStore
from campaigns.models import Media
from campaigns.settings import SettingsProblem, read_settings
from tests.bucket import KEY, SECRET, Storage


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    if request.param == "folder":
        return Folder(tmp_path / "kept")
    return Bucket(request.getfixturevalue("storage").url, KEY, SECRET, below="media")


def test_what_is_stored_is_there_until_it_is_deleted(store: MediaStore) -> None:
    assert not store.has("a.png") and list(store.files()) == []
    store.store("a.png", b"one")
    store.store("folder/b.png", b"two")
    assert store.has("a.png") and store.load("folder/b.png") == b"two"
    assert sorted(name for name, _content in store.files()) == ["a.png", "folder/b.png"]
    store.delete("a.png")
    store.delete("a.png")  # gone already
    assert not store.has("a.png")
    with pytest.raises(FileNotFoundError) as gone:
        store.load("a.png")
    assert "a.png" in str(gone.value)


def test_other_content_under_a_name_takes_the_place_of_the_first_and_is_known_to_be_another(store: MediaStore) -> None:
    store.store("a.png", b"one")
    ((name, before),) = store.files()
    store.store("a.png", b"other")
    assert store.load("a.png") == b"other"
    ((again, after),) = store.files()
    assert name == again and before != after


def test_a_large_file_goes_in_and_out_piece_by_piece(store: MediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_stores, "PIECE", 300_000)
    content = bytes(range(256)) * 4_000
    store.store("large.zip", io.BytesIO(content))
    assert store.load("large.zip") == content
    copy = io.BytesIO()
    store.copy_to("large.zip", copy)
    assert copy.getvalue() == content
    with pytest.raises(FileNotFoundError):
        store.copy_to("gone.zip", io.BytesIO())


def test_a_picture_is_kept_once_and_read_as_networks_take_it(store: MediaStore, portrait: bytes) -> None:
    file = keep(store, NewPicture("moi.jpg", portrait))
    assert keep(store, NewPicture("again.jpg", portrait)) == file
    assert [name for name, _content in store.files()] == [file]
    shown = load(store, Media(file=file, mime="image/jpeg", alt="Moi", focus_x=10, focus_y=20))
    assert (shown.data, shown.alt, shown.focus) == (portrait, "Moi", (10, 20))


def test_pictures_lie_in_the_folder_of_the_bucket_that_the_setting_names(storage: Storage, portrait: bytes) -> None:
    settings = read_settings(_env_file=None, media_url=storage.url, media_key=KEY, media_secret=SECRET)
    file = keep(settings.media, NewPicture("moi.jpg", portrait))
    assert storage.names() == [f"orne/media/{file}"]


def test_a_bucket_that_is_away_says_where_it_is_and_what_to_look_at(storage: Storage) -> None:
    bucket = Bucket(storage.url, KEY, SECRET)
    bucket.store("a.png", b"one")
    storage.stop()
    for ask in (lambda: bucket.load("a.png"), lambda: bucket.store("b.png", b""), lambda: list(bucket.files())):
        with pytest.raises(
            MediaAway, match=r"s3://pictures/orne cannot be used just now .*PORTEVOIX_MEDIA_URL"
        ) as away:
            ask()
        assert SECRET not in str(away.value)
    storage.start()
    assert bucket.load("a.png") == b"one"


def test_a_bucket_that_does_not_exist_is_no_picture_that_is_gone(storage: Storage) -> None:
    bucket = Bucket(storage.url.replace("pictures", "nowhere"), KEY, SECRET)
    with pytest.raises(MediaAway, match="s3://nowhere"):
        bucket.load("a.png")
    with pytest.raises(MediaAway, match="s3://nowhere"):
        bucket.store("a.png", b"one")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://s3.example.org/bucket", "must be as s3://bucket"),  # an address of a server
        ("s3:///folder", "must be as s3://bucket"),  # no bucket
        ("s3://key:secret@bucket", "its keys in PORTEVOIX_MEDIA_KEY"),  # it would be shown in messages
        ("s3://bucket?endpont=https://s3.example.org", "must be as s3://bucket"),  # a slip
        ("s3://bucket?endpoint=s3.example.org", "endpoint must begin with https://"),
    ],
)
def test_an_address_that_names_no_bucket_is_one_sentence(url: str, sentence: str) -> None:
    with pytest.raises(SettingsProblem, match=f"^PORTEVOIX_MEDIA_URL: .*{sentence}"):
        read_settings(_env_file=None, media_url=url)


def test_without_what_speaks_s3_the_setting_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "obstore.store", None)
    settings = read_settings(_env_file=None, media_url="s3://bucket")
    with pytest.raises(MediaProblem, match="--extra s3"):
        settings.media  # noqa: B018 - reading it is what is tried


def test_a_folder_on_a_full_disk_keeps_no_half_of_a_picture_and_says_why(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(MediaAway, match="cannot be used just now"):
            Folder(tmp_path / "kept").store("a/b.png", b"x" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [each for each in (tmp_path / "kept").rglob("*") if each.is_file()] == []
