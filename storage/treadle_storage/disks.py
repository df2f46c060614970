"""What kind of disk a store is on: the locks that keep it right are not to be relied on over a network."""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
"""fstab(5), in Linux."""
_OVER_A_NETWORK = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.davfs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs",
    "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "virtiofs",
})  # fmt: skip


def network_disk(path: Path, *, mounts: Path = MOUNTS) -> str | None:
    """Return the network file system that a path is on, such as `nfs4`; None where it is on none, or nobody knows."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    place, longest, kind = str(path.resolve()), -1, ""
    for _, mounted_on, name, *_ in (line.split(" ") for line in lines if line.count(" ") >= 2):
        folder = _unescaped(mounted_on).rstrip("/")
        if (place == folder or place.startswith(f"{folder}/")) and len(folder) >= longest:  # the last mount is on top
            longest, kind = len(folder), name
    return kind if kind in _OVER_A_NETWORK else None


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
