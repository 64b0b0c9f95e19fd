"""The image of a kind node: the official one, or one of our own where no registry answers."""

import json
import shutil
import tempfile
from pathlib import Path

from tests.e2e.cluster import debian
from tests.e2e.cluster.binaries import (
    BUILD,
    COREDNS,
    CRICTL,
    KIND,
    KUBERNETES,
    LOCALKUBE,
    PAUSE,
    kubernetes_version,
)
from tests.e2e.cluster.cache import content_key
from tests.e2e.cluster.process import Command, checked
from tests.e2e.cluster.workshop import LOCAL, Workshop

PUBLIC_NODE = "kindest/node:v1.34.0"

PAUSES = ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10.1")
"""kubeadm's and that of kind's containerd configuration differ in the last digit."""

ENTRYPOINT = 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]'

# Not unpacked: overlayfs cannot mount on the overlay of a build container; the kubelet unpacks.
IMPORT = """\
for try in $(seq 150); do ctr version >/dev/null 2>&1 && break; sleep 0.2; done
ctr -n k8s.io images import --no-unpack /images.tar >/dev/null && rm /images.tar
code=$?
pkill -x containerd
exit $code
"""


def node_image(shop: Workshop) -> str:
    """Return the image of a kind node, building it if its inputs have changed."""
    if shop.public:
        return shop.pulled(PUBLIC_NODE)
    inputs = [path for part in ("node", "kube") for path in sorted((BUILD / part).iterdir())]
    programs = [shop.program(program).parent.name for program in (LOCALKUBE, CRICTL, COREDNS)]
    files = [*inputs, *KIND.sources]
    key = content_key(files, *programs, debian.NODE.key, debian.KUBE.key, IMPORT)
    name = f"{LOCAL}/node:{key}"
    with shop.missing(name) as missing:
        if missing:
            base = f"{LOCAL}/node-base:{key}"
            _build_base(shop, base)
            _add_images(shop, base, name)
    return name


def _build_base(shop: Workshop, base: str) -> None:
    """Build a node without the control plane's images."""
    with shop.context(LOCALKUBE, CRICTL) as context:
        shutil.copytree(_kind_files(shop), context / "files")
        for path in [context / "files", *(context / "files").rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)  # Go's module cache is read-only
        for path in (BUILD / "node").iterdir():
            shutil.copy(path, context)
        arguments = {"BASE": shop.imported(debian.NODE), "VERSION": kubernetes_version()}
        shop.build(context, base, arguments)


def _kind_files(shop: Workshop) -> Path:
    """Find the node's scripts and units, which kind keeps in its source."""
    argv = ("go", "mod", "download", "-json", "sigs.k8s.io/kind")
    answer = checked(shop.runner, Command(argv, cwd=KUBERNETES))
    return Path(json.loads(answer)["Dir"]) / "images" / "base" / "files"


def _add_images(shop: Workshop, base: str, name: str) -> None:
    """Import the control plane's images into the containerd of a node, and keep that as *name*."""
    docker = shop.docker
    container = f"daskop-node-{name.rpartition(':')[2]}"
    options = ("--security-opt=seccomp=unconfined",)
    with (
        tempfile.TemporaryDirectory(prefix="images-", dir=shop.cache.root) as folder,
        docker.container(container, base, *options),
    ):
        archive = Path(folder) / "images.tar"
        docker.do("save", "--output", str(archive), *_control_plane_images(shop))
        docker.do("cp", str(archive), f"{container}:/images.tar")
        docker.do("exec", "--detach", container, "containerd")
        docker.do("exec", container, "sh", "-c", IMPORT)
        docker.do("commit", "--change", ENTRYPOINT, container, name)


def _control_plane_images(shop: Workshop) -> list[str]:
    """Build the images that kubeadm will ask for, and return their names."""
    kubeadm = str(shop.program(LOCALKUBE).with_name("kubeadm"))
    argv = (kubeadm, "config", "images", "list", "--kubernetes-version", kubernetes_version())
    listed = [line for line in checked(shop.runner, Command(argv)).split() if "/" in line]
    with shop.context(LOCALKUBE, COREDNS, PAUSE) as context:
        shutil.copy(BUILD / "kube" / "Dockerfile", context)
        arguments = {"BASE": shop.imported(debian.KUBE)}
        for target in ("kube", "coredns", "pause"):
            shop.build(context, f"{LOCAL}/{target}:build", arguments, target)
    wanted = sorted({*listed, *PAUSES})
    for image in wanted:
        shop.docker.do("tag", f"{LOCAL}/{_target(image)}:build", image)
    return wanted


def _target(image: str) -> str:
    """Say which of our images stands for *image*: one serves all Kubernetes components."""
    return next((name for name in ("coredns", "pause") if f"/{name}" in image), "kube")
