"""The disk that a store is on, by the system's list of mounts."""

from pathlib import Path

import pytest

from treadle_storage.disks import network_disk

MOUNTS = r"""
/dev/vda1 / ext4 rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/vdb /home/ann/local xfs rw 0 0
//nas/share /mnt/my\040share cifs rw 0 0
server:/old /over nfs rw 0 0
/dev/vdc /over ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/.treadle", None), ("/home/ann/app/.treadle", "nfs4"), ("/home/ann/local/.treadle", None),
        ("/mnt/my share/.treadle", "cifs"), ("/homeless/.treadle", None), ("/over/.treadle", None),
    ],
)  # fmt: skip
def test_the_innermost_mount_tells(tmp_path: Path, path: str, kind: str | None) -> None:
    """And of two in one place the last; a folder whose name begins alike is another."""
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert network_disk(Path(path), mounts=mounts) == kind


def test_where_nobody_knows_it_is_no_trouble(tmp_path: Path) -> None:
    """Another system has no such list."""
    assert network_disk(tmp_path, mounts=tmp_path / "none") is None
    assert network_disk(tmp_path) is None
